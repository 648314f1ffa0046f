/// One place of an explored slate.
package struct ExploredSlot: Equatable, Sendable {
    /// Which candidate.
    package var candidate: Int
    /// The probability with which this candidate got into the slate: 1 where exploited, for the
    /// seed has no say in it.
    package var propensity: Double
    /// Whether chance had a say.
    package var isExplored: Bool

    /// One place.
    package init(candidate: Int, propensity: Double, isExplored: Bool) {
        self.candidate = candidate
        self.propensity = propensity
        self.isExplored = isExplored
    }
}
