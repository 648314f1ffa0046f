import Dispatch
import PalateIndex
import PalateModel
import PalateTaste
import Synchronization
import TestKit
import Testing

/// What is left of events after reopening, failing and arriving early.
@Suite struct TasteStoreTests {
    private static let day: Int64 = 86_400_000

    /// What a person's taste says now: everything a query asks for.
    private struct Portrait: Equatable {
        var medoids: [Medoid]
        var negatives: [ScoredItem]
        var seen: [ItemID]
        var hidden: [ItemID]
        var walked: [ScoredItem]

        init(_ user: UserID, in collection: Collection, now: Int64 = 40 * day) {
            var scratch = WalkScratch()
            self = collection.taste.read { graph in
                Portrait(user, graph, now, &scratch)
            }
        }

        private init(
            _ user: UserID,
            _ graph: borrowing TasteGraph,
            _ now: Int64,
            _ scratch: inout WalkScratch
        ) {
            medoids = graph.medoids(of: user, now: now, limit: 100)
            negatives = graph.negatives(of: user, now: now, limit: 100)
            seen = graph.seenItems(of: user)
            hidden = graph.hiddenItems(of: user)
            walked = graph.walk(from: user, now: now, limit: 100, scratch: &scratch)
        }
    }

    private func randomEvents(
        _ count: Int,
        items: Int,
        _ generator: inout SeededGenerator
    ) -> [Event] {
        (0..<count).map { index in
            Event(
                user: UserID.random(in: 0..<12, using: &generator),
                item: IndexFixture.item(Int.random(in: 0..<items, using: &generator)),
                type: EventType.allCases.randomElement(using: &generator) ?? .save,
                timeMilliseconds: Int64(index) * 3_600_000
            )
        }
    }

    @Test func `taste is the same after reopening`() throws {
        var generator = SeededGenerator(seed: testSeed())
        let fixture = IndexFixture(count: 150)
        let (directory, collection) = try fixture.create()
        try write(.upsert(fixture.batch(0..<150)), to: collection)
        // Clusters that are made anew reach the disk a little later.
        try set("recluster_events", 0, in: collection)
        for _ in 0..<8 {
            // Some events are about items that the collection does not hold.
            try tell(randomEvents(60, items: 170, &generator), to: collection)
        }
        let crashed = fixture.temporary.path + "/crashed"
        try copyTree(fixture.path, to: crashed)
        let reopened = try fixture.open(path: crashed)
        let again = try reopened.collection(named: "pins")
        for user in 0..<UserID(12) {
            let before = Portrait(user, in: collection)
            let after = Portrait(user, in: again)
            #expect(after.medoids == before.medoids)
            #expect(after.negatives == before.negatives)
            #expect(after.seen == before.seen)
            #expect(after.hidden == before.hidden)
            // The order in which people are loaded changes the order of the sums, nothing else.
            let scores = Dictionary(uniqueKeysWithValues: after.walked.map { ($0.item, $0.score) })
            #expect(scores.count == before.walked.count)
            for expected in before.walked {
                let got = scores[expected.item] ?? 0
                #expect(abs(got - expected.score) <= 1e-4 * expected.score)
            }
            #expect(!before.medoids.isEmpty)
        }
        let (old, new) = (try collection.stats(), try again.stats())
        #expect(new.events == 480)
        #expect(new.users == old.users)
        #expect(new.edges == old.edges)
        // Sequences go on where they ended.
        #expect(try tell(randomEvents(1, items: 10, &generator), to: again).version == 481)
        try reopened.close()
        try directory.close()
    }

    @Test func `an item that gets its vector after its events joins the clusters`() throws {
        let fixture = IndexFixture(count: 40)
        let (directory, collection) = try fixture.create()
        let events = (0..<40).map { row in
            Event(
                user: 1,
                item: IndexFixture.item(row),
                type: .save,
                timeMilliseconds: Self.day + Int64(row)
            )
        }
        // As the events come, not made anew behind them.
        try set("recluster_events", 0, in: collection)
        try tell(events, to: collection)
        #expect(Portrait(1, in: collection).medoids == [])
        let half = fixture.temporary.path + "/half"
        try write(.upsert(fixture.batch(0..<40)), to: collection)
        // Clustering runs on the taste store's queue; an event behind it waits for it.
        try tell(
            [Event(user: 2, item: 1, type: .impression, timeMilliseconds: 1)],
            to: collection
        )
        let medoids = Portrait(1, in: collection).medoids
        #expect(medoids.reduce(0) { $0 + $1.memberCount } == 40)
        try copyTree(fixture.path, to: half)
        let reopened = try fixture.open(path: half)
        #expect(Portrait(1, in: try reopened.collection(named: "pins")).medoids == medoids)
        // The same events after the vectors give the same clusters: the oracle.
        let beside = IndexFixture(count: 40)
        let (oracle, direct) = try beside.create()
        try write(.upsert(fixture.batch(0..<40)), to: direct)
        try set("recluster_events", 0, in: direct)
        try tell(events, to: direct)
        let expected = Portrait(1, in: direct).medoids
        #expect(medoids.map(\.memberCount) == expected.map(\.memberCount))
        #expect(medoids.map(\.item) == expected.map(\.item))
        for open in [directory, reopened, oracle] { try open.close() }
        withExtendedLifetime(beside) {}
    }

    @Test func `a refused write leaves taste as the disk has it`() throws {
        let fixture = IndexFixture(count: 100)
        let directory = try fixture.open(tasteMapBytes: 1 << 18)
        let collection = try directory.create(fixture.schema)
        try write(.upsert(fixture.batch(0..<100)), to: collection)
        try set("recluster_events", 0, in: collection)
        var generator = SeededGenerator(seed: testSeed())
        var stored: [Event] = []
        var isFull = false
        var newcomer: UserID = 1_000
        for _ in 0..<400 where !isFull {
            newcomer += 1
            let events =
                randomEvents(40, items: 100, &generator)
                + [Event(user: newcomer, item: 1_001, type: .save, timeMilliseconds: 1)]
            do {
                try tell(events, to: collection)
                stored += events
            } catch RequestError.storageFull {
                isFull = true
            }
        }
        #expect(isFull)
        let figures = try collection.stats()
        #expect(figures.events == UInt64(stored.count))
        // The oracle: another store that was told only what the first one kept.
        let beside = IndexFixture(count: 100)
        let (other, oracle) = try beside.create()
        try write(.upsert(fixture.batch(0..<100)), to: oracle)
        try set("recluster_events", 0, in: oracle)
        try tell(stored, to: oracle)
        for user in 0..<UserID(12) {
            let (got, expected) = (Portrait(user, in: collection), Portrait(user, in: oracle))
            #expect(got.seen == expected.seen)
            #expect(got.hidden == expected.hidden)
            #expect(got.negatives == expected.negatives)
            #expect(got.medoids.map(\.item) == expected.medoids.map(\.item))
        }
        #expect(Portrait(newcomer, in: collection).seen == [])
        #expect(Portrait(newcomer - 1, in: collection).seen == [1_001])
        try directory.close()
        try other.close()
        withExtendedLifetime(beside) {}
    }

    @Test func `a group that does not fit is written submission by submission`() throws {
        let fixture = IndexFixture(count: 10)
        let directory = try fixture.open(tasteMapBytes: 1 << 20)
        let collection = try directory.create(fixture.schema)
        let outcomes = ReadWriteLock<[Int: Result<WriteReceipt, RequestError>]>([:])
        let done = DispatchGroup()
        // Twenty small ones behind one that can never fit: some 40 bytes an event and more.
        for number in 0...20 {
            let count = number == 5 ? 60_000 : 4
            let events = (0..<count).map {
                Event(
                    user: UserID(number * 100_000 + $0),
                    item: 1,
                    type: .view,
                    timeMilliseconds: 1
                )
            }
            done.enter()
            collection.taste.submit(events) { outcome in
                outcomes.withWriteLock { $0[number] = outcome }
                done.leave()
            }
        }
        done.wait()
        for (number, outcome) in outcomes.withWriteLock({ $0 }) {
            switch outcome {
            case .success(let receipt): #expect(receipt.changed == 4 && number != 5)
            case .failure: #expect(number == 5)
            }
        }
        #expect(try collection.stats().users == 80)
        #expect(try collection.stats().events == 80)
        try directory.close()
    }

    @Test func `events and reads go on side by side`() throws {
        let fixture = IndexFixture(count: 60)
        let (directory, collection) = try fixture.create()
        try write(.upsert(fixture.batch(0..<60)), to: collection)
        let readings = Atomic<Int>(0)
        let failures = ReadWriteLock<[RequestError]>([])
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            var generator = SeededGenerator(seed: UInt64(thread))
            for _ in 0..<25 {
                if thread < 2 {
                    do {
                        try tell(randomEvents(20, items: 60, &generator), to: collection)
                    } catch let error as RequestError {
                        failures.withWriteLock { $0.append(error) }
                    } catch {}
                } else {
                    let portrait = Portrait(UInt64.random(in: 0..<12), in: collection)
                    // Nothing hidden is ever suggested, however the events interleave.
                    if Set(portrait.walked.map(\.item)).isDisjoint(with: portrait.hidden) {
                        readings.add(1, ordering: .relaxed)
                    }
                }
            }
        }
        #expect(failures.withWriteLock { $0 } == [])
        #expect(readings.load(ordering: .relaxed) == 50)
        #expect(try collection.stats().events == 1_000)
        try directory.close()
    }
}
