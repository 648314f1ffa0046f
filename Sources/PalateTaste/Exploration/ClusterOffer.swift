/// One cluster of a person, on offer.
package struct ClusterOffer: Equatable, Sendable {
    /// In the person's profile, any unit; 0 or less = never chosen while others are.
    package var importance: Float
    /// Its record; an empty one stands for none.
    package var counter: ClusterCounter

    /// An offer.
    package init(importance: Float, counter: ClusterCounter = ClusterCounter()) {
        self.importance = importance
        self.counter = counter
    }
}

/// A cluster that was chosen to be searched.
package struct ChosenCluster: Equatable, Sendable {
    /// Position among the offers.
    package var cluster: Int
    /// Its chance, given the rewards that were drawn.
    package var probability: Double
}
