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
    ///   - isShuffled: link in a random order of the graph's seed: for rows that lie in an order of
    ///     space, which would make a graph of one region after another.
    ///   - makeScorer: called once per worker.
    ///   - progress: called with the rows linked so far, from any worker, and at the end.
    package static func insert<P: PairScorer & SendableMetatype & ~Copyable>(
        _ range: Range<Ordinal>,
        into graph: LiveGraph,
        threads: Int = 1,
        isShuffled: Bool = false,
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
        let order = isShuffled ? shuffled(range, seed: graph.parameters.seed) : nil
        let queue = RowQueue(range, order: order)
        let workers = max(1, min(threads, range.count))
        if workers == 1 {
            work(queue, graph, makeScorer(), progress)
        } else {
            DispatchQueue.concurrentPerform(iterations: workers) { _ in
                work(queue, graph, makeScorer(), progress)
            }
        }
    }

    /// Fisher and Yates.
    private static func shuffled(_ range: Range<Ordinal>, seed: UInt64) -> [Ordinal] {
        var rows = Array(range)
        for position in rows.indices.dropFirst().reversed() {
            let drawn = SplitMix64.number(UInt64(position), seed: seed)
            rows.swapAt(position, Int(drawn % UInt64(position + 1)))
        }
        return rows
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
    private let first: Ordinal
    private let order: [Ordinal]?
    private let upcoming = Atomic<Int>(0)
    private let finished = Atomic<Int>(0)

    /// Hands out the rows as `order` has them, or rising where it is nil.
    init(_ range: Range<Ordinal>, order: [Ordinal]?) {
        count = range.count
        first = range.lowerBound
        self.order = order
    }

    /// The next row; nil when all are taken.
    func next() -> Ordinal? {
        let position = upcoming.wrappingAdd(1, ordering: .relaxed).oldValue
        guard position < count else { return nil }
        return order.map { $0[position] } ?? first + Ordinal(position)
    }

    /// Counts a linked row; returns how many there are.
    func finishOne() -> Int { finished.wrappingAdd(1, ordering: .relaxed).newValue }
}
