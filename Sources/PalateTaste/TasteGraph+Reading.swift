package import PalateModel

/// The centre of one cluster of a person's liked items.
package struct Medoid: Equatable, Sendable {
    /// The member most like all others: an item, so it outlives a re-embedding.
    package var item: ItemID
    /// Sum of the members' weights at the time asked for; above 0.
    package var importance: Float
    /// Items in the cluster.
    package var memberCount: Int
}

/// An item and a number that ranks it.
package struct ScoredItem: Equatable, Sendable {
    /// Which item.
    package var item: ItemID
    /// Larger is better, or heavier.
    package var score: Float

    /// Pairs an item with its score.
    package init(item: ItemID, score: Float) {
        self.item = item
        self.score = score
    }

    /// Larger scores first, ties by item, so that every order is deterministic.
    static func isBefore(_ left: ScoredItem, _ right: ScoredItem) -> Bool {
        left.score != right.score ? left.score > right.score : left.item < right.item
    }
}

/// What a query asks of one person.
extension TasteGraph {
    /// Items the person acted on, ascending.
    ///
    /// From a view up: neither impressions nor skips count.
    package func seenItems(of user: UserID) -> [ItemID] {
        selectItems(of: user) { $0.isSeen($1) }
    }

    /// Items the person hid or reported, ascending.
    package func hiddenItems(of user: UserID) -> [ItemID] {
        selectItems(of: user) { $0.isHidden($1) }
    }

    /// Whether the item is among `seenItems`.
    package func hasSeen(_ user: UserID, _ item: ItemID) -> Bool {
        guard let number = users.number(of: user) else { return false }
        return records[number].isSeen(records[number].range(of: item))
    }

    /// The centres of the person's interests, the most important first, ties by item.
    ///
    /// - Parameters:
    ///   - user: a person; an unknown one has none.
    ///   - now: milliseconds since 1970 UTC.
    ///   - limit: at most so many.
    /// - Returns: medoids of clusters whose importance is above 0.
    package func medoids(of user: UserID, now: Int64, limit: Int) -> [Medoid] {
        guard let number = users.number(of: user) else { return [] }
        let record = records[number]
        var importances = [Float](repeating: 0, count: TasteLimits.clustersPerUser)
        var counts = [Int](repeating: 0, count: TasteLimits.clustersPerUser)
        record.forEachItem { range in
            let cluster = record.signals[range.lowerBound].cluster
            guard cluster != Signal.unclustered else { return }
            importances[Int(cluster)] += max(
                record.presentWeight(range, now: now, settings: settings),
                0
            )
            counts[Int(cluster)] += 1
        }
        var medoids: [Medoid] = []
        for (cluster, item) in record.medoidItems().enumerated() {
            guard let item, importances[cluster] > 0 else { continue }
            medoids.append(
                Medoid(
                    item: item,
                    importance: importances[cluster],
                    memberCount: counts[cluster]
                )
            )
        }
        medoids.sort {
            $0.importance != $1.importance ? $0.importance > $1.importance : $0.item < $1.item
        }
        return Array(medoids.prefix(limit))
    }

    /// What the person rejected, the strongest first, ties by item.
    ///
    /// - Parameters:
    ///   - user: a person; an unknown one has none.
    ///   - now: milliseconds since 1970 UTC.
    ///   - limit: at most so many.
    /// - Returns: scores in 0...1: the weight at `now` as a share of one fresh hide, at most 1.
    package func negatives(of user: UserID, now: Int64, limit: Int) -> [ScoredItem] {
        guard let number = users.number(of: user) else { return [] }
        let record = records[number]
        let unit = max(-settings[.hide].weight, .leastNormalMagnitude)
        var negatives: [ScoredItem] = []
        record.forEachItem { range in
            let weight = record.weight(range, now: now, settings: settings)
            guard weight < 0 else { return }
            negatives.append(
                ScoredItem(
                    item: record.signals[range.lowerBound].item,
                    score: min(-weight / unit, 1)
                )
            )
        }
        negatives.sort(by: ScoredItem.isBefore)
        return Array(negatives.prefix(limit))
    }

    /// People who like the item, now or once; no decay.
    package func popularity(of item: ItemID) -> Int {
        items.number(of: item).map { Int(likeCounts[$0]) } ?? 0
    }

    private func selectItems(
        of user: UserID,
        where isWanted: (UserRecord, Range<Int>) -> Bool
    ) -> [ItemID] {
        guard let number = users.number(of: user) else { return [] }
        let record = records[number]
        var items: [ItemID] = []
        record.forEachItem { range in
            if isWanted(record, range) { items.append(record.signals[range.lowerBound].item) }
        }
        return items
    }
}
