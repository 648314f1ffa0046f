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
    /// Events of one transaction, unless one submission has more.
    private static let groupEvents = 8_192
    /// People clustered per hold of the write lock.
    private static let usersPerLock = 16
    /// Pairs of an item without a vector and somebody who likes it that are remembered; those
    /// beyond are clustered when the collection is opened again.
    private static let waitingPairsMax = 1 << 20

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

    /// Liked items without a vector, and whose clusters wait for it.
    private struct Unclustered {
        var users: [ItemID: Set<UserID>] = [:]
        var pairs = 0
    }

    let tables: TasteTables
    let graph: ReadWriteLock<TasteGraph>
    /// Of the live generation.
    private let similarity: ReadWriteLock<any ItemSimilarity>
    let queue: DispatchQueue
    private let backlog = ReadWriteLock(Backlog())
    /// Events that may wait for the disk; beyond, they are refused at once.
    private let backlogMax: Int
    /// Events ever stored.
    let storedEvents: Atomic<UInt64>
    /// The sequence of the first event that was not let go.
    let firstEvent: Atomic<UInt64>
    /// Weight profiles that were stored, by name.
    let profiles: ReadWriteLock<[String: TasteNumbers]>
    /// The edition of the stored settings; 0 = the defaults.
    let settingsVersion: Atomic<UInt64>
    let sandboxes = ReadWriteLock(Sandboxes())
    let sessions = ReadWriteLock(Sessions())
    /// Item-item edges of the last refresh.
    let edges: ReadWriteLock<ItemEdges?>
    /// Whether a refresh is under way.
    let isRefreshing = Atomic(false)
    let refreshQueue = DispatchQueue(label: "palate.taste.refresh", qos: .utility)
    /// Ends a refresh that is under way.
    let isClosing = Atomic(false)
    /// Who is to be clustered anew.
    let restlessness = ReadWriteLock(Restlessness())
    /// People with clusters made anew that the disk does not have yet.
    let unstored = ReadWriteLock<Set<UserID>>([])
    let reclusterQueue = DispatchQueue(label: "palate.taste.clusters", qos: .utility)
    /// Splits of people between weight profiles, by name.
    let experiments: ReadWriteLock<[String: StoredExperiment]>
    /// What came of lists.
    let engagement = ReadWriteLock(EngagementGauges())
    let slates = ReadWriteLock(SlateGauges())
    let servedLists = Atomic<UInt64>(0)
    /// When the popularity of the most liked items was looked at, and what it was.
    let head = ReadWriteLock<(time: Int64, likes: Int)>((.min, 1))
    /// When drift was looked at, and what it was.
    let knownDrift = ReadWriteLock<(time: Int64, mean: Double, people: Int)>((.min, 0, 0))
    /// When edges were last to be refreshed by themselves, milliseconds since 1970 UTC.
    let refreshAttempt = Atomic<Int64>(.min)
    /// Tells derived records of one person apart.
    let variants = Atomic<UInt64>(0)
    private let unclustered = ReadWriteLock(Unclustered())

    /// Opens the store at `path`, or makes it with `creates`, and reads everybody's record.
    init(
        path: String,
        mapBytes: MapBytes,
        creates: Bool,
        similarity: any ItemSimilarity,
        backlogMax: Int
    ) throws(IndexError) {
        self.backlogMax = backlogMax
        let tables = try TasteTables(path: path, mapBytes: mapBytes, creates: creates)
        self.tables = tables
        self.similarity = ReadWriteLock(similarity)
        queue = DispatchQueue(label: "palate.taste")
        try tables.checkUsers()
        try tables.indexHistory()
        let stored = try StoredNumbers(tables)
        profiles = ReadWriteLock(stored.profiles)
        experiments = ReadWriteLock(stored.experiments)
        settingsVersion = Atomic(stored.settingsVersion)
        edges = ReadWriteLock(try tables.storedEdges())
        var graph = TasteGraph(settings: stored.settings)
        var users: [UserID] = []
        try tables.forEachUser { user, record in
            graph.load(record, for: user)
            users.append(user)
        }
        self.graph = ReadWriteLock(graph)
        storedEvents = Atomic(try tables.eventCount())
        firstEvent = Atomic(try tables.firstSequence())
        // Items may have got their vectors since their events were counted.
        queue.sync { cluster(users) }
    }

    /// Where events and records are kept.
    var environment: Environment { tables.environment }

    /// Reads the graph; the body must be short and must not call back into the store.
    package func read<Result: ~Copyable>(_ body: (borrowing TasteGraph) -> Result) -> Result {
        graph.withReadLock { graph in body(graph) }
    }

    /// Stores events and lets them count.
    ///
    /// - Parameters:
    ///   - events: what people did.
    ///   - completion: called once: on the store's queue after the commit, or at once by the
    ///     caller's own thread where the events are refused.
    package func submit(
        _ events: [Event],
        completion: @escaping @Sendable (Result<WriteReceipt, RequestError>) -> Void
    ) {
        let refusal: RequestError? = backlog.withWriteLock { backlog in
            guard !backlog.isClosed else { return .shuttingDown }
            guard backlog.events + events.count <= backlogMax || backlog.waiting.isEmpty else {
                return .overloaded(
                    by: .eventBacklog,
                    expected: backlogMax,
                    retryMilliseconds: CollectionWriter.retryMilliseconds
                )
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

    /// Events stored, for receipts.
    var eventVersion: UInt64 { storedEvents.load(ordering: .relaxed) }

    /// Nothing waits for items on behalf of somebody who was forgotten.
    func stopWaiting(_ user: UserID) {
        unclustered.withWriteLock { waiting in
            for item in waiting.users.keys where waiting.users[item]?.remove(user) != nil {
                waiting.pairs -= 1
            }
        }
    }

    /// Finishes what waits and refuses everything after.
    func close() {
        isClosing.store(true, ordering: .relaxed)
        // A refresh gives up soon, and lets go of the environment.
        refreshQueue.sync {}
        reclusterQueue.sync {}
        backlog.withWriteLock { $0.isClosed = true }
        queue.sync {
            drain()
            let users = takeUnstored()
            if !users.isEmpty { try? storeRecords(of: users.sorted()) }
        }
    }

    private func drain() {
        while true {
            let group: [Waiting] = backlog.withWriteLock { backlog in
                var count = 0
                var events = 0
                for waiting in backlog.waiting {
                    if count > 0, events + waiting.events.count > Self.groupEvents { break }
                    count += 1
                    events += waiting.events.count
                }
                let group = Array(backlog.waiting.prefix(count))
                backlog.waiting.removeFirst(count)
                backlog.events -= events
                if group.isEmpty { backlog.isScheduled = false }
                return group
            }
            if group.isEmpty { return }
            write(group)
        }
    }

    /// Commits a group; when the store refuses it, each submission by itself, so that one that is
    /// too large for the disk does not take others with it.
    private func write(_ group: [Waiting]) {
        var touched: [UserID] = []
        var counts: [Int] = []
        var events: [Event] = []
        let first = storedEvents.load(ordering: .relaxed)
        do throws(IndexError) {
            (events, counts) = try newEvents(of: group.map(\.events))
            touched = apply(events)
            try tables.write(
                events,
                firstSequence: first,
                records: records(of: takeUnstored().union(touched).sorted())
            )
        } catch {
            restore(touched)
            if group.count == 1 {
                group[0].completion(.failure(RequestError(error)))
            } else {
                for waiting in group { write([waiting]) }
            }
            return
        }
        storedEvents.store(first + UInt64(events.count), ordering: .relaxed)
        noteActs(events)
        engagement.withWriteLock { gauges in for event in events { gauges.count(event) } }
        var version = first
        for (waiting, count) in zip(group, counts) {
            let count = UInt64(count)
            version += count
            waiting.completion(
                .success(WriteReceipt(version: version, changed: count, generation: 0))
            )
        }
    }

    /// The events of a group that are not stored yet, and how many of each submission those are.
    private func newEvents(of group: [[Event]]) throws(IndexError) -> ([Event], [Int]) {
        let ids = group.flatMap { $0.compactMap(\.id) }
        guard !ids.isEmpty else { return (Array(group.joined()), group.map(\.count)) }
        var seen = try tables.knownIDs(ids)
        var counts: [Int] = []
        var events: [Event] = []
        for submission in group {
            let before = events.count
            events += submission.filter { event in
                event.id.map { seen.insert($0).inserted } ?? true
            }
            counts.append(events.count - before)
        }
        return (events, counts)
    }

    private func records(of users: [UserID]) -> [(UserID, UserRecord)] {
        users.map { user in (user, graph.withReadLock { $0.record(of: user) } ?? UserRecord()) }
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
                        cosines(of: item, to: others, for: event.user, into: &similarities)
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

    // MARK: Items that get their vectors after their events

    /// Clusters anew whoever likes one of `items` and waited for its vector; on the writer's queue,
    /// after the directory knows the items.
    func itemsArrived(_ items: some Sequence<ItemID>) {
        let users: Set<UserID> = unclustered.withWriteLock { waiting in
            guard waiting.pairs > 0 else { return [] }
            var users: Set<UserID> = []
            for item in items {
                guard let found = waiting.users.removeValue(forKey: item) else { continue }
                waiting.pairs -= found.count
                users.formUnion(found)
            }
            return users
        }
        guard !users.isEmpty else { return }
        queue.async { self.cluster(users.sorted()) }
    }

    /// Compares items by another generation from now on; liked items that it has and the one before
    /// had not get their clusters.
    func follow(_ next: any ItemSimilarity) {
        similarity.withWriteLock { $0 = next }
        let users = unclustered.withWriteLock { waiting in
            defer { waiting = Unclustered() }
            return waiting.users.values.reduce(into: Set<UserID>()) { $0.formUnion($1) }
        }
        guard !users.isEmpty else { return }
        queue.async { self.cluster(users.sorted()) }
    }

    /// Puts unclustered liked items into clusters and stores whom that changed; on the queue.
    private func cluster(_ users: [UserID]) {
        var changed: [UserID] = []
        var start = 0
        while start < users.count {
            let end = min(users.count, start + Self.usersPerLock)
            graph.withWriteLock { graph in
                for user in users[start..<end] {
                    let isChanged = graph.cluster(user) { item, others, similarities in
                        cosines(of: item, to: others, for: user, into: &similarities)
                    }
                    if isChanged { changed.append(user) }
                }
            }
            start = end
        }
        guard !changed.isEmpty else { return }
        // A failure costs nothing: opening the store clusters them again.
        try? storeRecords(of: changed)
    }

    /// Stores what the graph holds of some people; on the queue.
    func storeRecords(of users: [UserID]) throws(IndexError) {
        try tables.write(
            [],
            firstSequence: storedEvents.load(ordering: .relaxed),
            records: records(of: users)
        )
    }

    /// Cosines of all pairs of items that the live generation has.
    func pairs(of items: [ItemID]) -> (items: [ItemID], cosines: [Float]) {
        similarity.withReadLock { $0 }.pairs(of: items)
    }

    /// Cosines of the live generation, for records that are not stored.
    func cosines(
        of item: ItemID,
        to others: [ItemID],
        into similarities: inout [Float]
    ) -> Bool {
        similarity.withReadLock { $0 }.cosines(of: item, to: others, into: &similarities)
    }

    /// Cosines, remembering who waits for the item's vector where it has none.
    private func cosines(
        of item: ItemID,
        to others: [ItemID],
        for user: UserID,
        into similarities: inout [Float]
    ) -> Bool {
        let similarity = similarity.withReadLock { $0 }
        if similarity.cosines(of: item, to: others, into: &similarities) { return true }
        unclustered.withWriteLock { waiting in
            guard waiting.pairs < Self.waitingPairsMax else { return }
            if waiting.users[item, default: []].insert(user).inserted { waiting.pairs += 1 }
        }
        // Asked again: the item may have arrived before it was waited for.
        return similarity.cosines(of: item, to: others, into: &similarities)
    }
}
