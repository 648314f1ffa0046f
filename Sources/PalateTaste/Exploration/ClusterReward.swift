import Glibc
import PalateModel

/// Rewards of clusters learned from engagement.
///
/// After Query Rewards (Pinterest: clusters sampled by the engagement rate of what they brought,
/// those without record at the average). The rate of a cluster is the mean of Beta(m r + engaged,
/// m (1 - r) + shown - engaged), r the person's own rate over all clusters, m = 10; its lift is
/// that rate over r, so that a cluster nobody was shown has 1 and is tried. At importance * lift^2
/// the order is theirs: importance^0.5 * rate.
///
/// Deviation: the most rewarded clusters are searched instead of a sample of them, so that a
/// request made again has the same candidates, and propensities stay those of the slate alone.
package enum ClusterReward {
    /// Impressions that the person's own rate is worth.
    package static let priorImpressions: Float = 10

    /// The expected engagement rate of each cluster over that of all.
    ///
    /// - Parameters:
    ///   - exposures: what the person was shown.
    ///   - now: milliseconds since 1970 UTC.
    ///   - settings: the half-life of an impression.
    /// - Returns: shape [`TasteLimits.clustersPerUser`], above 0.
    package static func lifts(
        of exposures: [Exposure],
        now: Int64,
        settings: TasteSettings
    ) -> [Float] {
        var lifts = [Float](repeating: 1, count: TasteLimits.clustersPerUser)
        var shown = [Float](repeating: 0, count: lifts.count)
        var engaged = shown
        for exposure in exposures where exposure.cluster != Signal.unclustered {
            let mass = exposure.sum.value(at: now, halfLifeDays: settings.fatigueHalfLifeDays)
            shown[Int(exposure.cluster)] += mass
            if exposure.isEngaged { engaged[Int(exposure.cluster)] += mass }
        }
        let all = shown.reduce(0, +)
        guard all > 0 else { return lifts }
        // One engagement and one miss more: a rate is neither 0 nor 1.
        let rate = (engaged.reduce(0, +) + 1) / (all + 2)
        for cluster in lifts.indices {
            let expected =
                (engaged[cluster] + priorImpressions * rate) / (shown[cluster] + priorImpressions)
            lifts[cluster] = expected / rate
        }
        return lifts
    }
}

extension UserRecord {
    /// The medoids to search around, by falling importance * reward, ties by importance.
    ///
    /// - Parameters:
    ///   - now: milliseconds since 1970 UTC.
    ///   - limit: at most so many.
    ///   - settings: weights, half-lives and what rewards count.
    /// - Returns: with their importance as it is.
    package func rewardedMedoids(now: Int64, limit: Int, settings: TasteSettings) -> [Medoid] {
        let medoids = medoids(
            now: now,
            limit: TasteLimits.clustersPerUser,
            settings: settings
        )
        guard settings.clusterReward > 0, !exposures.isEmpty else {
            return Array(medoids.prefix(limit))
        }
        let lifts = ClusterReward.lifts(of: exposures, now: now, settings: settings)
        let priorities = medoids.map { medoid in
            medoid.importance * pow(lifts[medoid.cluster], settings.clusterReward)
        }
        let order = medoids.indices.sorted {
            priorities[$0] != priorities[$1] ? priorities[$0] > priorities[$1] : $0 < $1
        }
        return order.prefix(limit).map { medoids[$0] }
    }
}
