import PalateModel

/// Everything one thread of a build or a repair writes besides the graph.
struct BuildScratch: ~Copyable, Sendable {
    /// Of the searches for candidates.
    var search = SearchScratch()
    /// Of the choice of links.
    var selection = NeighbourSelection()
    /// Of the links back.
    var offer: LinkOffer
    /// Whom it offers to a list.
    var newcomers: [Newcomer] = []
    /// One list to be published.
    var published: [Link] = []
    /// Rows met on a walk of the spanning tree.
    var treeWalk: [Ordinal] = []

    init(neighbours: Int) { offer = LinkOffer(neighbours: neighbours) }

    /// Chooses a row's links on a level from what a search left in the pool.
    mutating func choose<P: PairScorer & ~Copyable>(
        for node: Ordinal,
        degreeMax: Int,
        in graph: LiveGraph,
        _ scorer: borrowing P
    ) {
        search.pool.sortRemembered(upTo: graph.parameters.candidatesMax)
        selection.choose(
            from: search.pool,
            for: node,
            degreeMax: degreeMax,
            in: graph,
            scorer
        )
    }

    /// Offers one link to the list of `owner`; returns whether it holds it then.
    mutating func offer<P: PairScorer & ~Copyable>(
        _ link: Link,
        at distance: Float,
        to owner: Ordinal,
        level: Int,
        in graph: LiveGraph,
        _ scorer: borrowing P
    ) -> Bool {
        newcomers.removeAll(keepingCapacity: true)
        newcomers.append(Newcomer(link: link, distance: distance))
        return offerNewcomers(to: owner, level: level, in: graph, scorer)
    }

    /// Offers the newcomers to the list of `owner`; returns whether it holds the last one then.
    mutating func offerNewcomers<P: PairScorer & ~Copyable>(
        to owner: Ordinal,
        level: Int,
        in graph: LiveGraph,
        _ scorer: borrowing P
    ) -> Bool {
        offer.offer(newcomers, to: owner, level: level, in: graph, scorer)
    }

    /// Adds a row to the walk of the tree, once.
    mutating func enqueue(_ ordinal: Ordinal) {
        if search.visited.insert(ordinal) { treeWalk.append(ordinal) }
    }
}

/// A scratch between two uses.
// SAFETY: @unchecked Sendable: whoever took it out of `LiveGraph.idleBuildScratch` owns it.
final class BuildScratchBox: @unchecked Sendable {
    /// The scratch.
    var scratch: BuildScratch

    init(neighbours: Int) { scratch = BuildScratch(neighbours: neighbours) }
}
