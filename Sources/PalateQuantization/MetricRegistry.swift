/// Every metric there is.
package enum MetricRegistry {
    /// In order of their tags.
    package static let all: [any Metric] = [SquaredEuclidean(), InnerProduct(), Cosine()]

    /// The metric a request names.
    ///
    /// - Throws: `unknownMetric`.
    package static func named(_ name: String) throws(QuantizationError) -> any Metric {
        guard let metric = all.first(where: { $0.name == name }) else {
            throw .unknownMetric(got: name, expected: all.map(\.name))
        }
        return metric
    }

    /// The metric a file names.
    ///
    /// - Throws: `unknownMetricTag`.
    package static func tagged(_ tag: UInt8) throws(QuantizationError) -> any Metric {
        guard let metric = all.first(where: { $0.tag == tag }) else {
            throw .unknownMetricTag(got: tag, expected: all.map(\.tag))
        }
        return metric
    }
}
