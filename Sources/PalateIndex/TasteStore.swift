import Dispatch
package import PalateModel
import PalateStorage
package import PalateTaste
import Synchronization

/// A collection's taste: the event log and the people's records on disk, the graph in memory.
///
/// Taste names items by id, so it outlives generations. An event is acknowledged when it and the
/// records it changed are committed and synced in one transaction; queries see it a moment earlier.
/// When that transaction fails, the people it touched are put back as the disk has them.
package final class TasteStore: Sendable {
    /// Events applied per hold of the write lock: queries wait for one such slice at most.
    private static let eventsPerLock = 256
    /// Events that may wait for the disk.
    private static let backlogEvents = 4 * Limits.eventsPerRequest.upperBound
    /// How long a group of events gathers before it commits.
    private static let groupBytes = 16 << 20

    private struct Waiting {
        var events: [Event]
        var completion: @Sendable (Result<WriteReceipt, RequestError>) -> Void
    }

    private struct Backlog {
        var waiting: [Waiting] = []
        var events = 0
        var isScheduled = false
        var isClosed = false
    }

    private let tables: TasteTables
    private let graph: ReadWriteLock<TasteGraph>
    private let similarity: any ItemSimilarity
    private let queue: DispatchQueue
    private let backlog = Mutex(Backlog())
    private let storedEvents: Atomic<UInt64>

    /// Opens the store at `path`, making it when it is new, and reads everybody's record.
    init(
        path: String,
        mapBytes: Int,
        similarity: any ItemSimilarity
    ) throws(IndexError) {
        let tables = try TasteTables(path: path, mapBytes: mapBytes)
        self.tables = tables
        self.similarity = similarity
        queue = DispatchQueue(label: "palate.taste")
        var graph = TasteGraph()
        try tables.forEachUser { user, record in graph.load(record, for: user) }
        self.graph = ReadWriteLock(graph)
        storedEvents = Atomic(try tables.eventCount())
    }

    /// Reads the graph; the body must be short and must not call back into the store.
    package func read<Result: ~Copyable>(_ body: (borrowing TasteGraph) -> Result) -> Result {
        graph.withReadLock { graph in body(graph) }
    }

    /// Stores events and lets them count.
    ///
    /// - Parameter completion: called once, on the store's queue, after the commit.
    package func submit(
        _ events: [Event],
        completion: @escaping @Sendable (Result<WriteReceipt, RequestError>) -> Void
    ) {
        let refusal: RequestError? = backlog.withLock { backlog in
            guard !backlog.isClosed else { return .shuttingDown }
            guard backlog.events + events.count <= Self.backlogEvents else {
                return .overloaded(retryMilliseconds: CollectionWriter.retryMilliseconds)
            }
            backlog.events += events.count
            backlog.waiting.append(Waiting(events: events, completion: completion))
            if !backlog.isScheduled {
                backlog.isScheduled = true
                queue.async { self.drain() }
            }
            return nil
        }
        if let refusal { completion(.failure(refusal)) }
    }

    /// Adds the taste figures to a collection's.
    func addFigures(to stats: inout CollectionStats) {
        stats.events = storedEvents.load(ordering: .relaxed)
        let (users, edges) = graph.withReadLock { ($0.userCount, $0.edgeCount) }
        stats.users = UInt64(users)
        stats.edges = UInt64(edges)
    }

    /// Finishes what waits and refuses everything after.
    func close() {
        backlog.withLock { $0.isClosed = true }
        queue.sync { drain() }
    }

    private func drain() {
        while true {
            let group: [Waiting] = backlog.withLock { backlog in
                let group = backlog.waiting
                backlog.waiting = []
                backlog.events = 0
                if group.isEmpty { backlog.isScheduled = false }
                return group
            }
            if group.isEmpty { return }
            for waiting in group { write(waiting) }
        }
    }

    private func write(_ waiting: Waiting) {
        let touched = apply(waiting.events)
        let first = storedEvents.load(ordering: .relaxed)
        do throws(IndexError) {
            try tables.write(
                waiting.events,
                firstSequence: first,
                records: touched.map { user in
                    (user, graph.withReadLock { $0.record(of: user) } ?? UserRecord())
                }
            )
        } catch {
            restore(touched)
            waiting.completion(.failure(RequestError(error)))
            return
        }
        let version = first + UInt64(waiting.events.count)
        storedEvents.store(version, ordering: .relaxed)
        waiting.completion(
            .success(
                WriteReceipt(
                    version: version,
                    changed: UInt64(waiting.events.count),
                    generation: 0
                )
            )
        )
    }

    /// Applies events to the graph, a slice per hold of the lock; returns the people they changed.
    private func apply(_ events: [Event]) -> [UserID] {
        var touched: Set<UserID> = []
        var start = 0
        while start < events.count {
            let end = min(events.count, start + Self.eventsPerLock)
            graph.withWriteLock { graph in
                for event in events[start..<end] {
                    let changed = graph.apply(event) { item, others, similarities in
                        similarity.cosines(of: item, to: others, into: &similarities)
                    }
                    if changed { touched.insert(event.user) }
                }
            }
            start = end
        }
        return touched.sorted()
    }

    /// Puts people back as the disk has them.
    private func restore(_ users: [UserID]) {
        for user in users {
            let record = (try? tables.record(of: user)) ?? nil
            graph.withWriteLock { graph in
                if let record {
                    graph.load(record, for: user)
                } else {
                    graph.forget(user)
                }
            }
        }
    }
}

/// Cosines between items, for clustering what a person likes.
package protocol ItemSimilarity: Sendable {
    /// Writes the cosine of `item` to each of `others`, -1 to 1; 0 where one has no vector.
    ///
    /// - Returns: false when `item` has no vector (yet).
    func cosines(of item: ItemID, to others: [ItemID], into similarities: inout [Float]) -> Bool
}
