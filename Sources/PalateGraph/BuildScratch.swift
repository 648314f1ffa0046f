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
    /// One list to be published.
    var published: [Link] = []
    /// Rows met on a walk of the spanning tree.
    var treeWalk: [Ordinal] = []
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

    /// Where the links of a level stand; they were kept from the top level down.
    func range(level: Int) -> Range<Int> {
        let depth = diverseCounts.count - 1 - level
        return starts[depth]..<starts[depth + 1]
    }

    /// Copies a level's links to `published`, marking the one to `parent`; returns how many of
    /// them are diverse.
    ///
    /// A parent that was not chosen takes the last place of a full list.
    mutating func copyList(level: Int, parent: Ordinal?, degreeMax: Int) -> Int {
        published.removeAll(keepingCapacity: true)
        var hasParent = parent == nil
        for position in range(level: level) {
            let isParent = links[position] == parent
            published.append(Link(links[position], isTree: isParent))
            hasParent = hasParent || isParent
        }
        let diverseCount = diverseCounts[diverseCounts.count - 1 - level]
        guard let parent, !hasParent else { return diverseCount }
        if published.count == degreeMax { published.removeLast() }
        published.append(Link(parent, isTree: true))
        return min(diverseCount, published.count - 1)
    }

    /// Adds a row to the walk of the tree, once.
    mutating func enqueue(_ ordinal: Ordinal) {
        if search.visited.insert(ordinal) { treeWalk.append(ordinal) }
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
