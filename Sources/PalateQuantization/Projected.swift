internal import PalateKernels
internal import PalateModel

/// Another quantizer behind a projection to fewer dimensions: `pca128.sq8`, `prefix256.sq4`.
///
/// Distances are those of the projected space by the inner quantizer. For l2 they are lower bounds
/// before the codes' own error (what the projection drops is missing); for ip the dropped part of
/// the product is missing; for cosine they are the angles between projected vectors. Rescoring by
/// the stored vectors restores exactness.
///
/// Row: the inner quantizer's.
package struct Projected: Quantizer {
    /// Codes that lose as much hide what a coarse basis loses: those of 8 bits and fewer.
    private static let coarseErrorMin: Float = 0.002

    package let relativeError: Float
    /// What is in front.
    package let projection: Projection
    /// What encodes the projected vectors.
    package let inner: any Quantizer

    package var dimensions: Int { projection.dimensions }
    package var metric: any Metric { inner.metric }
    package var codeBytes: Int { inner.codeBytes }
    package var scoreList: ScoreList { inner.scoreList }
    package var scorePairs: ScorePairs { inner.scorePairs }
    package var tag: UInt8 { inner.tag }
    package var name: String { "\(projection.form.name).\(inner.name)" }

    init(projection: Projection, inner: any Quantizer, relativeError: Float) {
        precondition(inner.dimensions == projection.count, "inner quantizer of another shape")
        self.projection = projection
        self.inner = inner
        self.relativeError = relativeError
    }

    package func encode(_ vector: Span<Float>, into code: inout MutableRawSpan) {
        precondition(vector.count == dimensions, "wrong shape")
        var projected = [Float](repeating: 0, count: projection.count)
        var span = projected.mutableSpan
        projection.apply(vector, into: &span)
        inner.encode(projected.span, into: &code)
    }

    package func decode(_ code: RawSpan, into vector: inout MutableSpan<Float>) {
        precondition(vector.count == dimensions, "wrong shape")
        var projected = [Float](repeating: 0, count: projection.count)
        var span = projected.mutableSpan
        inner.decode(code, into: &span)
        projection.applyInverse(projected.span, into: &vector)
    }

    package func prepare(_ vector: Span<Float>, into query: inout PreparedQuery) {
        precondition(vector.count == dimensions, "wrong shape")
        // Taken out while the inner quantizer writes the rest; the memory goes back.
        var projected = query.takeProjected(projection.count)
        var span = projected.mutableSpan
        if inner.relativeError < Self.coarseErrorMin {
            projection.apply(vector, into: &span)
        } else {
            query.swapCodes()
            projection.apply(query: vector, into: &span, &query)
            query.swapCodes()
        }
        inner.prepare(projected.span, into: &query)
        query.projected = projected
    }

    package func prepare(row: RawSpan, into query: inout PreparedQuery) {
        inner.prepare(row: row, into: &query)
    }
}
