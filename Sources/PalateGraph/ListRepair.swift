import PalateModel

/// Mends one list: the leaving rows' places go to their own neighbours.
///
/// Those that are nearer to the list's owner than to every diverse link come first, as the
/// heuristic would have them, then the nearest of the others. Where less than half of a full list
/// would be live, the owner is searched for again, as if it were new.
struct ListRepair: ~Copyable {
    private var list: [Link]
    /// What stays, and what joins: the diverse links and the fillers.
    private var diverse: [Link] = []
    private var fillers: [Link] = []
    /// Neighbours of leaving rows that the list does not name.
    private var candidates: [Ordinal] = []
    private var distances: [Float] = []
    private var order: [CandidateKey] = []
    private var pairDistances: [Float]

    init(neighbours: Int) {
        list = [Link](repeating: Link(word: 0), count: 2 * neighbours)
        pairDistances = [Float](repeating: 0, count: 2 * neighbours)
    }

    /// Publishes the list without the leaving rows.
    ///
    /// - Returns: whether what it names now is too little.
    mutating func mend<P: PairScorer & ~Copyable>(
        _ damaged: DamagedList,
        without leaving: LeavingRows,
        _ tree: TreeRepair,
        _ graph: LiveGraph,
        _ worker: BuildWorker<P>
    ) -> Bool {
        let (node, level) = (damaged.node, damaged.level)
        guard let state = graph.arena.copy(node, level: level, into: &list) else { return false }
        let treeLinks = level == 0 ? tree.links[node] : nil
        worker.box.scratch.search.visited.begin(count: graph.count)
        _ = worker.box.scratch.search.visited.insert(node)
        keep(state, leaving, treeLinks, &worker.box.scratch.search.visited)
        let degreeMax = graph.parameters.degreeMax(level: level)
        makeRoom(degreeMax)
        gather(state, level: level, leaving, graph, worker)
        fill(node, degreeMax, worker)
        let live = diverse.count + fillers.count
        let diverseCount = diverse.count
        diverse.append(contentsOf: fillers)
        // Nobody else writes this list meanwhile.
        _ = graph.arena.replace(
            node,
            level: level,
            from: state,
            with: diverse.span,
            diverseCount: diverseCount
        )
        return 2 * live < min(degreeMax, graph.liveCount)
    }

    /// Sorts what stays into diverse links and fillers, with the tree links that are to be.
    private mutating func keep(
        _ state: ListState,
        _ leaving: LeavingRows,
        _ treeLinks: [Ordinal]?,
        _ visited: inout VisitedRows
    ) {
        diverse.removeAll(keepingCapacity: true)
        fillers.removeAll(keepingCapacity: true)
        for position in 0..<state.count where !leaving.contains(list[position].ordinal) {
            let row = list[position].ordinal
            _ = visited.insert(row)
            let isTree = treeLinks?.contains(row) ?? list[position].isTree
            let link = Link(row, isTree: isTree)
            if position < state.diverseCount { diverse.append(link) } else { fillers.append(link) }
        }
        for row in treeLinks ?? [] where visited.insert(row) {
            fillers.append(Link(row, isTree: true))
        }
    }

    /// Gives up links that the tree does not need until the list fits: fillers first.
    private mutating func makeRoom(_ degreeMax: Int) {
        while diverse.count + fillers.count > degreeMax {
            if let last = fillers.lastIndex(where: { !$0.isTree }) {
                fillers.remove(at: last)
            } else if let last = diverse.lastIndex(where: { !$0.isTree }) {
                diverse.remove(at: last)
            } else {
                return
            }
        }
    }

    /// Collects the live neighbours of the leaving rows, nearest first.
    private mutating func gather<P: PairScorer & ~Copyable>(
        _ state: ListState,
        level: Int,
        _ leaving: LeavingRows,
        _ graph: LiveGraph,
        _ worker: BuildWorker<P>
    ) {
        candidates.removeAll(keepingCapacity: true)
        for position in 0..<state.count where leaving.contains(list[position].ordinal) {
            let count = graph.arena.copyRows(
                list[position].ordinal,
                level: level,
                into: &worker.box.scratch.search.list.rows
            )
            for index in 0..<count {
                let row = worker.box.scratch.search.list.rows[index]
                guard !graph.isDeleted(row), worker.box.scratch.search.visited.insert(row)
                else { continue }
                candidates.append(row)
            }
        }
    }

    /// Fills the list up to its degree from the candidates.
    private mutating func fill<P: PairScorer & ~Copyable>(
        _ node: Ordinal,
        _ degreeMax: Int,
        _ worker: BuildWorker<P>
    ) {
        var room = degreeMax - diverse.count - fillers.count
        guard room > 0, !candidates.isEmpty else { return }
        while distances.count < candidates.count { distances.append(0) }
        Self.score(from: node, to: candidates, worker, into: &distances)
        order.removeAll(keepingCapacity: true)
        for (index, row) in candidates.enumerated() {
            order.append(CandidateKey(distance: distances[index], ordinal: row))
        }
        order.sort()
        var rest = 0
        for key in order {
            if room > 0, isDiverse(key, worker) {
                diverse.append(Link(key.ordinal, isTree: false))
                room -= 1
            } else {
                order[rest] = key
                rest += 1
            }
        }
        for key in order.prefix(min(rest, room)) {
            fillers.append(Link(key.ordinal, isTree: false))
        }
    }

    /// Whether a candidate is nearer to the owner than to every diverse link.
    private mutating func isDiverse<P: PairScorer & ~Copyable>(
        _ candidate: CandidateKey,
        _ worker: BuildWorker<P>
    ) -> Bool {
        let count = diverse.count
        worker.box.scratch.treeWalk.removeAll(keepingCapacity: true)
        for link in diverse { worker.box.scratch.treeWalk.append(link.ordinal) }
        Self.score(
            from: candidate.ordinal,
            to: worker.box.scratch.treeWalk,
            worker,
            into: &pairDistances
        )
        for position in 0..<count where pairDistances[position] <= candidate.distance {
            return false
        }
        return true
    }

    private static func score<P: PairScorer & ~Copyable>(
        from row: Ordinal,
        to others: [Ordinal],
        _ worker: BuildWorker<P>,
        into distances: inout [Float]
    ) {
        var span = distances.mutableSpan
        worker.row.pairs.score(from: row, to: others.span, into: &span)
    }

    // MARK: Poor lists

    /// Chooses a list anew from a search for its owner, and offers the owner to those it names.
    static func search<P: PairScorer & ~Copyable>(
        _ damaged: DamagedList,
        _ graph: LiveGraph,
        _ worker: BuildWorker<P>
    ) {
        giveWay()
        let (node, level) = (damaged.node, damaged.level)
        guard let entry = graph.entryAndLevel else { return }
        worker.row.select(node)
        let start = graph.descend(
            from: entry,
            to: level,
            worker.row,
            &worker.box.scratch.search
        )
        worker.box.scratch.search.visited.begin(count: graph.count)
        worker.box.scratch.search.pool.reset(
            width: graph.parameters.buildBeamWidth,
            remembers: true
        )
        worker.box.scratch.search.frontier.removeAll()
        // Gated: deleted rows are walked through, and not among the candidates.
        graph.admit(start, gated: true, &worker.box.scratch.search)
        graph.searchLayer(level, worker.row, gated: true, &worker.box.scratch.search)
        ChunkLinker.choose(for: node, level: level, graph, worker)
        publish(damaged, graph, worker)
        for place in worker.box.scratch.selection.links.indices {
            _ = worker.box.scratch.offer(
                Link(node, isTree: false),
                at: worker.box.scratch.selection.linkDistances[place],
                to: worker.box.scratch.selection.links[place],
                level: level,
                in: graph,
                worker.row.pairs
            )
        }
    }

    /// Publishes the links chosen, with the tree links that the list has.
    private static func publish<P: PairScorer & ~Copyable>(
        _ damaged: DamagedList,
        _ graph: LiveGraph,
        _ worker: BuildWorker<P>
    ) {
        let (node, level) = (damaged.node, damaged.level)
        let (links, _) = graph.list(of: node, level: level)
        guard let state = graph.arena.state(of: node, level: level) else { return }
        var chosen = worker.box.scratch.selection.links.map { Link($0, isTree: false) }
        let diverseCount = worker.box.scratch.selection.diverseCount
        let mandatory = links.filter(\.isTree)
        let degreeMax = graph.parameters.degreeMax(level: level)
        for link in mandatory {
            if let place = chosen.firstIndex(where: { $0.ordinal == link.ordinal }) {
                chosen[place] = link
            }
        }
        for link in mandatory where !chosen.contains(link) {
            if chosen.count == degreeMax, let last = chosen.lastIndex(where: { !$0.isTree }) {
                chosen.remove(at: last)
            }
            chosen.append(link)
        }
        _ = graph.arena.replace(
            node,
            level: level,
            from: state,
            with: chosen.span,
            diverseCount: min(diverseCount, chosen.count)
        )
    }
}
