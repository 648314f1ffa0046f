package import PalateModel

/// How often one item was shown to one person of late.
package struct Exposure: Equatable, Sendable {
    /// Which item.
    package var item: ItemID
    /// The decayed count of impressions.
    package var sum: DecayedSum
    /// The cluster whose medoid the item was nearest to when it was shown, or `Signal.unclustered`.
    package var cluster: UInt16
    /// Whether the person liked it after it was shown.
    package var isEngaged: Bool
}

/// What a person was shown, for fatigue and for what their interests yield.
extension UserRecord {
    /// The exposure of one item.
    package func exposure(of item: ItemID) -> Exposure? {
        let index = exposureIndex(of: item)
        guard index < exposures.count, exposures[index].item == item else { return nil }
        return exposures[index]
    }

    /// Counts one impression; beyond the limit the item not shown for longest is forgotten.
    mutating func show(
        _ item: ItemID,
        at time: Int64,
        settings: TasteSettings,
        similarity: SimilarityList
    ) {
        let index = exposureIndex(of: item)
        if index < exposures.count, exposures[index].item == item {
            exposures[index].sum.add(
                timeMilliseconds: time,
                halfLifeDays: settings.fatigueHalfLifeDays
            )
            return
        }
        let exposure = Exposure(
            item: item,
            sum: DecayedSum(timeMilliseconds: time),
            cluster: nearestCluster(to: item, similarity: similarity),
            isEngaged: false
        )
        exposures.insert(exposure, at: index)
        guard exposures.count > TasteLimits.exposuresPerUser else { return }
        var oldest = 0
        for index in exposures.indices
        where exposures[index].sum.timeMilliseconds < exposures[oldest].sum.timeMilliseconds {
            oldest = index
        }
        exposures.remove(at: oldest)
    }

    /// Notes that a shown item was liked.
    mutating func engage(_ item: ItemID) {
        let index = exposureIndex(of: item)
        guard index < exposures.count, exposures[index].item == item else { return }
        exposures[index].isEngaged = true
    }

    /// Fat(i) = 1 - 1 / (1 + beta * impressions decayed to `now`); 0 for what was engaged with.
    ///
    /// - Returns: in 0..<1.
    package func fatigue(of item: ItemID, now: Int64, settings: TasteSettings) -> Float {
        guard let exposure = exposure(of: item), !exposure.isEngaged else { return 0 }
        let shown = exposure.sum.value(at: now, halfLifeDays: settings.fatigueHalfLifeDays)
        return 1 - 1 / (1 + settings.fatigueStrength * shown)
    }

    /// Items shown so often, without being acted on, that they are held back; ascending.
    ///
    /// - Returns: those with `settings.fatigueLimit` decayed impressions or more.
    package func tiringItems(now: Int64, settings: TasteSettings) -> [ItemID] {
        exposures.lazy.filter { exposure in
            !exposure.isEngaged
                && exposure.sum.value(at: now, halfLifeDays: settings.fatigueHalfLifeDays)
                    >= settings.fatigueLimit
        }.map(\.item)
    }

    private func exposureIndex(of item: ItemID) -> Int {
        exposures.lowerBound(of: item) { $0.item }
    }

    /// The cluster that an item is in, else the one whose medoid is most like it.
    func nearestCluster(to item: ItemID, similarity: SimilarityList) -> UInt16 {
        if let own = range(of: item).first.map({ signals[$0].cluster }),
            own != Signal.unclustered
        {
            return own
        }
        let medoids = medoidItems()
        let used = medoids.indices.filter { medoids[$0] != nil }
        var cosines: [Float] = []
        guard !used.isEmpty, similarity(item, medoids.compactMap { $0 }, &cosines) else {
            return Signal.unclustered
        }
        var nearest = 0
        for place in used.indices where cosines[place] > cosines[nearest] { nearest = place }
        return UInt16(used[nearest])
    }
}
