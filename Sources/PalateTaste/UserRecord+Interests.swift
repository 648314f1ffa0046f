package import PalateModel

/// A person's interests as the profile tells them.
extension UserRecord {
    /// What is known of the person at `now`.
    ///
    /// - Parameters:
    ///   - now: milliseconds since 1970 UTC.
    ///   - settings: weights, half-lives and the ages of the lifecycle.
    /// - Returns: interests by falling importance, all of the rest counted.
    package func profile(now: Int64, settings: TasteSettings) -> PersonProfile {
        var profile = PersonProfile()
        forEachItem { range in
            if weight(range, now: newestTime(range), settings: settings) > 0 {
                profile.likedCount += 1
            } else {
                profile.otherCount += 1
            }
        }
        profile.exposureCount = exposures.count
        let newestExposure = exposures.lazy.map(\.sum.timeMilliseconds).max() ?? 0
        let newestSignal = signals.isEmpty ? 0 : newestTime(signals.indices)
        profile.newestMilliseconds = max(newestExposure, newestSignal)
        let medoids = medoids(now: now, limit: TasteLimits.clustersPerUser, settings: settings)
        profile.interests = medoids.map { interest($0, now: now, settings: settings) }
        profile.negatives = negatives(
            now: now,
            limit: TasteLimits.otherItemsPerUser,
            settings: settings
        ).map { WeightedItem($0.item, weight: $0.score) }
        return profile
    }

    /// Lifecycle, stage and yield of one cluster.
    package func interest(_ medoid: Medoid, now: Int64, settings: TasteSettings) -> Interest {
        let members = signals.filter { Int($0.cluster) == medoid.cluster }
        let shown = exposures.filter { Int($0.cluster) == medoid.cluster }
        func mass(_ exposures: some Sequence<Exposure>) -> Float {
            exposures.reduce(0) {
                $0 + $1.sum.value(at: now, halfLifeDays: settings.fatigueHalfLifeDays)
            }
        }
        return Interest(
            medoid: medoid.item,
            importance: medoid.importance,
            memberCount: medoid.memberCount,
            lifecycle: Self.lifecycle(medoid, members, now: now, settings: settings),
            stage: Self.stage(members, now: now, settings: settings),
            shown: mass(shown),
            engaged: mass(shown.lazy.filter(\.isEngaged))
        )
    }

    /// The fewest items of an interest that is not new.
    private static let matureItems = 3

    private static func lifecycle(
        _ medoid: Medoid,
        _ members: [Signal],
        now: Int64,
        settings: TasteSettings
    ) -> Lifecycle {
        let newest = members.lazy.map(\.sum.timeMilliseconds).max() ?? now
        let days = Double(Decay.elapsed(from: newest, to: now)) / Decay.millisecondsPerDay
        if days > Double(settings.fadingDays) { return .fading }
        let isNew = medoid.memberCount < matureItems && days <= Double(settings.nascentDays)
        return isNew ? .nascent : .active
    }

    /// How far the members have come, by decayed counts of what was done with them.
    private static func stage(
        _ members: [Signal],
        now: Int64,
        settings: TasteSettings
    ) -> FunnelStage {
        func count(_ types: EventType...) -> Float {
            members.reduce(0) { sum, signal in
                guard types.contains(signal.type) else { return sum }
                let halfLife = settings[signal.type].halfLifeDays
                return sum + signal.sum.value(at: now, halfLifeDays: halfLife)
            }
        }
        if count(.purchase) >= 0.5 { return .convert }
        if count(.addToCart) >= 0.5 || count(.longClickThrough) >= 2.5 { return .consider }
        return count(.save, .share) >= 1.5 ? .inspire : .discover
    }
}
