/// What a slate would have earned, estimated from slates that explored (Horvitz & Thompson 1952).
///
/// One request's estimate is the sum, over its results that the slate in question holds too, of
/// reward / propensity. It is right on average whenever every result of that slate has a
/// propensity above 0 and a reward does not depend on the place; requests are averaged.
package struct InversePropensity: Equatable, Sendable {
    /// Requests recorded.
    package private(set) var count = 0
    private var sum = 0.0
    private var squares = 0.0

    /// No requests.
    package init() {}

    /// Records one request.
    ///
    /// - Parameters:
    ///   - slots: what was shown.
    ///   - slate: the candidates of the slate in question.
    ///   - reward: what a shown candidate earned.
    package mutating func add(
        _ slots: [ExploredSlot],
        of slate: Set<Int>,
        reward: (_ candidate: Int) -> Double
    ) {
        var estimate = 0.0
        for slot in slots where slate.contains(slot.candidate) {
            estimate += reward(slot.candidate) / slot.propensity
        }
        count += 1
        sum += estimate
        squares += estimate * estimate
    }

    /// The reward per request; 0 before the first.
    package var mean: Double { count == 0 ? 0 : sum / Double(count) }

    /// Standard error of the mean; infinite before the second request.
    package var standardError: Double {
        guard count > 1 else { return .infinity }
        let variance = max(squares / Double(count) - mean * mean, 0)
        return (variance / Double(count - 1)).squareRoot()
    }
}
