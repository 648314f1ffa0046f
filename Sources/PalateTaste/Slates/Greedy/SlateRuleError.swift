/// Why the rules of a slate were refused.
package enum SlateRuleError: Error, Equatable, Sendable {
    /// A cap or a quota below 0.
    case negativeCap(got: Int)
    /// The weight of spacing is negative or not a number.
    case badSpacingWeight(got: Float)
    /// Spacing looks back further than it can.
    case badSpacingWindow(got: Int, expected: ClosedRange<Int>)
    /// A pin at or beyond the end of the slate.
    case pinOutsideSlate(position: Int, expected: Int)
    /// A pin of a candidate that is not there.
    case unknownCandidate(got: Int, expected: Int)
    /// Two pins for one place.
    case placePinnedTwice(position: Int)
    /// Two pins of one candidate.
    case candidatePinnedTwice(candidate: Int)
}
