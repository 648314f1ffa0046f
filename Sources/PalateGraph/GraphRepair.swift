package import PalateModel

/// Takes deleted rows out of all lists, so that their slots can stand for other rows.
///
/// Every list that names one is found by reading all lists, as FreshDiskANN's consolidation does
/// (arXiv:2105.09613, Algorithm 4), and mended: see `ListRepair` and, for the spanning tree,
/// `TreeRepair`. A deleted row's own lists stay until its slot is used
/// again, so a search that stands there, or meets a list that is not mended yet, finds its way on.
package enum GraphRepair {
    /// Rows whose lists are read before another thread may have the core.
    static let rowsPerTurn: Ordinal = 1_024
    /// Lists mended before that.
    private static let listsPerTurn = 16

    /// Mends all lists that name the first `limit` deleted rows; searches may go on, writers not.
    ///
    /// - Parameters:
    ///   - limit: the most rows.
    ///   - graph: no row is being linked.
    ///   - threads: workers; they do not change the result.
    ///   - makeScorer: called once per worker.
    /// - Returns: the slots that are vacant now. Before one is given to another row, searches that
    ///   began earlier must have ended.
    package static func run<P: PairScorer & SendableMetatype & ~Copyable>(
        limit: Int,
        in graph: LiveGraph,
        threads: Int = 1,
        makeScorer: @Sendable () -> P
    ) -> [Ordinal] {
        var leaving = LeavingRows(count: graph.count)
        for row in 0..<Ordinal(graph.count) where leaving.rows.count < limit {
            if graph.isDeleted(row), !graph.isVacant(row) { leaving.insert(row) }
        }
        guard !leaving.rows.isEmpty else { return [] }
        let gone = leaving
        graph.withWorkers(max(1, threads), makeScorer: makeScorer) { team in
            let tree = TreeRepair.run(gone, graph, team[0])
            let lists = findLists(naming: gone, tree, graph, team)
            let poor = mend(lists, gone, tree, graph, team)
            // Searches read lists that others of these change: in order, for the same result.
            for list in poor { ListRepair.search(list, graph, team[0]) }
            for node in LonelyRows.find(after: gone, graph, team) {
                ListRepair.search(DamagedList(node: node, level: 0), graph, team[0])
            }
            moveEntry(gone, graph)
        }
        graph.vacate(leaving.rows)
        return leaving.rows
    }

    /// The lists that name a leaving row, or that must take a new link of the tree.
    private static func findLists<P: PairScorer & SendableMetatype & ~Copyable>(
        naming leaving: LeavingRows,
        _ tree: TreeRepair,
        _ graph: LiveGraph,
        _ team: [BuildWorker<P>]
    ) -> [DamagedList] {
        let found = ReadWriteLock<[DamagedList]>([])
        team.work { index, worker in
            var mine: [DamagedList] = []
            for node in graph.share(index, of: team.count)
            where !graph.isVacant(node) && !leaving.contains(node) {
                if node % rowsPerTurn == 0 { giveWay() }
                for level in 0...graph.level(of: node) {
                    let rows = graph.arena.copyRows(
                        node,
                        level: level,
                        into: &worker.box.scratch.search.list.rows
                    )
                    let isNamed = (0..<rows).contains {
                        leaving.contains(worker.box.scratch.search.list.rows[$0])
                    }
                    if isNamed || (level == 0 && tree.links[node] != nil) {
                        mine.append(DamagedList(node: node, level: level))
                    }
                }
            }
            found.withWriteLock { $0 += mine }
        }
        return found.withReadLock { $0 }.sorted { ($0.node, $0.level) < ($1.node, $1.level) }
    }

    /// Mends the lists in place; returns those where what is left is too little.
    private static func mend<P: PairScorer & SendableMetatype & ~Copyable>(
        _ lists: [DamagedList],
        _ leaving: LeavingRows,
        _ tree: TreeRepair,
        _ graph: LiveGraph,
        _ team: [BuildWorker<P>]
    ) -> [DamagedList] {
        let poor = ReadWriteLock<[DamagedList]>([])
        let count = team.count
        team.work { index, worker in
            var repair = ListRepair(neighbours: graph.parameters.neighbours)
            var mine: [DamagedList] = []
            for position in stride(from: index, to: lists.count, by: count) {
                if position / count % listsPerTurn == 0 { giveWay() }
                let list = lists[position]
                let isPoor = repair.mend(list, without: leaving, tree, graph, worker)
                if isPoor { mine.append(list) }
            }
            poor.withWriteLock { $0 += mine }
        }
        return poor.withReadLock { $0 }.sorted { ($0.node, $0.level) < ($1.node, $1.level) }
    }

    /// Chooses another entry point where the present one leaves: the first of the highest level.
    private static func moveEntry(_ leaving: LeavingRows, _ graph: LiveGraph) {
        guard let entry = graph.entryPoint, leaving.contains(entry) else { return }
        var best: (ordinal: Ordinal, level: Int)?
        for node in 0..<Ordinal(graph.count)
        where !graph.isVacant(node) && !leaving.contains(node) {
            if graph.level(of: node) > best?.level ?? -1 { best = (node, graph.level(of: node)) }
        }
        if let best { graph.setEntry(best.ordinal, level: best.level) } else { graph.clearEntry() }
    }
}

/// A list that names leaving rows.
struct DamagedList: Sendable {
    /// Whose list.
    var node: Ordinal
    /// Of which level.
    var level: Int
}

extension LiveGraph {
    /// The rows that one of `count` workers reads.
    func share(_ index: Int, of count: Int) -> Range<Ordinal> {
        let size = (self.count + count - 1) / count
        let first = min(self.count, index * size)
        return Ordinal(first)..<Ordinal(min(self.count, first + size))
    }
}

/// The deleted rows that one repair takes out.
struct LeavingRows: Sendable {
    /// Rising.
    private(set) var rows: [Ordinal] = []
    private var bits: [UInt64]

    /// None of `count`.
    init(count: Int) { bits = [UInt64](repeating: 0, count: count / 64 + 1) }

    /// Adds a row; rows come rising.
    mutating func insert(_ row: Ordinal) {
        bits[Int(row >> 6)] |= 1 << UInt64(row & 63)
        rows.append(row)
    }

    /// Whether a row is one of them.
    @inline(__always)
    func contains(_ row: Ordinal) -> Bool {
        Int(row >> 6) < bits.count && bits[Int(row >> 6)] >> UInt64(row & 63) & 1 != 0
    }
}
