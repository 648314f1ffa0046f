/// Calibrated recommendations (Steck, RecSys 2018, doi:10.1145/3240323.3240372).
///
/// Greedy: the next result maximises (1 - share) * sum of relevance - share * KL(p || q~), share =
/// diversity^2, over the slate with it; p = `clusterTargets` as shares, q = the slate's shares of
/// each cluster, q~ = (1 - a) q + a p with a = 0.01. The sum is submodular, so greedy is within
/// 1 - 1/e of the best slate. Candidates of no cluster count towards the length of the slate alone.
///
/// Without clusters or targets the slate is the order of relevance. Vectors and seeds are not
/// read: the seeds' clusters are not known here.
package enum Calibration: SlateBuilder {
    /// In requests.
    package static let name = "calibrated"
    /// No.
    package static let readsVectors = false

    /// The a of q~: keeps the divergence finite.
    package static let smoothing: Float = 0.01

    /// As `SlateBuilder.select`.
    package static func select(
        count: Int,
        diversity: Float,
        from input: SlateInput,
        rules: SlateRules,
        scratch: inout SlateScratch
    ) -> [Int] {
        let share = unlikenessShare(diversity)
        guard share > 0, !input.clusters.isEmpty, !input.clusterTargets.isEmpty else {
            return byRelevance(count: count, from: input, rules: rules, scratch: &scratch)
        }
        scratch.load(count: count, from: input, rules: rules)
        scratch.calibration.load(share: share, relevance: scratch.ranking.relevance, from: input)
        return GreedySlate.choose(
            count,
            from: input,
            ranking: scratch.ranking,
            rules: &scratch.rules,
            gain: &scratch.calibration
        )
    }
}
