import PalateModel

/// What a slate must keep to, whichever builder makes it.
///
/// Caps and quotas are hard: where they leave fewer candidates than were asked for, the slate is
/// shorter. Pins stand whatever their relevance and whatever the caps say, and count towards the
/// caps from the start; a pin counts for likeness and spacing from its place on.
package struct SlateRules: Equatable, Sendable {
    /// Results of one group at most; groupless candidates are free of it.
    package var groupCap = Int.max
    /// What spacing costs beside a score of 0...1; 0 = no spacing.
    ///
    /// The candidate for place t loses weight * sum over d = 1...window of (1 / d) * [same group
    /// at t - d], soft spacing as Pinterest publishes it.
    package var spacingWeight: Float = 0
    /// How many places back spacing looks, at most `SlateRules.spacingWindowMax`.
    package var spacingWindow = 0
    /// Shape [c] or empty: results of each cluster at most; clusterless candidates are free.
    package var clusterQuotas: [Int] = []
    /// At most one per place and candidate.
    package var pins: [SlatePin] = []

    /// No rules.
    package init() {}

    /// Places back that spacing can look: more than anybody has in view.
    package static let spacingWindowMax = Limits.spacingWindow.upperBound

    /// Checks the rules of one request.
    ///
    /// `SlateBuilder.select` passes over the pins that this refuses, for a candidate that has just
    /// gone must not fail a request; whoever reads the request checks it here.
    /// - Parameters:
    ///   - count: results wanted.
    ///   - candidates: how many there are to choose from.
    /// - Throws: the first rule that cannot be kept.
    package func check(count: Int, candidates: Int) throws(SlateRuleError) {
        guard groupCap >= 0 else { throw .negativeCap(got: groupCap) }
        guard spacingWeight >= 0, spacingWeight.isFinite else {
            throw .badSpacingWeight(got: spacingWeight)
        }
        guard (0...Self.spacingWindowMax).contains(spacingWindow) else {
            throw .badSpacingWindow(got: spacingWindow, expected: 0...Self.spacingWindowMax)
        }
        for quota in clusterQuotas where quota < 0 { throw .negativeCap(got: quota) }
        var places: Set<Int> = []
        var pinned: Set<Int> = []
        for pin in pins {
            guard pin.position >= 0, pin.position < count else {
                throw .pinOutsideSlate(position: pin.position, expected: count)
            }
            guard pin.candidate >= 0, pin.candidate < candidates else {
                throw .unknownCandidate(got: pin.candidate, expected: candidates)
            }
            guard places.insert(pin.position).inserted else {
                throw .placePinnedTwice(position: pin.position)
            }
            guard pinned.insert(pin.candidate).inserted else {
                throw .candidatePinnedTwice(candidate: pin.candidate)
            }
        }
    }

    /// The pins that can be kept, by place: a second one for a place or a candidate is passed over.
    func keptPins(count: Int, candidates: Int) -> [SlatePin] {
        guard !pins.isEmpty else { return [] }
        var places: Set<Int> = []
        var pinned: Set<Int> = []
        let kept = pins.filter { pin in
            pin.position >= 0 && pin.position < count && pin.candidate >= 0
                && pin.candidate < candidates && !places.contains(pin.position)
                && !pinned.contains(pin.candidate) && places.insert(pin.position).inserted
                && pinned.insert(pin.candidate).inserted
        }
        return kept.sorted { $0.position < $1.position }
    }
}
