package import PalateModel

/// What one person did with one item in one way, summed.
package struct Signal: Equatable, Sendable {
    /// Which item.
    package var item: ItemID
    /// Which kind of event; never an impression.
    package var type: EventType
    /// The decayed count of such events.
    package var sum: DecayedSum
    /// The number of the cluster the item belongs to, or `Signal.unclustered`.
    package var cluster: UInt16 = Signal.unclustered
    /// Sum of the cosines to the other members of the cluster; the largest is the medoid.
    package var affinity: Float = 0

    /// In no cluster: the item has no vector, or is not liked.
    package static let unclustered = UInt16.max

    /// One event.
    package init(_ event: Event) {
        item = event.item
        type = event.type
        sum = DecayedSum(timeMilliseconds: event.timeMilliseconds)
    }

    /// A stored signal.
    package init(
        item: ItemID,
        type: EventType,
        sum: DecayedSum,
        cluster: UInt16,
        affinity: Float
    ) {
        self.item = item
        self.type = type
        self.sum = sum
        self.cluster = cluster
        self.affinity = affinity
    }
}

/// All state of one person, bounded by `TasteLimits`: what the index stores per user.
///
/// The signals of one item stand together; its cluster and affinity are the same in each of them.
/// Item weights, medoids and negatives are all derived from the signals, so nothing can disagree.
package struct UserRecord: Equatable, Sendable {
    /// Ascending by (item, type), each pair once.
    package internal(set) var signals: [Signal] = []
    /// What the person was shown of late, ascending by item.
    package internal(set) var exposures: [Exposure] = []

    /// Nothing done yet.
    package init() {}

    /// The signals of one item, possibly none.
    package func range(of item: ItemID) -> Range<Int> {
        let start = firstIndex(item: item, type: 0)
        var end = start
        while end < signals.count, signals[end].item == item { end += 1 }
        return start..<end
    }

    /// The person hid or reported the item: it never comes back to them.
    package func isHidden(_ range: Range<Int>) -> Bool {
        range.contains { signals[$0].type == .hide || signals[$0].type == .report }
    }

    /// The person did more with the item than pass over it.
    ///
    /// Impressions leave no signal, so being shown is not being seen; a skip is no act either.
    package func isSeen(_ range: Range<Int>) -> Bool {
        range.contains { signals[$0].type != .skip }
    }

    /// The weight of one item at `now`: positive for liked, negative for rejected.
    ///
    /// The sum over its signals of weight * decayed count; of a hidden item only the negative.
    package func weight(_ range: Range<Int>, now: Int64, settings: TasteSettings) -> Float {
        weight(range, now: now, boost: 0, settings: settings)
    }

    /// The weight of one item at `now`, with what was done in this session counting for more.
    ///
    /// As `weight`, each signal times 1 + sessionBoost * 2^(-age of its newest event / session).
    package func presentWeight(_ range: Range<Int>, now: Int64, settings: TasteSettings) -> Float {
        weight(range, now: now, boost: settings.sessionBoost, settings: settings)
    }

    private func weight(
        _ range: Range<Int>,
        now: Int64,
        boost: Float,
        settings: TasteSettings
    ) -> Float {
        let hidden = isHidden(range)
        var total: Float = 0
        for index in range {
            let signal = signals[index]
            let setting = settings[signal.type]
            if hidden, setting.weight > 0 { continue }
            var weight =
                setting.weight * signal.sum.value(at: now, halfLifeDays: setting.halfLifeDays)
            if boost > 0 {
                let age = Decay.elapsed(from: signal.sum.timeMilliseconds, to: now)
                weight *=
                    1 + boost
                    * Decay.factor(
                        ageMilliseconds: age,
                        halfLifeDays: settings.sessionHalfLifeDays
                    )
            }
            total += weight
        }
        return total
    }

    /// The time of the newest event with the item; `range` is not empty.
    package func newestTime(_ range: Range<Int>) -> Int64 {
        range.reduce(Int64.min) { max($0, signals[$1].sum.timeMilliseconds) }
    }

    /// Counts one event; its type must not be an impression.
    mutating func count(_ event: Event, halfLifeDays: Float) {
        let index = firstIndex(item: event.item, type: event.type.rawValue)
        if index < signals.count, signals[index].item == event.item,
            signals[index].type == event.type
        {
            signals[index].sum.add(
                timeMilliseconds: event.timeMilliseconds,
                halfLifeDays: halfLifeDays
            )
            return
        }
        var signal = Signal(event)
        let siblings = range(of: event.item)
        if let sibling = siblings.first {
            signal.cluster = signals[sibling].cluster
            signal.affinity = signals[sibling].affinity
        }
        signals.insert(signal, at: index)
    }

    /// Calls `body` with the range of every item, in order of items.
    package func forEachItem(_ body: (Range<Int>) -> Void) {
        var start = 0
        while start < signals.count {
            var end = start + 1
            while end < signals.count, signals[end].item == signals[start].item { end += 1 }
            body(start..<end)
            start = end
        }
    }

    /// The first signal at or after (item, type).
    func firstIndex(item: ItemID, type: UInt8) -> Int {
        var low = 0
        var high = signals.count
        while low < high {
            let middle = (low + high) / 2
            let signal = signals[middle]
            if (signal.item, signal.type.rawValue) < (item, type) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}

/// Keeping a record within its limits.
extension UserRecord {
    /// The item to drop next: the weakest of the side (liked, or not) that holds too many.
    ///
    /// Weights are compared at the record's newest event; hidden items go last of all.
    func surplusItem(settings: TasteSettings) -> ItemID? {
        let fewest = min(TasteLimits.likedItemsPerUser, TasteLimits.otherItemsPerUser)
        guard signals.count > fewest else { return nil }
        let now = newestTime(signals.indices)
        var liked = Side()
        var other = Side()
        forEachItem { range in
            let item = signals[range.lowerBound].item
            let own = newestTime(range)
            let weight = weight(range, now: now, settings: settings)
            if self.weight(range, now: own, settings: settings) > 0 {
                liked.add(item, rank: weight)
            } else {
                other.add(item, rank: isHidden(range) ? .greatestFiniteMagnitude : -weight)
            }
        }
        if liked.count > TasteLimits.likedItemsPerUser { return liked.weakest }
        return other.count > TasteLimits.otherItemsPerUser ? other.weakest : nil
    }

    private struct Side {
        var count = 0
        var weakest: ItemID?
        private var lowest = Float.infinity

        mutating func add(_ item: ItemID, rank: Float) {
            count += 1
            if rank < lowest {
                lowest = rank
                weakest = item
            }
        }
    }
}
