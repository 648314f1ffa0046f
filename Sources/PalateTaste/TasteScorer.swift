import Glibc
package import PalateModel

/// Terms of the score, each brought to 0...1 over the candidates before its weight applies.
///
///     s(i) = w_query * Q(i) + w_taste * T(i) + w_graph * G(i) + w_association * A(i)
///          + w_popularity * P(i) + w_context * C(i) + w_interest * I(i) + w_boost * B(i)
///          - w_negative * N(i) - w_fatigue * Fat(i)
///
/// Raw cosines and raw counts do not add up to anything; minimum to maximum over the candidate set
/// does. N and Fat are not normalised: they are in 0...1 already, and stretching a faint
/// resemblance to the worst candidate would punish it like a hide. Nor is B: who boosts says how
/// much.
package enum TasteScorer {
    /// The weighted terms of every candidate.
    ///
    /// - Parameters:
    ///   - columns: n candidates; a term without a column contributes 0.
    ///   - weights: per term.
    ///   - settings: temperature and threshold.
    ///   - scale: brings the values of a term to 0...1 over the candidates.
    /// - Returns: shape [n], in the order of the candidates.
    package static func parts(
        _ columns: CandidateColumns,
        weights: TermValues,
        settings: TasteSettings,
        scale: (_ values: [Float], _ term: ScoreTerm) -> [Float] = { values, _ in
            normalised(values)
        }
    ) -> [TermValues] {
        columns.check()
        var parts = [TermValues](repeating: TermValues(), count: columns.count)
        for term in ScoreTerm.allCases where weights[term] != 0 {
            let sign: Float = term == .negative || term == .fatigue ? -1 : 1
            let weight = sign * weights[term]
            let values = values(of: term, columns, settings, scale)
            for index in values.indices { parts[index][term] = weight * values[index] }
        }
        return parts
    }

    /// One term of every candidate, before its weight; empty where it is absent.
    private static func values(
        of term: ScoreTerm,
        _ columns: CandidateColumns,
        _ settings: TasteSettings,
        _ scale: ([Float], ScoreTerm) -> [Float]
    ) -> [Float] {
        switch term {
        case .query: scale(columns.querySimilarities, term)
        case .taste:
            columns.medoidImportances.isEmpty
                ? [] : scale(tasteTerm(columns, temperature: settings.temperature), term)
        case .graph: scale(columns.walkScores, term)
        case .association: scale(columns.associations, term)
        case .popularity: scale(columns.popularities.map { log1p(max($0, 0)) }, term)
        case .negative:
            columns.negativeWeights.isEmpty
                ? [] : negativeTerm(columns, threshold: settings.negativeSimilarity)
        case .fatigue: columns.fatigues
        case .context: scale(columns.contexts, term)
        case .boost: columns.boosts
        case .interest: scale(columns.interests, term)
        }
    }

    /// T(i) = tau * log sum over medoids of pi_m * exp(cosine(m, i) / tau).
    ///
    /// pi is importance as a share. On pinterest37k the sum beats the best single medoid by 21 to
    /// 28 % of Recall@20; that one alone is what a tau of 0 asks for.
    ///
    /// - Returns: shape [n], not normalised; all 0 without importance.
    package static func tasteTerm(_ columns: CandidateColumns, temperature: Float) -> [Float] {
        let count = columns.count
        let total = columns.medoidImportances.reduce(0, +)
        guard total > 0 else { return [Float](repeating: 0, count: count) }
        let similarities = columns.medoidSimilarities.span
        guard temperature > 0 else {
            return (0..<count).map { candidate in
                columns.medoidImportances.indices.reduce(-1) { nearest, medoid in
                    max(nearest, similarities[medoid * count + candidate])
                }
            }
        }
        // A cosine is at most 1, so 1 in place of each candidate's own maximum keeps the largest
        // exponent at 0; the lowest, -2 / tau, is above the smallest Float for tau >= 0.03.
        let scale = 1 / max(temperature, minimumTemperature)
        var sums = [Float](repeating: 0, count: count)
        var sum = sums.mutableSpan
        for medoid in columns.medoidImportances.indices {
            let share = columns.medoidImportances[medoid] / total
            let row = similarities.extracting(medoid * count..<(medoid + 1) * count)
            for index in 0..<count { sum[index] += share * exp((row[index] - 1) * scale) }
        }
        for index in 0..<count {
            sum[index] = 1 + log(max(sum[index], .leastNormalMagnitude)) / scale
        }
        return sums
    }

    /// N(i) = max over rejected items of weight * max(0, (cosine - theta) / (1 - theta)).
    ///
    /// - Parameters:
    ///   - columns: with a threshold theta per rejected item, or none.
    ///   - threshold: theta where the columns have none.
    /// - Returns: shape [n], each in 0...1.
    package static func negativeTerm(_ columns: CandidateColumns, threshold: Float) -> [Float] {
        let count = columns.count
        let similarities = columns.negativeSimilarities.span
        var terms = [Float](repeating: 0, count: count)
        var term = terms.mutableSpan
        for negative in columns.negativeWeights.indices {
            let threshold =
                columns.negativeThresholds.isEmpty
                ? threshold : columns.negativeThresholds[negative]
            let width = max(1 - threshold, .leastNormalMagnitude)
            let weight = columns.negativeWeights[negative] / width
            let row = similarities.extracting(negative * count..<(negative + 1) * count)
            for index in 0..<count {
                term[index] = max(term[index], weight * (row[index] - threshold))
            }
        }
        for index in 0..<count { term[index] = min(term[index], 1) }
        return terms
    }

    /// (x - minimum) / (maximum - minimum); all 0 when the values do not differ or are not finite.
    package static func normalised(_ values: [Float]) -> [Float] {
        var low = Float.infinity
        var high = -Float.infinity
        for value in values {
            low = min(low, value)
            high = max(high, value)
        }
        let width = high - low
        guard width > 0, width.isFinite else { return [Float](repeating: 0, count: values.count) }
        return values.map { ($0 - low) / width }
    }

    /// Lowest temperature that `exp` in Float can take over cosines.
    package static let minimumTemperature: Float = 0.03
}
