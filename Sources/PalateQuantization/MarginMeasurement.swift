internal import PalateKernels
import PalateModel

/// How far codes overestimate the distances of near neighbours, by a sample.
enum MarginMeasurement {
    /// Sample rows that are asked about, and near neighbours of each.
    private static let queries = 128
    private static let neighbours = 16
    /// The share of pairs that the margin covers.
    private static let coverage = 0.999

    /// The margin, in the unit of distances: at least 0.
    ///
    /// Rows of the sample are farther from each other than the nearest of a whole collection, and
    /// errors grow with distance: the margin errs on the safe side.
    static func margin(
        of codes: any Quantizer,
        against finer: any Quantizer,
        on sample: Span<Float>
    ) -> Float {
        let dimensions = codes.dimensions
        let count = sample.count / dimensions
        guard count > 1, let codeRows = CodeRows(codeBytes: codes.codeBytes, capacity: count),
            let finerRows = CodeRows(codeBytes: finer.codeBytes, capacity: count)
        else { return 0 }
        codes.store(sample, from: 0, into: codeRows)
        finer.store(sample, from: 0, into: finerRows)
        let all = (0..<Ordinal(count)).map { $0 }
        var coarse = [Float](repeating: 0, count: count)
        var fine = coarse
        var query = PreparedQuery()
        var errors: [Float] = []
        for asked in SampleError.spread(queries, over: count) {
            let vector = sample.extracting(asked * dimensions..<(asked + 1) * dimensions)
            codes.prepare(vector, into: &query)
            var span = coarse.mutableSpan
            codes.makeScorer(query, over: codeRows).score(all.span, into: &span)
            finer.prepare(vector, into: &query)
            var finerSpan = fine.mutableSpan
            finer.makeScorer(query, over: finerRows).score(all.span, into: &finerSpan)
            // Itself among them: one pair of 17 without an error to speak of.
            let nearest = all.sorted { fine[Int($0)] < fine[Int($1)] }.prefix(neighbours + 1)
            for row in nearest { errors.append(coarse[Int(row)] - fine[Int(row)]) }
        }
        errors.sort()
        return max(0, errors[min(errors.count - 1, Int(Double(errors.count) * coverage))])
    }
}
