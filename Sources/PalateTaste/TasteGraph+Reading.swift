package import PalateModel

/// The centre of one cluster of a person's liked items.
package struct Medoid: Equatable, Sendable {
    /// The member most like all others: an item, so it outlives a re-embedding.
    package var item: ItemID
    /// Sum of the members' weights at the time asked for; above 0.
    package var importance: Float
    /// Items in the cluster.
    package var memberCount: Int
    /// The number of the cluster in the record.
    package var cluster: Int
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
    /// People who like the item, now or once; no decay.
    package func popularity(of item: ItemID) -> Int {
        items.number(of: item).map { Int(likeCounts[$0]) } ?? 0
    }

    /// Likes beyond which items count as equally popular.
    private static let countedLikes = 65_535

    /// How many people like the last item of the most liked share of those that somebody likes;
    /// at least 1.
    package func popularity(ofShare share: Double) -> Int {
        // By counting rather than sorting: a query waits for it.
        var items = [Int](repeating: 0, count: Self.countedLikes + 1)
        var left = 0.0
        for likes in likeCounts where likes > 0 {
            items[min(Int(likes), Self.countedLikes)] += 1
            left += share
        }
        for likes in stride(from: Self.countedLikes, to: 1, by: -1) {
            left -= Double(items[likes])
            if left < 0 { return likes }
        }
        return 1
    }

    /// Records of some people who did something, evenly over all.
    package func sampledRecords(_ count: Int) -> [UserRecord] {
        let step = max(1, records.count / max(count, 1))
        var sample: [UserRecord] = []
        for number in stride(from: 0, to: records.count, by: step) where sample.count < count {
            if !records[number].signals.isEmpty { sample.append(records[number]) }
        }
        return sample
    }

    /// Numbers of people ever given out: the end of the ranges for `appendLikes`.
    package var peopleCapacity: Int { records.count }

    /// Adds what some people like to the input of an edge builder.
    ///
    /// - Parameters:
    ///   - people: numbers of people, within `0 ..< peopleCapacity`.
    ///   - likes: gets a row for everybody who likes something.
    package func appendLikes(of people: Range<Int>, to likes: inout Interactions) {
        for number in people.clamped(to: 0..<records.count) {
            let record = records[number]
            var liked: [ItemID] = []
            record.forEachItem { range in
                let time = record.newestTime(range)
                guard record.weight(range, now: time, settings: settings) > 0 else { return }
                liked.append(record.signals[range.lowerBound].item)
            }
            if !liked.isEmpty { likes.append(liked) }
        }
    }

    /// As `UserRecord.seenItems`.
    package func seenItems(of user: UserID) -> [ItemID] { record(of: user)?.seenItems() ?? [] }

    /// As `UserRecord.hiddenItems`.
    package func hiddenItems(of user: UserID) -> [ItemID] {
        record(of: user)?.hiddenItems() ?? []
    }

    /// Whether the item is among `seenItems`.
    package func hasSeen(_ user: UserID, _ item: ItemID) -> Bool {
        guard let record = record(of: user) else { return false }
        return record.isSeen(record.range(of: item))
    }

    /// As `UserRecord.medoids`.
    package func medoids(of user: UserID, now: Int64, limit: Int) -> [Medoid] {
        record(of: user)?.medoids(now: now, limit: limit, settings: settings) ?? []
    }

    /// As `UserRecord.negatives`.
    package func negatives(of user: UserID, now: Int64, limit: Int) -> [ScoredItem] {
        record(of: user)?.negatives(now: now, limit: limit, settings: settings) ?? []
    }
}
