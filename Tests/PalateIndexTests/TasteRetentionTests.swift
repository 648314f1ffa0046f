import PalateIndex
import PalateModel
import PalateTaste
import TestKit
import Testing

/// How long the log of events is kept.
@Suite struct TasteRetentionTests {
    private static let day: Int64 = 86_400_000
    private static let users: ClosedRange<UserID> = 1...6

    /// An event on a day, findable by its index.
    private func event(_ index: Int, day: Int) -> Event {
        Event(
            user: UserID(index % Self.users.count) + 1,
            item: IndexFixture.item(index % 40),
            type: .save,
            timeMilliseconds: Int64(day) * Self.day,
            id: UInt64(index) + 1
        )
    }

    private func keep(_ name: String, _ value: Double, in collection: Collection) throws {
        let request = TasteNumbersRequest(
            handle: 1,
            scope: .settings,
            operation: .put,
            name: "",
            numbers: [NamedNumber(name, value)]
        )
        _ = try waited { collection.taste.numbers(request, now: 0, completion: $0) }
    }

    private func release(_ collection: Collection, onDay day: Int = 0) throws -> UInt64 {
        try waited { collection.taste.releaseEvents(now: Int64(day) * Self.day, completion: $0) }
    }

    /// The ids of all events that are kept, in order of arrival.
    private func kept(in collection: Collection) throws -> [UInt64] {
        var found: [(sequence: UInt64, id: UInt64)] = []
        for user in Self.users {
            let page = try collection.taste.history(HistoryRequest(handle: 1, user: user))
            #expect(page.next == nil)
            for (event, sequence) in zip(page.events, page.sequences) {
                found.append((sequence, try #require(event.id)))
            }
        }
        return found.sorted { $0.sequence < $1.sequence }.map(\.id)
    }

    private func reopen(_ fixture: IndexFixture, _ body: (Collection) throws -> Void) throws {
        let directory = try eventually { try fixture.open() }
        try body(directory.create(fixture.schema))
        try directory.close()
    }

    @Test func `as many events are kept as the settings say, and people stay who they are`() throws
    {
        let fixture = IndexFixture(count: 40)
        var people: [PersonProfile] = []
        let profiles = { (collection: Collection) throws in
            try Self.users.map { user in
                let request = ProfileRequest(handle: 1, user: user)
                return try collection.taste.profile(request, now: 9 * Self.day)
            }
        }
        try fixture.use { (collection: Collection) throws in
            // Made anew in the background, clusters may change while the log is cut.
            try keep("recluster_events", 0, in: collection)
            try write(.upsert(fixture.batch(0..<40)), to: collection)
            try tell((0..<3_000).map { event($0, day: 1) }, to: collection)
            people = try profiles(collection)
            #expect(try release(collection) == 0)
            try keep("history_events", 500, in: collection)
            #expect(try release(collection) == 2_500)
            #expect(try release(collection) == 0)
            #expect(try kept(in: collection) == Array(2_501...3_000))
            #expect(try collection.stats().events == 500)
            #expect(try profiles(collection) == people)
        }
        #expect(try fixture.findings() == [])
        try reopen(fixture) { (again: Collection) throws in
            #expect(try profiles(again) == people)
            // Receipts go on; the id of an event that went is free, that of one kept is not.
            let receipt = try tell([event(0, day: 2), event(2_600, day: 2)], to: again)
            #expect(receipt.changed == 1 && receipt.version == 3_001)
            #expect(try again.stats().events == 501)
            #expect(try release(again) == 1)
            #expect(try kept(in: again) == Array(2_502...3_000) + [1])
        }
        #expect(try fixture.findings() == [])
    }

    @Test func `events are kept for as many days as the settings say`() throws {
        let fixture = IndexFixture(count: 40)
        try fixture.use { (collection: Collection) throws in
            try tell((0..<60).map { event($0, day: $0) }, to: collection)
            try keep("history_days", 10, in: collection)
            #expect(try release(collection, onDay: 30) == 20)
            #expect(try kept(in: collection) == Array(21...60))
            // What arrives late goes when what arrived before it has gone.
            try tell([event(60, day: 3)], to: collection)
            #expect(try release(collection, onDay: 31) == 1)
            #expect(try release(collection, onDay: 69) == 38)
            #expect(try kept(in: collection) == [60, 61])
            // The last one stays, for its place.
            #expect(try release(collection, onDay: 1_000) == 1)
            #expect(try kept(in: collection) == [61])
        }
        #expect(try fixture.findings() == [])
    }

    @Test func `an event from the far future holds nothing back`() throws {
        let fixture = IndexFixture(count: 40)
        try fixture.use { (collection: Collection) throws in
            let days = [1, 500_000_000, 1, 30, 30]
            try tell(days.enumerated().map { event($0.offset, day: $0.element) }, to: collection)
            try keep("history_days", 10, in: collection)
            #expect(try release(collection, onDay: 30) == 3)
            #expect(try kept(in: collection) == [4, 5])
        }
    }

    @Test func `forgotten people and old events make room for each other`() throws {
        var generator = SeededGenerator(seed: testSeed())
        let fixture = IndexFixture(count: 40)
        try fixture.use { (collection: Collection) throws in
            var expected: [UInt64] = []
            var count = 0
            try keep("history_events", 40, in: collection)
            for _ in 0..<30 {
                let added = Int.random(in: 1...30, using: &generator)
                try tell((count..<count + added).map { event($0, day: 1) }, to: collection)
                expected += (count..<count + added).map { UInt64($0) + 1 }
                count += added
                if Bool.random(using: &generator) {
                    let user = Self.users.randomElement(using: &generator) ?? 1
                    let forgotten = try waited { collection.taste.forget(user, completion: $0) }
                    let before = expected.count
                    expected.removeAll { ($0 - 1) % UInt64(Self.users.count) + 1 == user }
                    #expect(forgotten.changed == UInt64(before - expected.count))
                }
                if Bool.random(using: &generator) {
                    _ = try release(collection)
                    expected.removeAll { $0 + 40 <= UInt64(count) }
                }
                #expect(try kept(in: collection) == expected)
            }
        }
        #expect(try fixture.findings() == [])
    }

    @Test func `a repair counts no event that was let go as lost`() throws {
        let fixture = try IndexFixture.closed(rows: 40, behind: 0)
        let taste = "\(fixture.path)/collections/pins.1/taste"
        try reopen(fixture) { (collection: Collection) throws in
            try keep("history_events", 20, in: collection)
            #expect(try release(collection) == 10)
        }
        for (table, reasons) in [("users", []), ("events", ["1 events"])] {
            #expect(try whenFree { try flip(table, index: 2, in: taste) })
            let plan = try eventually { try Repair(path: fixture.path) }.plan
            #expect(plan.parts.flatMap(\.losses).map(\.reason) == reasons)
        }
    }
}
