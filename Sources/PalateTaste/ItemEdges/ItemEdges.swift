package import PalateModel

/// Item-item edges, derived from what people liked: from an item to the K that go best with it.
///
/// Immutable: a refresh makes new ones. 5 bytes an edge: the neighbour's number and an 8-bit weight
/// against the largest of its list (8 bits lose 0.0001 of Recall@20 on pinterest37k).
package struct ItemEdges: Equatable, Sendable {
    /// How they came to be.
    package var summary: EdgeSummary
    /// Items with a number, ascending; the number is the place.
    private(set) var ids: [ItemID] = []
    /// Where each item's edges begin, shape [items + 1].
    private(set) var starts: [Int] = [0]
    /// Numbers at the other ends.
    private(set) var neighbours: [UInt32] = []
    /// Weights as shares of the item's scale, 1...255.
    private(set) var codes: [UInt8] = []
    /// The weight of code 255 by item, above 0.
    private(set) var scales: [Float] = []

    /// Edges of items that are given in ascending order.
    ///
    /// - Parameters:
    ///   - lists: an item and its edges each; edges to items without a list are kept as well.
    ///   - summary: how they came to be.
    package init(_ lists: [ItemEdgeList], summary: EdgeSummary) {
        self.summary = summary
        ids = Set(lists.map(\.item)).union(lists.lazy.flatMap(\.neighbours)).sorted()
        var place = 0
        for item in ids {
            if place < lists.count, lists[place].item == item {
                append(lists[place])
                place += 1
            } else {
                scales.append(1)
            }
            starts.append(neighbours.count)
        }
        precondition(place == lists.count, "lists are ascending by item")
    }

    private mutating func append(_ list: ItemEdgeList) {
        scales.append(list.scale)
        for (neighbour, code) in zip(list.neighbours, list.codes) {
            guard let number = number(of: neighbour) else { continue }
            neighbours.append(UInt32(number))
            codes.append(code)
        }
    }

    /// Edges of all items together.
    package var edgeCount: Int { neighbours.count }
    /// Items that have a number.
    package var itemCount: Int { ids.count }
    /// Bytes in memory.
    package var byteCount: Int { ids.count * 20 + edgeCount * 5 }

    /// The edges of one item, heaviest first; empty where it has none.
    package func edges(of item: ItemID) -> [ScoredItem] {
        guard let number = number(of: item) else { return [] }
        return (starts[number]..<starts[number + 1]).map { place in
            ScoredItem(
                item: ids[Int(neighbours[place])],
                score: Float(codes[place]) * (scales[number] / 255)
            )
        }
    }

    /// By a search of the ids, which are there anyway: no dictionary beside them.
    private func number(of item: ItemID) -> Int? {
        ids.sortedIndex(of: item)
    }
}

/// Scores over edges.
extension ItemEdges {
    /// Adds up score(j) = sum over seeds i of w_i * B(i, j) in the scratch.
    ///
    /// - Parameters:
    ///   - seeds: liked items and their weights; unknown ones are skipped. The heaviest
    ///     `TasteLimits.walkSeeds` are enough.
    ///   - scratch: holds the scores for `best` and `scores`.
    package func spread(from seeds: [ScoredItem], scratch: inout EdgeScratch) {
        scratch.reset(items: ids.count)
        var masses = WalkScratch.take(&scratch.mass)
        var touched = WalkScratch.take(&scratch.touched)
        var count = 0
        do {
            var mass = masses.mutableSpan
            var front = touched.mutableSpan
            let (neighbours, codes) = (neighbours.span, codes.span)
            for seed in seeds where seed.score > 0 {
                guard let number = number(of: seed.item) else { continue }
                let unit = seed.score * scales[number] / 255
                for place in starts[number]..<starts[number + 1] {
                    let index = Int(neighbours[place])
                    let before = mass[index]
                    // As in the walk: no branch on what no predictor can guess.
                    front[count] = neighbours[place]
                    count &+= before == 0 ? 1 : 0
                    mass[index] = before + max(unit * Float(codes[place]), .leastNormalMagnitude)
                }
            }
        }
        scratch.mass = masses
        scratch.touched = touched
        scratch.touchedCount = count
    }

    /// The best of what was reached.
    ///
    /// - Parameters:
    ///   - limit: at most so many.
    ///   - excluded: items that must not come back, ascending.
    ///   - scratch: after `spread`.
    /// - Returns: best first, ties by item.
    package func best(
        _ limit: Int,
        excluding excluded: [ItemID],
        scratch: inout EdgeScratch
    ) -> [ScoredItem] {
        guard limit > 0 else { return [] }
        scratch.histogram.reset()
        for place in 0..<scratch.touchedCount {
            scratch.histogram.add(scratch.mass[Int(scratch.touched[place])])
        }
        let floor = scratch.histogram.floor(limit: limit - 1 + excluded.count)
        var best: [ScoredItem] = []
        for place in 0..<scratch.touchedCount {
            let number = Int(scratch.touched[place])
            let score = scratch.mass[number]
            guard MassHistogram.bucket(of: score) >= floor else { continue }
            guard !excluded.containsSorted(ids[number]) else { continue }
            best.append(ScoredItem(item: ids[number], score: score))
        }
        best.sort(by: ScoredItem.isBefore)
        return Array(best.prefix(limit))
    }

    /// The scores of given items, 0 for what was not reached; shape [n].
    package func scores(of items: [ItemID], scratch: borrowing EdgeScratch) -> [Float] {
        items.map { item in number(of: item).map { scratch.mass[$0] } ?? 0 }
    }
}

/// Memory of scoring over edges, leased per query and reused.
package struct EdgeScratch: Sendable {
    /// By item number.
    var mass: [Float] = []
    /// Items with a mass; one more than there are items.
    var touched: [UInt32] = []
    var touchedCount = 0
    var histogram = MassHistogram()

    /// Empty; grows to fit on first use.
    package init() {}

    /// Zeroes what the last query left, and makes room.
    mutating func reset(items: Int) {
        for place in 0..<touchedCount { mass[Int(touched[place])] = 0 }
        touchedCount = 0
        guard mass.count < items else { return }
        mass.append(contentsOf: repeatElement(0, count: items - mass.count))
        touched = [UInt32](repeating: 0, count: items + 1)
    }
}
