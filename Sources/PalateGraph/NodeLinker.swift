import PalateModel
import Synchronization

/// A `PairScorer` with a selected row, as the query of a search.
struct SelectedRow<P: PairScorer & ~Copyable>: Scorer, ~Copyable {
    /// The scorer.
    var pairs: P

    borrowing func score(_ ordinals: Span<Ordinal>, into distances: inout MutableSpan<Float>) {
        pairs.score(ordinals, into: &distances)
    }
}

/// Inserts one row: Algorithm 1, with the deviations 2 to 5, 7 and 8 listed in `LiveGraph.swift`.
enum NodeLinker {
    /// Links a row whose level is set and whose vector is stored.
    static func link<P: PairScorer & ~Copyable>(
        _ node: Ordinal,
        into graph: LiveGraph,
        _ row: inout SelectedRow<P>,
        _ scratch: inout BuildScratch
    ) {
        row.pairs.select(node)
        let level = graph.arena.level(of: node)
        if let entry = graph.entryAndLevel, level <= entry.level {
            connect(node, level: level, from: entry, graph, row, &scratch)
            return
        }
        // One at a time may rise above all others: the next one then finds it on its level.
        graph.topLevel.withLock { _ in
            let entry = graph.entryAndLevel
            if let entry { connect(node, level: level, from: entry, graph, row, &scratch) }
            if level > entry?.level ?? -1 { graph.setEntry(node, level: level) }
        }
    }

    private static func connect<P: PairScorer & ~Copyable>(
        _ node: Ordinal,
        level: Int,
        from entry: (ordinal: Ordinal, level: Int),
        _ graph: LiveGraph,
        _ row: borrowing SelectedRow<P>,
        _ scratch: inout BuildScratch
    ) {
        let top = min(level, entry.level)
        chooseLinks(node, top: top, from: entry, graph, row, &scratch)
        for depth in 0..<top { publish(node, level: top - depth, parent: nil, graph, &scratch) }
        joinTree(node, graph, row, &scratch)
        for depth in 0...top {
            for position in scratch.range(level: top - depth) {
                _ = scratch.offer.offer(
                    Link(node, isTree: false),
                    at: scratch.linkDistances[position],
                    to: scratch.links[position],
                    level: top - depth,
                    in: graph,
                    row.pairs
                )
            }
        }
    }

    /// Publishes level 0 and ties the node to the spanning tree; both ends keep that link for ever.
    ///
    /// The parent is the nearest chosen link whose list is not half full of tree links. Where all
    /// are, the tree is walked from the nearest on: its leaves have room, whatever M.
    private static func joinTree<P: PairScorer & ~Copyable>(
        _ node: Ordinal,
        _ graph: LiveGraph,
        _ row: borrowing SelectedRow<P>,
        _ scratch: inout BuildScratch
    ) {
        let chosen = scratch.range(level: 0)
        for position in chosen where hasRoom(scratch.links[position], half: true, graph) {
            let parent = scratch.links[position]
            if tie(node, to: parent, scratch.linkDistances[position], graph, row, &scratch) {
                return
            }
        }
        scratch.search.visited.begin(count: graph.count)
        scratch.treeWalk.removeAll(keepingCapacity: true)
        for position in chosen { scratch.enqueue(scratch.links[position]) }
        var next = 0
        while next < scratch.treeWalk.count {
            let parent = scratch.treeWalk[next]
            next += 1
            if hasRoom(parent, half: false, graph) {
                let distance = graph.distance(to: parent, row, &scratch.search)
                if tie(node, to: parent, distance, graph, row, &scratch) { return }
            }
            for link in graph.list(of: parent, level: 0).links where link.isTree {
                scratch.enqueue(link.ordinal)
            }
        }
    }

    /// Whether a list can take one more tree link and still change.
    private static func hasRoom(_ node: Ordinal, half: Bool, _ graph: LiveGraph) -> Bool {
        let neighbours = graph.parameters.neighbours
        return graph.arena.treeDegree(of: node) < (half ? neighbours : 2 * neighbours - 1)
    }

    /// Publishes the node's own list with its parent, and offers the node to the parent.
    private static func tie<P: PairScorer & ~Copyable>(
        _ node: Ordinal,
        to parent: Ordinal,
        _ distance: Float,
        _ graph: LiveGraph,
        _ row: borrowing SelectedRow<P>,
        _ scratch: inout BuildScratch
    ) -> Bool {
        publish(node, level: 0, parent: parent, graph, &scratch)
        return scratch.offer.offer(
            Link(node, isTree: true),
            at: distance,
            to: parent,
            level: 0,
            in: graph,
            row.pairs
        )
    }

    /// Searches each level from the top and keeps the links it would have there.
    private static func chooseLinks<P: PairScorer & ~Copyable>(
        _ node: Ordinal,
        top: Int,
        from entry: (ordinal: Ordinal, level: Int),
        _ graph: LiveGraph,
        _ row: borrowing SelectedRow<P>,
        _ scratch: inout BuildScratch
    ) {
        scratch.clearLinks()
        var nearest = graph.descend(from: entry, to: top, row, &scratch.search)
        for level in stride(from: top, through: 0, by: -1) {
            scratch.search.visited.begin(count: graph.count)
            scratch.search.pool.reset(
                width: graph.parameters.candidatesMax,
                following: graph.parameters.buildBeamWidth
            )
            graph.admit(nearest, gated: false, &scratch.search)
            graph.searchLayer(level, row, gated: false, &scratch.search)
            nearest = scratch.search.pool[0]
            scratch.selection.choose(
                from: scratch.search.pool,
                for: node,
                degreeMax: graph.parameters.degreeMax(level: level),
                in: graph,
                row.pairs
            )
            scratch.keepSelection()
        }
    }

    /// Writes the node's own list of a level, which nobody else writes: no list names it yet.
    private static func publish(
        _ node: Ordinal,
        level: Int,
        parent: Ordinal?,
        _ graph: LiveGraph,
        _ scratch: inout BuildScratch
    ) {
        let diverseCount = scratch.copyList(
            level: level,
            parent: parent,
            degreeMax: graph.parameters.degreeMax(level: level)
        )
        guard let state = graph.arena.state(of: node, level: level) else { return }
        _ = graph.arena.replace(
            node,
            level: level,
            from: state,
            with: scratch.published.span,
            diverseCount: diverseCount
        )
    }
}
