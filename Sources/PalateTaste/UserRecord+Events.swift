package import PalateModel

/// How events change a record: the one way for live events, sandboxes, what-ifs and replays.
extension UserRecord {
    /// Counts one event: signal, cluster and exposure change at once.
    ///
    /// - Parameters:
    ///   - event: in any order of time; its user is not read.
    ///   - settings: weights, half-lives and thresholds.
    ///   - similarity: asked a few times, when an item starts or stops being liked.
    /// - Returns: items that lost their signals, for want of room.
    @discardableResult
    package mutating func apply(
        _ event: Event,
        settings: TasteSettings,
        similarity: SimilarityList
    ) -> [ItemID] {
        guard event.type != .impression else {
            show(
                event.item,
                at: event.timeMilliseconds,
                settings: settings,
                similarity: similarity
            )
            return []
        }
        count(event, halfLifeDays: settings[event.type].halfLifeDays)
        if settings[event.type].weight > 0 { engage(event.item) }
        refreshCluster(of: event.item, settings: settings, similarity: similarity)
        var dropped: [ItemID] = []
        while let surplus = surplusItem(settings: settings) {
            leave(surplus, similarity: similarity)
            signals.removeSubrange(range(of: surplus))
            dropped.append(surplus)
        }
        return dropped
    }

    /// A record of nothing but these events, in order of time.
    package init(
        replaying events: [Event],
        settings: TasteSettings,
        similarity: SimilarityList
    ) {
        self.init()
        for event in events.sorted(by: { $0.timeMilliseconds < $1.timeMilliseconds }) {
            apply(event, settings: settings, similarity: similarity)
        }
    }

    /// An item is in a cluster while it is liked.
    private mutating func refreshCluster(
        of item: ItemID,
        settings: TasteSettings,
        similarity: SimilarityList
    ) {
        let range = range(of: item)
        let weight = weight(range, now: newestTime(range), settings: settings)
        let isClustered = signals[range.lowerBound].cluster != Signal.unclustered
        if weight > 0, !isClustered {
            join(item, threshold: settings.clusterSimilarity, similarity: similarity)
        } else if weight <= 0, isClustered {
            leave(item, similarity: similarity)
        }
    }
}
