import PalateModel

/// Live rows that leaving ones named and few others do: searches would hardly come by them.
///
/// Mending fills the lists that lose a link; nobody fills up the links *to* a row. Its neighbours'
/// lists are full of others by then, so after some rounds of churn a few rows in ten thousand are
/// not found by their own vector, although the spanning tree still reaches them ("unreachable
/// points", arXiv:2407.07871). Such a row is searched for and offered as if it were new. After 20
/// rounds of 10 % on fashion-mnist (`benchmarks/live/churn.py`), of 54,000 rows 23 were not found
/// without this, 6 below M/4 links and 1 below M/2, as in a fresh build.
enum LonelyRows {
    /// The rows, rising.
    static func find<P: PairScorer & SendableMetatype & ~Copyable>(
        after leaving: LeavingRows,
        _ graph: LiveGraph,
        _ team: [BuildWorker<P>]
    ) -> [Ordinal] {
        let degrees = degreesIn(graph, team)
        let least = graph.parameters.neighbours / 2
        var lonely: Set<Ordinal> = []
        for row in leaving.rows {
            for link in graph.list(of: row, level: 0).links
            where degrees[Int(link.ordinal)] < least && !graph.isDeleted(link.ordinal) {
                lonely.insert(link.ordinal)
            }
        }
        return lonely.sorted()
    }

    /// Links to each row from live ones on level 0; shape [count], 255 = that many or more.
    private static func degreesIn<P: PairScorer & SendableMetatype & ~Copyable>(
        _ graph: LiveGraph,
        _ team: [BuildWorker<P>]
    ) -> [UInt8] {
        let sums = ReadWriteLock([UInt8](repeating: 0, count: graph.count))
        team.work { index, worker in
            var mine = [UInt8](repeating: 0, count: graph.count)
            for node in graph.share(index, of: team.count) where !graph.isDeleted(node) {
                if node % GraphRepair.rowsPerTurn == 0 { giveWay() }
                let count = graph.arena.copyRows(
                    node,
                    level: 0,
                    into: &worker.box.scratch.search.list.rows
                )
                for place in 0..<count {
                    let row = Int(worker.box.scratch.search.list.rows[place])
                    if mine[row] < .max { mine[row] += 1 }
                }
            }
            sums.withWriteLock { sums in
                for row in sums.indices {
                    sums[row] = UInt8(clamping: Int(sums[row]) + Int(mine[row]))
                }
            }
        }
        return sums.withReadLock { $0 }
    }
}
