package import PalateModel

/// What a query asks of a record.
extension UserRecord {
    /// Items the person acted on, ascending.
    ///
    /// From a view up: neither impressions nor skips count.
    package func seenItems() -> [ItemID] { selectItems { isSeen($0) } }

    /// Items the person hid or reported, ascending.
    package func hiddenItems() -> [ItemID] { selectItems { isHidden($0) } }

    /// The centres of the person's interests, the most important first, ties by item.
    ///
    /// - Parameters:
    ///   - now: milliseconds since 1970 UTC.
    ///   - limit: at most so many.
    ///   - settings: weights and half-lives.
    /// - Returns: medoids of clusters whose importance is above 0.
    package func medoids(now: Int64, limit: Int, settings: TasteSettings) -> [Medoid] {
        var importances = [Float](repeating: 0, count: TasteLimits.clustersPerUser)
        var counts = [Int](repeating: 0, count: TasteLimits.clustersPerUser)
        forEachItem { range in
            let cluster = signals[range.lowerBound].cluster
            guard cluster != Signal.unclustered else { return }
            importances[Int(cluster)] += max(
                presentWeight(range, now: now, settings: settings),
                0
            )
            counts[Int(cluster)] += 1
        }
        var medoids: [Medoid] = []
        for (cluster, item) in medoidItems().enumerated() {
            guard let item, importances[cluster] > 0 else { continue }
            medoids.append(
                Medoid(
                    item: item,
                    importance: importances[cluster],
                    memberCount: counts[cluster],
                    cluster: cluster
                )
            )
        }
        medoids.sort {
            $0.importance != $1.importance ? $0.importance > $1.importance : $0.item < $1.item
        }
        return Array(medoids.prefix(limit))
    }

    /// What the person likes, the heaviest first, ties by item.
    ///
    /// - Returns: items with a weight above 0 at `now`.
    package func likedItems(now: Int64, limit: Int, settings: TasteSettings) -> [ScoredItem] {
        var liked: [ScoredItem] = []
        forEachItem { range in
            let weight = presentWeight(range, now: now, settings: settings)
            guard weight > 0 else { return }
            liked.append(ScoredItem(item: signals[range.lowerBound].item, score: weight))
        }
        liked.sort(by: ScoredItem.isBefore)
        return Array(liked.prefix(limit))
    }

    /// What the person liked at a time gone by, and how much: of what has not been acted on since.
    package func likedItems(before time: Int64, settings: TasteSettings) -> [ItemID: Float] {
        var weights: [ItemID: Float] = [:]
        for signal in signals where signal.sum.timeMilliseconds <= time {
            let setting = settings[signal.type]
            weights[signal.item, default: 0] +=
                setting.weight * signal.sum.value(at: time, halfLifeDays: setting.halfLifeDays)
        }
        return weights.filter { $0.value > 0 }
    }

    /// What the person rejected, the strongest first, ties by item.
    ///
    /// - Returns: scores in 0...1: the weight at `now` as a share of one fresh hide, at most 1.
    package func negatives(now: Int64, limit: Int, settings: TasteSettings) -> [ScoredItem] {
        let unit = max(-settings[.hide].weight, .leastNormalMagnitude)
        var negatives: [ScoredItem] = []
        forEachItem { range in
            let weight = weight(range, now: now, settings: settings)
            guard weight < 0 else { return }
            negatives.append(
                ScoredItem(item: signals[range.lowerBound].item, score: min(-weight / unit, 1))
            )
        }
        negatives.sort(by: ScoredItem.isBefore)
        return Array(negatives.prefix(limit))
    }

    /// Items bought so lately that what is nearly the same is held back, the newest first.
    package func recentPurchases(now: Int64, limit: Int, settings: TasteSettings) -> [ItemID] {
        let hold = Double(settings.purchaseHoldDays) * Decay.millisecondsPerDay
        let bought = signals.filter { signal in
            signal.type == .purchase
                && Double(Decay.elapsed(from: signal.sum.timeMilliseconds, to: now)) < hold
        }
        return bought.sorted {
            ($1.sum.timeMilliseconds, $0.item) < ($0.sum.timeMilliseconds, $1.item)
        }.prefix(limit).map(\.item)
    }

    private func selectItems(where isWanted: (Range<Int>) -> Bool) -> [ItemID] {
        var items: [ItemID] = []
        forEachItem { range in
            if isWanted(range) { items.append(signals[range.lowerBound].item) }
        }
        return items
    }
}
