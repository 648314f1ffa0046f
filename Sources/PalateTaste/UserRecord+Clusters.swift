package import PalateModel

/// Cosine of an item to each of a list of others, from whoever holds the vectors.
///
/// - Parameters:
///   - item: one side of every pair.
///   - others: the other sides, possibly none.
///   - similarities: replaced by one value in -1...1 per other; 0 where the other has no vector.
/// - Returns: false when `item` has no vector (yet); then `similarities` is not read.
package typealias SimilarityList = (
    _ item: ItemID, _ others: [ItemID], _ similarities: inout [Float]
) -> Bool

/// Clusters of liked items, kept up to date event by event (PinnerSage's online side; Pal et al.,
/// KDD 2020, arXiv:2007.03634, sections 4.1 and 6).
///
/// An item joins the cluster with the nearest medoid from a cosine on, else it starts one. So
/// clusters depend on the order of arrival until they are made anew (`Reclustering`: Ward's, by
/// number of events rather than daily); medoid, importance and member count follow from the
/// membership alone.
extension UserRecord {
    /// The medoid's item by cluster number, nil where the number is free.
    ///
    /// The medoid is the member with the largest sum of cosines to the others, which for unit
    /// vectors is the one with the least sum of squared distances; ties by item.
    func medoidItems() -> [ItemID?] {
        var items = [ItemID?](repeating: nil, count: TasteLimits.clustersPerUser)
        var best = [Float](repeating: -.infinity, count: TasteLimits.clustersPerUser)
        for signal in signals where signal.cluster != Signal.unclustered {
            let cluster = Int(signal.cluster)
            if signal.affinity > best[cluster] {
                best[cluster] = signal.affinity
                items[cluster] = signal.item
            }
        }
        return items
    }

    /// Puts a liked item into a cluster; leaves it out when it has no vector.
    mutating func join(_ item: ItemID, threshold: Float, similarity: SimilarityList) {
        let medoids = medoidItems()
        let used = medoids.indices.filter { medoids[$0] != nil }
        var similarities: [Float] = []
        guard similarity(item, medoids.compactMap { $0 }, &similarities) else { return }
        precondition(similarities.count == used.count, "one similarity per medoid")
        var nearest: (cluster: Int, similarity: Float)?
        for (cluster, similarity) in zip(used, similarities)
        where similarity > nearest?.similarity ?? -.infinity {
            nearest = (cluster, similarity)
        }
        let free = medoids.firstIndex(where: { $0 == nil })
        if let nearest, nearest.similarity >= threshold || free == nil {
            addAffinities(of: item, to: nearest.cluster, sign: 1, similarity: similarity)
        } else if let free {
            setCluster(of: item, to: UInt16(free), affinity: 0)
        }
    }

    /// Takes an item out of its cluster.
    mutating func leave(_ item: ItemID, similarity: SimilarityList) {
        guard let index = range(of: item).first,
            signals[index].cluster != Signal.unclustered
        else { return }
        let cluster = Int(signals[index].cluster)
        setCluster(of: item, to: Signal.unclustered, affinity: 0)
        addAffinities(of: item, to: cluster, sign: -1, similarity: similarity)
    }

    /// Adds (or with sign -1 subtracts) the cosines to `item` in every member of `cluster`; when
    /// adding, the item becomes a member itself.
    private mutating func addAffinities(
        of item: ItemID,
        to cluster: Int,
        sign: Float,
        similarity: SimilarityList
    ) {
        var members: [ItemID] = []
        for signal in signals where Int(signal.cluster) == cluster && signal.item != members.last {
            members.append(signal.item)
        }
        var similarities: [Float] = []
        // An item whose vector is gone leaves its share behind: medoids are then a little off.
        guard similarity(item, members, &similarities) else { return }
        precondition(similarities.count == members.count, "one similarity per member")
        // What is not a number must not enter a sum that is stored.
        for index in similarities.indices where !similarities[index].isFinite {
            similarities[index] = 0
        }
        var next = 0
        for index in signals.indices where Int(signals[index].cluster) == cluster {
            if signals[index].item != members[next] { next += 1 }
            signals[index].affinity += sign * similarities[next]
        }
        if sign > 0 {
            setCluster(of: item, to: UInt16(cluster), affinity: similarities.reduce(0, +))
        }
    }

    private mutating func setCluster(of item: ItemID, to cluster: UInt16, affinity: Float) {
        for index in range(of: item) {
            signals[index].cluster = cluster
            signals[index].affinity = affinity
        }
    }
}
