/// The bounds that keep one person's state, and one walk, small.
package enum TasteLimits {
    /// Liked items kept per person; beyond them the weakest is dropped.
    package static let likedItemsPerUser = 512
    /// Other items kept per person (hidden, skipped, taken back); beyond them the weakest is
    /// dropped, hidden ones last.
    package static let otherItemsPerUser = 1_024
    /// (item, event type) sums kept per person: the limits above with every type but the
    /// impression.
    package static let signalsPerUser = (likedItemsPerUser + otherItemsPerUser) * 12
    /// Clusters of one person's liked items; beyond them an item joins the nearest.
    package static let clustersPerUser = 64
    /// People remembered per item for the walk; beyond them the oldest edge is replaced.
    package static let walkUsersPerItem = 1_024
    /// Items a walk starts from, the heaviest first.
    package static let walkSeeds = 128
    /// Edges followed in the second hop, from the most alike people down: about 0.3 ms.
    package static let walkSecondHopSteps = 1 << 17
}
