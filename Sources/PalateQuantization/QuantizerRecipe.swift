/// What a quantizer's name asks for: a quantizer of the registry, behind a projection or not.
package struct QuantizerRecipe: Sendable {
    /// The quantizer that makes the codes.
    package let base: any BaseQuantizer.Type
    /// What is in front of it; nil for nothing.
    package let projection: ProjectionForm?

    /// As requests and schemas spell it: `sq8`, `pca128.sq8`.
    package var name: String {
        projection.map { "\($0.name).\(base.name)" } ?? base.name
    }

    /// Whether it can encode vectors of these dimensions.
    ///
    /// - Parameter dimensions: of a collection.
    /// - Throws: `dimensions` or `projection`, with what would be possible.
    package func check(dimensions: Int) throws(QuantizationError) {
        guard let projection else { return }
        try Projection.check(projection, dimensions: dimensions)
    }

    /// Learns the parameters from sample vectors; `BaseQuantizer.train` says what the words mean.
    ///
    /// - Parameters:
    ///   - sample: row-major, shape [count, dimensions], as callers gave them.
    ///   - count: vectors in the sample; at least 1.
    ///   - dimensions: within `Limits.dimensions`.
    ///   - metric: what the codes will be compared by.
    /// - Returns: the trained quantizer.
    /// - Throws: `QuantizationError`.
    package func train(
        _ sample: Span<Float>,
        count: Int,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) -> any Quantizer {
        guard let projection else {
            return try base.train(sample, count: count, dimensions: dimensions, metric: metric)
        }
        return try Projected.train(
            projection,
            base,
            sample,
            count: count,
            dimensions: dimensions,
            metric: metric
        )
    }

    /// Reads stored parameters, checking every one.
    ///
    /// - Parameters:
    ///   - parameters: what the trained quantizer's `parameters` said.
    ///   - dimensions: within `Limits.dimensions`.
    ///   - metric: the one of the training.
    /// - Returns: the quantizer.
    /// - Throws: `QuantizationError`.
    package func read(
        parameters: RawSpan,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) -> any Quantizer {
        guard let projection else {
            return try base.init(parameters: parameters, dimensions: dimensions, metric: metric)
        }
        return try Projected.read(
            projection,
            base,
            parameters: parameters,
            dimensions: dimensions,
            metric: metric
        )
    }
}
