package import PalateModel

/// What a clustering of everything that is liked found.
package struct Reclustering: Equatable, Sendable {
    /// Items, ascending.
    package let items: [ItemID]
    /// The cluster of each, numbered from 0.
    package let labels: [Int]
    /// Sum of the cosines to the other members of its cluster.
    package let affinities: [Float]

    /// Clusters items by Ward's criterion.
    ///
    /// Milliseconds for 500 items.
    /// - Parameters:
    ///   - items: ascending.
    ///   - cosines: row-major [n, n].
    ///   - threshold: as `TasteSettings.clusterSimilarity`.
    package init(_ items: [ItemID], cosines: [Float], threshold: Float) {
        self.items = items
        let count = items.count
        let labels = WardClustering.labels(
            cosines: cosines.span,
            count: count,
            threshold: threshold,
            limit: TasteLimits.clustersPerUser
        )
        self.labels = labels
        affinities = (0..<count).map { item in
            (0..<count).reduce(0) { sum, other in
                guard other != item, labels[other] == labels[item] else { return sum }
                let cosine = cosines[item * count + other]
                return cosine.isFinite ? sum + cosine : sum
            }
        }
    }
}

/// Clusters made anew, so that they do not depend on the order in which likes came.
extension UserRecord {
    /// Items that are in a cluster, ascending.
    package var clusteredItems: [ItemID] {
        var items: [ItemID] = []
        for signal in signals
        where signal.cluster != Signal.unclustered && signal.item != items.last {
            items.append(signal.item)
        }
        return items
    }

    /// Takes over a clustering of the items that are in clusters now.
    ///
    /// A new cluster has the number of the old one with which it shares most, so that what was
    /// shown of an interest stays its own where it can.
    /// - Returns: false, changing nothing, where those are other items by now, or nothing changes.
    package mutating func take(_ clustering: Reclustering, similarity: SimilarityList) -> Bool {
        guard clustering.items == clusteredItems else { return false }
        let numbers = numbers(of: clustering)
        var isChanged = false
        var place = -1
        for index in signals.indices where signals[index].cluster != Signal.unclustered {
            if place < 0 || signals[index].item != clustering.items[place] { place += 1 }
            let cluster = UInt16(numbers[clustering.labels[place]])
            isChanged = isChanged || signals[index].cluster != cluster
            signals[index].cluster = cluster
            signals[index].affinity = clustering.affinities[place]
        }
        guard isChanged else { return false }
        for index in exposures.indices {
            exposures[index].cluster = nearestCluster(
                to: exposures[index].item,
                similarity: similarity
            )
        }
        return true
    }

    /// The number of each new cluster, all different.
    private func numbers(of clustering: Reclustering) -> [Int] {
        var shared: [[Int: Int]] = []
        for (place, item) in clustering.items.enumerated() {
            let label = clustering.labels[place]
            while shared.count <= label { shared.append([:]) }
            guard let signal = range(of: item).first else { continue }
            shared[label][Int(signals[signal].cluster), default: 0] += 1
        }
        // The largest overlaps first; ties by number, so that the same input gives the same answer.
        var claims: [(size: Int, label: Int, number: Int)] = []
        for (label, old) in shared.enumerated() {
            for (number, size) in old { claims.append((size, label, number)) }
        }
        claims.sort { ($1.size, $0.label, $0.number) < ($0.size, $1.label, $1.number) }
        var numbers = [Int](repeating: -1, count: shared.count)
        var taken: Set<Int> = []
        for claim in claims where numbers[claim.label] < 0 && !taken.contains(claim.number) {
            numbers[claim.label] = claim.number
            taken.insert(claim.number)
        }
        var free = (0..<TasteLimits.clustersPerUser).lazy.filter { !taken.contains($0) }
            .makeIterator()
        for label in numbers.indices where numbers[label] < 0 {
            numbers[label] = free.next() ?? 0
        }
        return numbers
    }
}
