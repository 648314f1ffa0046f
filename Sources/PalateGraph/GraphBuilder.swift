import Dispatch
package import PalateModel
import Synchronization

/// Inserts ranges of rows.
///
/// On one thread the result depends on parameters, order and distances alone; on several also on
/// their timing, within the spread of recall between seeds.
package enum GraphBuilder {
    /// Rows between two calls of `progress`.
    package static let progressStep = 1_024

    /// Links rows `range`, which follow the graph's last; searches may go on meanwhile.
    ///
    /// The vectors of the range are stored already. Linking the tail again after a recovery is the
    /// same call. One caller at a time.
    ///
    /// - Parameters:
    ///   - range: starts at `graph.count`, ends within its capacity.
    ///   - graph: where to.
    ///   - threads: workers; 1 = the calling thread alone.
    ///   - makeScorer: called once per worker.
    ///   - progress: called with the rows linked so far, from any worker, and at the end.
    package static func insert<P: PairScorer & SendableMetatype & ~Copyable>(
        _ range: Range<Ordinal>,
        into graph: LiveGraph,
        threads: Int = 1,
        makeScorer: @Sendable () -> P,
        progress: (@Sendable (_ linked: Int) -> Void)? = nil
    ) {
        precondition(Int(range.lowerBound) == graph.count, "the range must follow the last row")
        precondition(Int(range.upperBound) <= graph.capacity, "the range exceeds the capacity")
        guard !range.isEmpty else { return }
        for ordinal in range {
            _ = graph.arena.setLevel(graph.parameters.level(of: ordinal), of: ordinal)
        }
        graph.publish(count: Int(range.upperBound))
        let queue = RowQueue(range)
        let workers = max(1, min(threads, range.count))
        if workers == 1 {
            work(queue, graph, makeScorer(), progress)
        } else {
            DispatchQueue.concurrentPerform(iterations: workers) { _ in
                work(queue, graph, makeScorer(), progress)
            }
        }
    }

    private static func work<P: PairScorer & ~Copyable>(
        _ queue: RowQueue,
        _ graph: LiveGraph,
        _ scorer: consuming P,
        _ progress: (@Sendable (_ linked: Int) -> Void)?
    ) {
        let box = graph.takeBuildScratch()
        var row = SelectedRow(pairs: scorer)
        while let ordinal = queue.next() {
            NodeLinker.link(ordinal, into: graph, &row, &box.scratch)
            let linked = queue.finishOne()
            if linked % progressStep == 0 || linked == queue.count { progress?(linked) }
        }
        graph.returnBuildScratch(box)
    }
}

/// Hands the rows of a range to workers.
private final class RowQueue: Sendable {
    /// Rows in all.
    let count: Int
    private let end: Int
    private let upcoming: Atomic<Int>
    private let finished = Atomic<Int>(0)

    init(_ range: Range<Ordinal>) {
        count = range.count
        end = Int(range.upperBound)
        upcoming = Atomic(Int(range.lowerBound))
    }

    /// The next row; nil when all are taken.
    func next() -> Ordinal? {
        let row = upcoming.wrappingAdd(1, ordering: .relaxed).oldValue
        return row < end ? Ordinal(row) : nil
    }

    /// Counts a linked row; returns how many there are.
    func finishOne() -> Int { finished.wrappingAdd(1, ordering: .relaxed).newValue }
}
