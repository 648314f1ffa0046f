/// What is expected of a cluster nobody has been shown: a0 engagements and b0 misses.
package struct RewardPrior: Equatable, Sendable {
    /// The a0 of Beta(a0, b0), above 0.
    package let engagements: Double
    /// The b0 of Beta(a0, b0), above 0.
    package let misses: Double

    /// A prior from the engagement rate over everybody.
    ///
    /// - Parameters:
    ///   - rate: clipped to 0.001...0.999; not a number counts as 0.001.
    ///   - strength: a0 + b0, how many impressions the prior is worth; above 0.
    package init(rate: Double, strength: Double = 10) {
        let clipped = rate > 0.001 ? min(rate, 0.999) : 0.001
        engagements = clipped * strength
        misses = (1 - clipped) * strength
    }
}
