import PalateModel

/// Rewards of clusters learned from engagement.
///
/// After Query Rewards (Pinterest: clusters sampled by the engagement rate of what they brought,
/// those without record at the average), in its Bayesian form: the rate of a cluster is
/// Beta(a0 + engagements, b0 + impressions - engagements), and a cluster is chosen in proportion
/// to importance^0.5 * rate. A cluster without record has the prior, so it is tried.
package enum ClusterReward {
    /// After this long an impression counts half.
    package static let halfLifeDays: Float = 14

    /// The expected rate of a cluster, in 0...1.
    package static func mean(_ counter: ClusterCounter, prior: RewardPrior, now: Int64) -> Double {
        let (successes, failures) = posterior(counter, prior, now)
        return successes / (successes + failures)
    }

    /// A rate drawn from what is believed of the cluster (Thompson 1933), in 0...1.
    package static func sample(
        _ counter: ClusterCounter,
        prior: RewardPrior,
        now: Int64,
        seed: UInt64
    ) -> Double {
        let (successes, failures) = posterior(counter, prior, now)
        var draws = SeededDraws(seed: seed)
        return draws.beta(successes, failures)
    }

    /// Chooses clusters in proportion to importance^0.5 * drawn rate, without replacement.
    ///
    /// - Parameters:
    ///   - size: m, clipped to the count of offers.
    ///   - offers: the person's clusters.
    ///   - prior: of every cluster.
    ///   - now: milliseconds since 1970 UTC.
    ///   - seed: of the rates and of the choice.
    /// - Returns: m clusters by falling probability.
    package static func choose(
        _ size: Int,
        of offers: [ClusterOffer],
        prior: RewardPrior,
        now: Int64,
        seed: UInt64
    ) -> [ChosenCluster] {
        let weights: [Double] = offers.enumerated().map { index, offer in
            guard offer.importance > 0 else { return 0 }
            let rate = Self.sample(
                offer.counter,
                prior: prior,
                now: now,
                seed: SplitMix64.number(UInt64(index), seed: seed)
            )
            return Double(offer.importance).squareRoot() * rate
        }
        let chances = SystematicSample(weights: weights, size: size)
        // A sequence of its own: numbers past every offer's.
        return chances.draw(seed: SplitMix64.number(UInt64(offers.count), seed: seed))
            .map { ChosenCluster(cluster: $0, probability: chances.probability(of: $0)) }
            .sorted { ($0.probability, $1.cluster) > ($1.probability, $0.cluster) }
    }

    /// The two shapes of the posterior, both above 0.
    private static func posterior(
        _ counter: ClusterCounter,
        _ prior: RewardPrior,
        _ now: Int64
    ) -> (successes: Double, failures: Double) {
        let (impressions, engagements) = counter.counts(at: now)
        // An engagement whose impression was not recorded is one all the same.
        let successes = Double(max(engagements, 0))
        return (
            prior.engagements + successes,
            prior.misses + max(Double(impressions) - successes, 0)
        )
    }
}
