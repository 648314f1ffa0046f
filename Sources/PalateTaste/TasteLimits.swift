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
    /// Items remembered per person as shown, the newest: five pages of 50.
    package static let exposuresPerUser = 256
    /// People remembered per item for the walk; beyond them the oldest edge is replaced.
    package static let walkUsersPerItem = 1_024
    /// Items a walk starts from, the heaviest first.
    package static let walkSeeds = 128
    /// Edges followed in the second hop, from the most alike people down: about 0.3 ms.
    package static let walkSecondHopSteps = 1 << 17
    /// Item-item edges kept per item: 100 lose 0.0024 of Recall@20 on pinterest37k, 200 0.0004.
    package static let edgesPerItem = 300
    /// People per item whose likes make its edges; of an item that more like, an even sample.
    package static let edgePeoplePerItem = 10_000
    /// Sandboxes of a collection.
    package static let sandboxes = 64
    /// Events of one sandbox.
    package static let sandboxEvents = 1_000_000
    /// Sessions of a collection.
    package static let sessions = 100_000
    /// A session that rests for so long may make room for another: a day.
    package static let sessionRestMilliseconds: Int64 = 86_400_000
    /// Events replayed for one person as of a past time, the newest.
    package static let replayedEvents = 20_000
}
