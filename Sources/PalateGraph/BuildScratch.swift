import PalateModel

/// Everything one insertion writes besides the graph.
struct BuildScratch: ~Copyable, Sendable {
    /// Of the searches for candidates.
    var search = SearchScratch()
    /// Of the choice of links.
    var selection = NeighbourSelection()
    /// Of the links back.
    var offer: LinkOffer
    /// The chosen links of all levels, one list after another.
    var links: [Ordinal] = []
    /// Their distances.
    var linkDistances: [Float] = []
    /// Where each level's list starts in `links`, shape [levels + 1].
    var starts: [Int] = []
    /// Diverse links per level, shape [levels].
    var diverseCounts: [Int] = []

    init(neighbours: Int) { offer = LinkOffer(neighbours: neighbours) }

    /// Forgets the chosen links.
    mutating func clearLinks() {
        links.removeAll(keepingCapacity: true)
        linkDistances.removeAll(keepingCapacity: true)
        starts.removeAll(keepingCapacity: true)
        diverseCounts.removeAll(keepingCapacity: true)
        starts.append(0)
    }

    /// Appends what the selection chose for the next level.
    mutating func keepSelection() {
        links.append(contentsOf: selection.links)
        linkDistances.append(contentsOf: selection.linkDistances)
        starts.append(links.count)
        diverseCounts.append(selection.diverseCount)
    }
}

/// A scratch between two insertions.
// SAFETY: @unchecked Sendable: whoever took it out of `LiveGraph.idleBuildScratch` owns it.
final class BuildScratchBox: @unchecked Sendable {
    /// The scratch.
    var scratch: BuildScratch

    init(neighbours: Int) { scratch = BuildScratch(neighbours: neighbours) }
}
