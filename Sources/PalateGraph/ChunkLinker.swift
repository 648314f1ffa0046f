import PalateModel

/// Links a chunk of rows: Algorithm 1 in three phases, with the deviations in `LiveGraph.swift`.
///
/// 1. Each row's links are chosen from the graph as it was before the chunk and from the chunk's
///    earlier rows, by all workers.
/// 2. Own lists and tree links are published, in order.
/// 3. Links back are offered, in order for each list; lists are shared out among the workers.
///
/// So the result depends on the rows, their order and the chunk's bounds, never on the threads.
enum ChunkLinker {
    /// Links rows whose levels are set, whose codes are stored, and that no list names yet.
    static func link<P: PairScorer & SendableMetatype & ~Copyable>(
        _ chunk: RowChunk,
        into graph: LiveGraph,
        _ team: [BuildWorker<P>]
    ) {
        let team = chunk.rows.count == 1 ? Array(team.prefix(1)) : team
        let entry = graph.entryAndLevel
        team.work { _, worker in
            while let position = chunk.takeNext() {
                chooseLinks(position, of: chunk, from: entry, graph, worker)
                giveWay()
            }
        }
        for position in chunk.rows.indices { publish(position, of: chunk, graph, team[0]) }
        var highest = entry?.level ?? -1
        for node in chunk.rows where graph.arena.level(of: node) > highest {
            highest = graph.arena.level(of: node)
            graph.setEntry(node, level: highest)
        }
        chunk.collectOffers()
        let count = team.count
        team.work { index, worker in
            let (first, end) = (
                chunk.offers.start(of: index, of: count),
                chunk.offers.start(of: index + 1, of: count)
            )
            offerBack(chunk, first..<end, graph, worker)
        }
    }

    // MARK: Choosing

    /// Searches each level of the row from the top and keeps the links it would have there.
    private static func chooseLinks<P: PairScorer & ~Copyable>(
        _ position: Int,
        of chunk: RowChunk,
        from entry: (ordinal: Ordinal, level: Int)?,
        _ graph: LiveGraph,
        _ worker: BuildWorker<P>
    ) {
        let node = chunk.rows[position]
        let box = chunk.links(at: position)
        box.links.removeAll()
        worker.row.select(node)
        let top = graph.arena.level(of: node)
        var nearest = entry.map {
            graph.descend(from: $0, to: min(top, $0.level), worker.row, &worker.box.scratch.search)
        }
        for level in stride(from: top, through: 0, by: -1) {
            worker.box.scratch.search.pool.reset(
                width: graph.parameters.buildBeamWidth,
                remembers: true
            )
            if let start = nearest, let entry, level <= entry.level {
                worker.box.scratch.search.visited.begin(count: graph.count)
                graph.admit(start, gated: false, &worker.box.scratch.search)
                graph.searchLayer(level, worker.row, gated: false, &worker.box.scratch.search)
                nearest = worker.box.scratch.search.pool[0]
            }
            addMates(chunk.rows[..<position], level: level, graph, worker)
            choose(for: node, level: level, graph, worker)
            box.links.append(worker.box.scratch.selection)
        }
    }

    /// Offers earlier rows of the chunk, which no list names yet, to the candidates.
    ///
    /// The last ones; of more than these, which lie in an order of space then, some from everywhere
    /// too, or links between far regions are few.
    private static func addMates<P: PairScorer & ~Copyable>(
        _ mates: ArraySlice<Ordinal>,
        level: Int,
        _ graph: LiveGraph,
        _ worker: BuildWorker<P>
    ) {
        var (count, position) = (0, mates.endIndex)
        while position > mates.startIndex, count < RowChunk.capacity {
            position -= 1
            let mate = mates[position]
            guard level == 0 || graph.arena.level(of: mate) >= level else { continue }
            worker.box.scratch.search.list.rows[count] = mate
            count += 1
        }
        offer(count, worker)
        let far = position - mates.startIndex
        guard level == 0, far > 0 else { return }
        count = min(far, RowChunk.farMates)
        for index in 0..<count {
            let mate = mates[mates.startIndex + index * far / count]
            worker.box.scratch.search.list.rows[index] = mate
        }
        offer(count, worker)
    }

    /// Scores the first rows of the list and offers them to the candidates.
    private static func offer<P: PairScorer & ~Copyable>(_ count: Int, _ worker: BuildWorker<P>) {
        guard count > 0 else { return }
        worker.box.scratch.search.list.score(count: count, worker.row)
        worker.box.scratch.search.insertList(count: count)
    }

    /// Runs the heuristic over the candidates.
    static func choose<P: PairScorer & ~Copyable>(
        for node: Ordinal,
        level: Int,
        _ graph: LiveGraph,
        _ worker: BuildWorker<P>
    ) {
        worker.box.scratch.choose(
            for: node,
            degreeMax: graph.parameters.degreeMax(level: level),
            in: graph,
            worker.row.pairs
        )
    }

    // MARK: Publishing

    /// Publishes the row's own lists, level 0 last, and ties it to the spanning tree.
    private static func publish<P: PairScorer & ~Copyable>(
        _ position: Int,
        of chunk: RowChunk,
        _ graph: LiveGraph,
        _ worker: BuildWorker<P>
    ) {
        let node = chunk.rows[position]
        let links = chunk.links(at: position).links
        worker.row.select(node)
        for level in stride(from: links.level, to: 0, by: -1) {
            publish(node, links, level: level, parent: nil, graph, &worker.box.scratch)
        }
        joinTree(node, links, graph, worker.row, &worker.box.scratch)
    }

    /// Publishes level 0 and ties the node to the spanning tree; both ends keep that link.
    ///
    /// The parent is the nearest chosen link whose list is not half full of tree links. Where all
    /// are, the tree is walked from the nearest on: its leaves have room, whatever M.
    private static func joinTree<P: PairScorer & ~Copyable>(
        _ node: Ordinal,
        _ links: RowLinks,
        _ graph: LiveGraph,
        _ row: borrowing SelectedRow<P>,
        _ scratch: inout BuildScratch
    ) {
        let chosen = links.range(level: 0)
        for position in chosen where hasRoom(links.rows[position], half: true, graph) {
            let parent = links.rows[position]
            let distance = links.distances[position]
            if tie(node, links, to: parent, distance, graph, row, &scratch) { return }
        }
        scratch.search.visited.begin(count: graph.count)
        scratch.treeWalk.removeAll(keepingCapacity: true)
        for position in chosen { scratch.enqueue(links.rows[position]) }
        var next = 0
        while next < scratch.treeWalk.count {
            let parent = scratch.treeWalk[next]
            next += 1
            if hasRoom(parent, half: false, graph) {
                let distance = graph.distance(to: parent, row, &scratch.search)
                if tie(node, links, to: parent, distance, graph, row, &scratch) { return }
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
        _ links: RowLinks,
        to parent: Ordinal,
        _ distance: Float,
        _ graph: LiveGraph,
        _ row: borrowing SelectedRow<P>,
        _ scratch: inout BuildScratch
    ) -> Bool {
        publish(node, links, level: 0, parent: parent, graph, &scratch)
        return scratch.offer(
            Link(node, isTree: true),
            at: distance,
            to: parent,
            level: 0,
            in: graph,
            row.pairs
        )
    }

    /// Writes the node's own list of a level, which nobody else writes: no list names it yet.
    private static func publish(
        _ node: Ordinal,
        _ links: RowLinks,
        level: Int,
        parent: Ordinal?,
        _ graph: LiveGraph,
        _ scratch: inout BuildScratch
    ) {
        let diverseCount = links.copyList(
            level: level,
            parent: parent,
            degreeMax: graph.parameters.degreeMax(level: level),
            into: &scratch.published
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

    // MARK: Links back

    /// Makes a range of the chunk's offers.
    private static func offerBack<P: PairScorer & ~Copyable>(
        _ chunk: RowChunk,
        _ range: Range<Int>,
        _ graph: LiveGraph,
        _ worker: BuildWorker<P>
    ) {
        var next = range.lowerBound
        var listCount = 0
        while next < range.upperBound, let first = chunk.offers.offer(next) {
            worker.box.scratch.newcomers.removeAll(keepingCapacity: true)
            while next < range.upperBound, let offer = chunk.offers.offer(next),
                offer.list == first.list
            {
                // Not copied: four counts of references would go up and down.
                let box = chunk.links(at: offer.position)
                let place = box.links.range(level: offer.level).lowerBound + offer.place
                worker.box.scratch.newcomers.append(
                    Newcomer(
                        link: Link(chunk.rows[offer.position], isTree: false),
                        distance: box.links.distances[place]
                    )
                )
                next += 1
            }
            _ = worker.box.scratch.offerNewcomers(
                to: first.owner,
                level: first.level,
                in: graph,
                worker.row.pairs
            )
            listCount += 1
            if listCount.isMultiple(of: listsPerTurn) { giveWay() }
        }
    }

    /// Lists between two offers of the core to others.
    private static let listsPerTurn = 32
}
