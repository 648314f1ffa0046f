import PalateGraph
import PalateModel

/// Which live rows no search can reach: none, unless something is wrong.
///
/// Runs beside searches and writes, some 0.5 us a row and level-0 list. A row that is being linked
/// has no way to it yet, so what a first look misses counts only when a second one misses it too.
struct Reachability: Equatable {
    /// Live rows that no links lead to.
    private(set) var unreachableCount = 0
    /// Rows looked at; 0 = never looked.
    private(set) var rowCount = 0

    /// Looks twice where the first look misses something, `pause` between the two.
    ///
    /// - Parameters:
    ///   - graph: changing or not.
    ///   - pause: waits until what was being linked must be linked.
    /// - Returns: what both looks missed.
    static func check(_ graph: LiveGraph, pause: () -> Void) -> Reachability {
        var found = Reachability()
        found.rowCount = graph.count
        var missed = unreachable(in: graph, below: found.rowCount)
        if !missed.isEmpty {
            pause()
            missed.formIntersection(unreachable(in: graph, below: found.rowCount))
        }
        found.unreachableCount = missed.count
        return found
    }

    /// Live rows below `count` that level-0 links do not lead to from the entry point.
    private static func unreachable(in graph: LiveGraph, below count: Int) -> Set<Ordinal> {
        let isSeen = GraphInvariants.reachable(graph)
        let missed = (0..<Ordinal(count)).lazy.filter { row in
            !isSeen[Int(row)] && !graph.isDeleted(row)
        }
        return Set(missed)
    }
}
