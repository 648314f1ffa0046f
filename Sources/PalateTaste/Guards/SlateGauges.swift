/// How lists look of late: sums over sampled ones.
package struct SlateGauges: Equatable, Sendable {
    /// Lists between two that are looked at.
    package static let sample = 64
    /// Results of a list that are looked at.
    package static let resultsMax = 20

    /// Lists looked at.
    package private(set) var lists: UInt64 = 0
    /// Sum of their intra-list distances, each the mean of 1 - cosine over pairs of results.
    package private(set) var distanceSum = 0.0
    /// Results looked at.
    package private(set) var results: UInt64 = 0
    /// Of these, results among the most liked hundredth of items.
    package private(set) var headResults: UInt64 = 0

    /// None.
    package init() {}

    /// Adds a list.
    package mutating func add(distance: Float, results: Int, headResults: Int) {
        lists += 1
        distanceSum += distance.isFinite ? Double(distance) : 0
        self.results += UInt64(results)
        self.headResults += UInt64(headResults)
    }

    /// The mean intra-list distance; 0 without lists.
    package var diversity: Double { lists == 0 ? 0 : distanceSum / Double(lists) }
    /// The share of results among the most liked hundredth of items; 0 without results.
    package var headShare: Double { results == 0 ? 0 : Double(headResults) / Double(results) }
}
