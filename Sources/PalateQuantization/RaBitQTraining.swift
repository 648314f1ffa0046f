internal import PalateKernels
internal import PalateModel

/// Learns centre and centroids of RaBitQ codes from a sample.
///
/// Quantizers of 1, 16, 64 and 256 centroids are judged by `NeighbourError`, and the fewest within
/// `gainMinimum` of the best are kept: every centroid costs a query a row of 8-bit codes (256 of
/// 256 components about a microsecond), while the error follows the residual. Exhaustive recall@10
/// by 1-bit codes with 1, 16 (64 for clusters) and 256: fashion-mnist 0.71, 0.82, 0.86; 200,000
/// clustered vectors 0.70, 0.73, 0.77; EfficientNet vectors 0.87, 0.88, 0.90.
struct RaBitQTraining {
    let dimensions: Int
    let metric: any Metric
    let bits: CodeBits
    private let kernels: KernelTable

    /// How many centroids are tried.
    private static let counts = [1, 16, 64, 256]
    /// Rows of the sample there must be per centroid.
    private static let rowsPerCentroid = 16
    /// Bytes that all centroids may take, in memory and in the parameters.
    private static let bytesMax = 1 << 19
    /// The error of neighbours may be larger than the best by this share.
    private static let gainMinimum = 0.03

    /// Rows k-means learns from, and the values of them all at most.
    private static let rowsMax = 16_384
    private static let valuesMax = 1 << 24

    init(dimensions: Int, metric: any Metric, bits: CodeBits) throws(QuantizationError) {
        self.dimensions = dimensions
        self.metric = metric
        self.bits = bits
        kernels = try selectedKernels()
    }

    /// The best parameters for a checked sample, its relative error among them.
    ///
    /// - Parameters:
    ///   - sample: shape [count, dimensions].
    ///   - makeQuantizer: a quantizer of parameters, to be judged.
    /// - Returns: what was learnt.
    /// - Throws: `outOfAddressSpace`, `kernels`.
    func train(
        _ sample: Span<Float>,
        _ makeQuantizer: (RaBitQParameters) -> some Quantizer
    ) throws(QuantizationError) -> RaBitQParameters {
        let measure = SampleError(dimensions: dimensions, metric: metric, kernels: kernels)
        let count = sample.count / dimensions
        // Products would change with the centre.
        let centre =
            metric.geometry == .innerProduct
            ? [Float](repeating: 0, count: dimensions)
            : measure.mean(sample, SampleError.spread(SampleError.rowsMeasured, over: count))
        let rotation = Rotation(
            dimensions: dimensions,
            seed: UInt64(RaBitQParameters.seed),
            kernels: kernels
        )
        let rows = turned(sample, centre, rotation)
        let judge = try NeighbourError(sample, dimensions: dimensions, metric: metric)
        var candidates: [(error: Double, codec: RaBitQCodec)] = []
        for clusters in Self.counts where isPossible(clusters, rows: rows.count / dimensions) {
            let codec = try codec(rows, clusters, centre, rotation)
            let plain = RaBitQParameters(codec: codec, relativeError: 1)
            candidates.append((judge.error(of: makeQuantizer(plain)), codec))
        }
        let best = candidates.map(\.error).min() ?? 0
        let fewest = candidates.first { $0.error <= best * (1 + Self.gainMinimum) }
        // One centroid is always possible, and an error that is not a number beats nothing.
        let kept = (fewest ?? candidates[0]).codec
        var row = [UInt8](repeating: 0, count: kept.codeBytes)
        let error = measure.relative(sample) { vector, decoded in
            var span = row.mutableSpan
            var bytes = span.rawBytes
            kept.encode(vector, into: &bytes)
            kept.decode(bytes.bytes, into: &decoded)
        }
        return RaBitQParameters(codec: kept, relativeError: error)
    }

    private func isPossible(_ clusters: Int, rows: Int) -> Bool {
        clusters == 1
            || clusters * Self.rowsPerCentroid <= rows && clusters * dimensions <= Self.bytesMax
    }

    /// Rows spread over the sample, less the centre and turned; shape [rows, dimensions].
    private func turned(
        _ sample: Span<Float>,
        _ centre: [Float],
        _ rotation: Rotation
    ) -> [Float] {
        let limit = max(1, min(Self.rowsMax, Self.valuesMax / dimensions))
        let rows = SampleError.spread(limit, over: sample.count / dimensions)
        var values = [Float](repeating: 0, count: rows.count * dimensions)
        var span = values.mutableSpan
        for (position, row) in rows.enumerated() {
            let source = sample.extracting(row * dimensions..<(row + 1) * dimensions)
            let range = position * dimensions..<(position + 1) * dimensions
            var own = span._mutatingExtracting(range)
            let unit = metric.unit(source, kernels)
            RaBitQSpace.turn(source, by: unit, centre.span, rotation, into: &own)
        }
        return values
    }

    private func codec(
        _ rows: [Float],
        _ clusters: Int,
        _ centre: [Float],
        _ rotation: Rotation
    ) throws(QuantizationError) -> RaBitQCodec {
        let points = KMeans.centroids(
            of: rows.span,
            dimensions: dimensions,
            clusters: clusters,
            seed: UInt64(RaBitQParameters.seed),
            kernels: kernels
        )
        let space = RaBitQSpace(
            geometry: metric.geometry,
            centre: centre,
            rotation: rotation,
            centroids: try Centroids(
                rounding: points.span,
                dimensions: dimensions,
                stepMinimum: GridSearch.steps(for: metric).lowerBound
            )
        )
        return RaBitQCodec(space: space, bits: bits, metric: metric, kernels: kernels)
    }
}
