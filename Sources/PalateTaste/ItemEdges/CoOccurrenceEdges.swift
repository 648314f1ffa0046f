import PalateModel

/// Shrunk co-occurrence alone: for catalogues of any size, and for very few likes.
///
/// The weight from i to j is `CoOccurrence` with a = 0.5, b = 0.45 and 5 more likes of every item:
/// close to a shrunk cosine (Deshpande & Karypis, TOIS 2004, doi:10.1145/963770.963776) in which
/// people of many likes count less. On pinterest37k a like b = 0.4 and 0.5 and 300 edges give
/// Recall@20 0.1441.
package enum CoOccurrenceEdges: ItemEdgeBuilder {
    /// In requests.
    package static let name = "cooccurrence"

    /// As `ItemEdgeBuilder.build`.
    package static func build(
        _ likes: Interactions,
        isCancelled: () -> Bool
    ) -> [ItemEdgeList]? {
        var counts = CoOccurrence(likes, rowExponent: 0.5, columnExponent: 0.45, pseudoCount: 5)
        return EdgeSelection.lists(of: likes, isCancelled: isCancelled) { item, add in
            counts.forEachNeighbour(of: item, add)
        }
    }
}

/// Keeps the heaviest edges of every item.
enum EdgeSelection {
    /// Lists of all items, ascending by id.
    ///
    /// - Parameters:
    ///   - likes: the items.
    ///   - isCancelled: asked now and then.
    ///   - row: calls its second argument with every neighbour of an item and its weight.
    /// - Returns: nil where it was cancelled.
    static func lists(
        of likes: Interactions,
        isCancelled: () -> Bool,
        row: (Int, (Int, Float) -> Void) -> Void
    ) -> [ItemEdgeList]? {
        let order = (0..<likes.itemCount).sorted { likes.ids[$0] < likes.ids[$1] }
        var lists: [ItemEdgeList] = []
        lists.reserveCapacity(order.count)
        var histogram = MassHistogram()
        var found: [(number: Int, weight: Float)] = []
        for (place, item) in order.enumerated() {
            if place % 256 == 0, isCancelled() { return nil }
            found.removeAll(keepingCapacity: true)
            histogram.reset()
            row(item) { number, weight in
                guard weight > 0, weight.isFinite else { return }
                found.append((number, weight))
                histogram.add(weight)
            }
            let floor = histogram.floor(limit: TasteLimits.edgesPerItem - 1)
            let kept = found.lazy.filter { MassHistogram.bucket(of: $0.weight) >= floor }
                .map { ScoredItem(item: likes.ids[$0.number], score: $0.weight) }
                .sorted(by: ScoredItem.isBefore)
            let best = Array(kept.prefix(TasteLimits.edgesPerItem))
            lists.append(ItemEdgeList(item: likes.ids[item], edges: best))
        }
        return lists
    }
}
