/// What was shown of a cluster and what came of it, both fading: 16 bytes of state.
package struct ClusterCounter: Equatable, Sendable {
    /// Results shown, as they stood at `timeMilliseconds`.
    package var impressions: Float = 0
    /// Of those, results engaged with.
    package var engagements: Float = 0
    /// The newest record, milliseconds since 1970 UTC.
    package var timeMilliseconds: Int64 = 0

    /// Nothing shown.
    package init() {}

    /// A stored counter.
    package init(impressions: Float, engagements: Float, timeMilliseconds: Int64) {
        self.impressions = impressions
        self.engagements = engagements
        self.timeMilliseconds = timeMilliseconds
    }

    /// Records results shown and engaged with; one that comes late fades by its lateness.
    package mutating func add(
        impressions shown: Float,
        engagements engaged: Float,
        timeMilliseconds time: Int64,
        halfLifeDays: Float = ClusterReward.halfLifeDays
    ) {
        let isNew = impressions == 0 && engagements == 0
        let age = isNew ? 0 : Decay.elapsed(from: timeMilliseconds, to: time)
        let fade = Decay.factor(ageMilliseconds: age, halfLifeDays: halfLifeDays)
        let lateness = isNew ? 0 : Decay.elapsed(from: time, to: timeMilliseconds)
        let weight = Decay.factor(ageMilliseconds: lateness, halfLifeDays: halfLifeDays)
        impressions = impressions * fade + shown * weight
        engagements = engagements * fade + engaged * weight
        if isNew || time > timeMilliseconds { timeMilliseconds = time }
    }

    /// The counts as they stand at `now`.
    package func counts(
        at now: Int64,
        halfLifeDays: Float = ClusterReward.halfLifeDays
    ) -> (impressions: Float, engagements: Float) {
        let age = Decay.elapsed(from: timeMilliseconds, to: now)
        let factor = Decay.factor(ageMilliseconds: age, halfLifeDays: halfLifeDays)
        return (impressions * factor, engagements * factor)
    }
}
