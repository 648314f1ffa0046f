internal import PalateKernels
internal import PalateModel

/// The points that distances by the codes are between, and their random rotation.
struct SketchSpace: Sendable {
    /// The projection in front of the codes.
    let projection: Projection?
    let metric: any Metric
    let rotation: Rotation
    let kernels: KernelTable
    /// m, shape [pointCount].
    let centre: [Float]
    /// The mean |x|^2 of rows.
    let squares: Float

    /// Fixed: sketches of the same rows are the same.
    private static let seed: UInt64 = 0x5E7C_4ED5

    /// Components of a point.
    var pointCount: Int { centre.count }
    /// Components that are rotated: of points that are shorter than the signs, zeros follow.
    var dimensions: Int { rotation.dimensions }
    /// Components of a vector.
    let vectorDimensions: Int

    /// Measures the centre, and the mean square, of a sample.
    ///
    /// - Parameters:
    ///   - codes: what searches walk on.
    ///   - sample: row-major, shape [count, dimensions], as callers gave them.
    ///   - kernels: what it runs on.
    init(_ codes: any Quantizer, sample: Span<Float>, kernels: KernelTable) {
        projection = (codes as? Projected)?.projection
        metric = codes.metric
        vectorDimensions = codes.dimensions
        self.kernels = kernels
        let pointCount = projection?.count ?? codes.dimensions
        rotation = Rotation(
            dimensions: max(pointCount, SketchQuery.signCount),
            seed: Self.seed,
            kernels: kernels
        )
        // Of points as they are, for now.
        var sums = [Double](repeating: 0, count: pointCount)
        var squares = 0.0
        let count = max(1, sample.count / vectorDimensions)
        var point = [Float](repeating: 0, count: pointCount)
        for row in 0..<sample.count / vectorDimensions {
            let start = row * vectorDimensions
            var span = point.mutableSpan
            Self.write(
                sample.extracting(start..<start + vectorDimensions),
                projection,
                metric,
                into: &span
            )
            for column in 0..<pointCount {
                sums[column] += Double(point[column])
                squares += Double(point[column] * point[column])
            }
        }
        centre = sums.map { Float($0 / Double(count)) }
        self.squares = Float(squares / Double(count))
    }

    /// Writes the point of a vector: projected and of unit length where the codes do that.
    private static func write(
        _ vector: Span<Float>,
        _ projection: Projection?,
        _ metric: any Metric,
        into point: inout MutableSpan<Float>
    ) {
        if let projection {
            projection.apply(vector, into: &point)
        } else {
            for column in point.indices { point[column] = vector[column] }
        }
        metric.normalise(&point)
    }

    /// Writes the rotated point of a vector, less the centre; allocates nothing.
    ///
    /// - Parameters:
    ///   - vector: shape [vectorDimensions].
    ///   - rotated: shape [dimensions].
    /// - Returns: the point's square.
    func rotate(_ vector: Span<Float>, into rotated: inout MutableSpan<Float>) -> Float {
        var point = rotated._mutatingExtracting(first: pointCount)
        Self.write(vector, projection, metric, into: &point)
        return centreAndRotate(&rotated)
    }

    /// The same of a row of codes behind the projection: no way there and back.
    func rotate(
        _ row: RawSpan,
        of inner: any Quantizer,
        into rotated: inout MutableSpan<Float>
    ) -> Float {
        var point = rotated._mutatingExtracting(first: pointCount)
        inner.decode(row, into: &point)
        metric.normalise(&point)
        return centreAndRotate(&rotated)
    }

    private func centreAndRotate(_ point: inout MutableSpan<Float>) -> Float {
        let centre = centre.span
        for column in pointCount..<dimensions { point[column] = 0 }
        let squares = kernels.innerProduct(point.span, point.span)
        for column in centre.indices { point[column] -= centre[column] }
        rotation.apply(&point)
        return squares
    }

    /// Makes a vector the query.
    func prepare(
        _ vector: Span<Float>,
        as prepared: borrowing PreparedQuery,
        into query: inout LinkQuery
    ) {
        if query.point.count != dimensions {
            query.point = [Float](repeating: 0, count: dimensions)
        }
        var span = query.point.mutableSpan
        if projection == nil {
            query.squares = rotate(vector, into: &span)
        } else {
            let projected = prepared.projected.span
            precondition(projected.count == pointCount, "prepared by other codes")
            for column in projected.indices { span[column] = projected[column] }
            var point = span._mutatingExtracting(first: pointCount)
            metric.normalise(&point)
            query.squares = centreAndRotate(&span)
        }
        Self.take(query.point, into: &query.signs)
    }

    // Spans of two fields of one value are overlapping accesses; of two parameters they are not.
    private static func take(_ point: [Float], into signs: inout SketchQuery) {
        signs.prepare(point.span)
    }

    /// The largest |x - m|^2 in a sample; shape [count, vectorDimensions].
    func spread(of sample: Span<Float>) -> Float {
        var rotated = [Float](repeating: 0, count: dimensions)
        var largest: Float = 0
        for row in 0..<sample.count / vectorDimensions {
            let start = row * vectorDimensions
            var span = rotated.mutableSpan
            _ = rotate(sample.extracting(start..<start + vectorDimensions), into: &span)
            largest = max(largest, kernels.innerProduct(rotated.span, rotated.span))
        }
        return largest
    }

    /// What the distances of a link's two ends to a query differ by, but for the query's part.
    struct Link {
        /// distance(q, d) - distance(q, c) where q = c.
        var start: Float
        /// What `<q - c, d - c> / |d - c|^2` takes away.
        var slope: Float
    }

    /// What a link c -> d adds.
    ///
    /// - Parameters:
    ///   - distance: between the two, by the codes.
    ///   - squares: |c|^2 and |d|^2.
    /// - Returns: in the unit of distances.
    func link(distance: Float, squares: (own: Float, other: Float)) -> Link {
        switch metric.geometry {
        case .squaredEuclidean:
            let square = max(0, distance)
            return Link(start: square, slope: 2 * square)
        case .angular:
            let square = max(0, 2 * distance)
            return Link(start: square / 2, slope: square)
        case .innerProduct:
            let square = max(0, squares.own + squares.other + 2 * distance)
            return Link(start: squares.own + distance, slope: square)
        }
    }

    /// The variance of `<P(q - c), x>` over random signs: |q - c|^2 times the share of components
    /// that have signs.
    ///
    /// - Parameter query: q.
    /// - Returns: what it is at distance 0 of q and c, and per unit of distance.
    func variance(_ query: borrowing LinkQuery) -> (base: Float, slope: Float) {
        let share = Float(SketchQuery.signCount) / Float(dimensions)
        return switch metric.geometry {
        case .squaredEuclidean: (0, share)
        case .angular: (0, 2 * share)
        case .innerProduct: ((query.squares + squares) * share, 2 * share)
        }
    }
}
