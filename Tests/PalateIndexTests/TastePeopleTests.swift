import PalateIndex
import PalateModel
import PalateTaste
import TestKit
import Testing

/// Events by id and by person, people through time, and people forgotten.
@Suite struct TastePeopleTests {
    private static let hour: Int64 = 3_600_000
    /// A user whose eight bytes are found nowhere by chance.
    private static let marked: UserID = 0x5a17_c0de_9b3e_77d1

    private func event(
        _ user: UserID,
        _ row: Int,
        _ type: EventType = .save,
        at hour: Int = 1,
        id: UInt64? = nil
    ) -> Event {
        Event(
            user: user,
            item: IndexFixture.item(row),
            type: type,
            timeMilliseconds: Int64(hour) * Self.hour,
            id: id
        )
    }

    private func randomEvents(_ count: Int, _ generator: inout SeededGenerator) -> [Event] {
        (0..<count).map { index in
            var event = event(
                UserID.random(in: 1...6, using: &generator),
                Int.random(in: 0..<60, using: &generator),
                EventType.allCases.randomElement(using: &generator) ?? .save,
                at: index,
                id: UInt64(index)
            )
            event.context = Bool.random(using: &generator) ? generator.next() : nil
            event.propensity = Bool.random(using: &generator) ? 0.25 : nil
            return event
        }
    }

    private func forget(_ user: UserID, in collection: Collection) throws -> WriteReceipt {
        try waited { collection.taste.forget(user, completion: $0) }
    }

    private func numbers(
        _ scope: TasteScope,
        _ operation: TasteNumbersOperation,
        _ numbers: [NamedNumber] = [],
        name: String = "",
        in collection: Collection
    ) throws -> TasteNumbers {
        let request = TasteNumbersRequest(
            handle: 1,
            scope: scope,
            operation: operation,
            name: name,
            numbers: numbers
        )
        return try waited { collection.taste.numbers(request, now: 0, completion: $0) }
    }

    /// Opens the collection again once nobody has it open any more.
    private func reopen(
        _ fixture: IndexFixture,
        _ body: (Collection) throws -> Void
    ) throws {
        let directory = try eventually { try fixture.open() }
        try body(directory.create(fixture.schema))
        try directory.close()
    }

    private func history(_ user: UserID, in collection: Collection) throws -> History {
        try collection.taste.history(HistoryRequest(handle: 1, user: user))
    }

    @Test func `an event id counts once, however often it is sent`() throws {
        let fixture = IndexFixture(count: 40)
        try fixture.use { (collection: Collection) throws in
            let first = try tell(
                [event(1, 1, id: 7), event(1, 2, id: 8), event(1, 1, id: 7)],
                to: collection
            )
            #expect(first.changed == 2)
            #expect(try tell([event(1, 1, id: 7)], to: collection).changed == 0)
            #expect(try tell([event(1, 1), event(1, 1)], to: collection).changed == 2)
        }
        try reopen(fixture) { (again: Collection) throws in
            #expect(try tell([event(1, 2, id: 8), event(1, 3, id: 9)], to: again).changed == 1)
            #expect(try history(1, in: again).events.compactMap(\.id) == [7, 8, 9])
        }
    }

    @Test func `a history has every event as it was sent, page by page`() throws {
        var generator = SeededGenerator(seed: testSeed())
        let fixture = IndexFixture(count: 60)
        let events = randomEvents(300, &generator)
        try fixture.use { (collection: Collection) throws in
            for start in stride(from: 0, to: 300, by: 50) {
                try tell(Array(events[start..<start + 50]), to: collection)
            }
        }
        try reopen(fixture) { (again: Collection) throws in
            for user in UserID(1)...6 {
                var found: [Event] = []
                var from: UInt64? = 0
                while let start = from {
                    let page = try again.taste.history(
                        HistoryRequest(handle: 1, user: user, from: start, limit: 7)
                    )
                    #expect(page.events.count <= 7 && page.sequences.count == page.events.count)
                    found += page.events
                    from = page.next
                }
                #expect(found == events.filter { $0.user == user })
            }
        }
    }

    @Test func `as of a past time a person is who they were`() throws {
        var generator = SeededGenerator(seed: testSeed())
        let fixture = IndexFixture(count: 60)
        try fixture.use { (collection: Collection) throws in
            try write(.upsert(fixture.batch(0..<60)), to: collection)
            let events = randomEvents(240, &generator)
            try tell(events.shuffled(using: &generator), to: collection)
            let past = 120 * Self.hour
            let early = events.filter { $0.timeMilliseconds <= past }
            for user in UserID(1)...6 {
                let state = try collection.taste.person(
                    user,
                    PersonRequest(asOf: past),
                    now: 900 * Self.hour
                )
                #expect(state.now == past && state.variant != 0)
                let oracle = UserRecord(
                    replaying: early.filter { $0.user == user },
                    settings: TasteSettings(),
                    similarity: { _, _, _ in false }
                )
                // Sums, exposures and what follows from them; clusters need vectors.
                #expect(state.record.signals.map(\.sum) == oracle.signals.map(\.sum))
                #expect(state.record.exposures.map(\.item) == oracle.exposures.map(\.item))
                #expect(state.record.seenItems() == oracle.seenItems())
                let medoids = state.record.medoids(now: past, limit: 99, settings: TasteSettings())
                let liked = oracle.likedItems(now: past, limit: 1, settings: TasteSettings())
                #expect(medoids.isEmpty == liked.isEmpty)
            }
        }
    }

    @Test func `a forgotten person has left no byte after compaction`() throws {
        var generator = SeededGenerator(seed: testSeed())
        let fixture = IndexFixture(count: 60)
        var file = ""
        var others = History()
        try fixture.use { (collection: Collection) throws in
            try write(.upsert(fixture.batch(0..<60)), to: collection)
            try tell(randomEvents(100, &generator), to: collection)
            let own = (0..<50).map { event(Self.marked, $0, at: $0, id: 5_000 + UInt64($0)) }
            try tell(own + [event(Self.marked, 9, .impression)], to: collection)
            try tell(randomEvents(0, &generator) + [event(2, 3, id: 9_999)], to: collection)
            let directoryName = try #require(try listTree(fixture.path + "/collections").first)
            file = "\(fixture.path)/collections/\(directoryName)/taste/data.mdb"
            #expect(try occurrences(in: file) > 0)
            others = try history(2, in: collection)

            #expect(try forget(Self.marked, in: collection).changed == 51)
            #expect(try forget(Self.marked, in: collection).changed == 0)
            #expect(try history(Self.marked, in: collection).events.isEmpty)
            let lens = ProfileRequest(handle: 1, user: Self.marked)
            #expect(try collection.taste.profile(lens, now: 99 * Self.hour) == PersonProfile())
            // The ids are free again, and the log goes on where it was.
            #expect(try tell([event(3, 1, id: 5_001)], to: collection).version == 153)
            #expect(try history(2, in: collection) == others)
        }

        #expect(try fixture.findings() == [])
        _ = try eventually { try Compaction.run(path: fixture.path, collection: nil) }
        #expect(try occurrences(in: file) == 0)
        try reopen(fixture) { (again: Collection) throws in
            #expect(try history(2, in: again) == others)
            #expect(try again.stats().events == 153)
        }
    }

    /// How often the marked user's eight bytes stand in a file, in either byte order.
    private func occurrences(in file: String) throws -> Int {
        let bytes = try readFile(file)
        let little = (0..<8).map { UInt8(truncatingIfNeeded: Self.marked >> (8 * $0)) }
        let patterns = [little, Array(little.reversed())]
        var found = 0
        for place in 0..<max(bytes.count - 7, 0)
        where bytes[place] == little[0] || bytes[place] == little[7] {
            if patterns.contains(where: { $0.elementsEqual(bytes[place..<place + 8]) }) {
                found += 1
            }
        }
        return found
    }

    @Test func `settings and weight profiles last, and wrong ones are refused by name`() throws {
        let fixture = IndexFixture(count: 20)
        var changed = TasteNumbers()
        try fixture.use { (collection: Collection) throws in
            try tell([event(1, 1), event(1, 2, .view)], to: collection)
            changed = try numbers(
                .settings,
                .put,
                [NamedNumber("weight.save", 9), NamedNumber("half_life.view", .infinity)],
                in: collection
            )
            #expect(changed.version == 1 && changed["weight.save"] == 9)
            #expect(changed["half_life.view"] == .infinity)
            #expect(throws: RequestError.self) {
                try numbers(.settings, .put, [NamedNumber("weight.sav", 9)], in: collection)
            }
            #expect(throws: RequestError.self) {
                try numbers(.settings, .put, [NamedNumber("weight.save", 99)], in: collection)
            }
            let profile = try numbers(
                .profile,
                .put,
                [NamedNumber("graph", 2)],
                name: "ours",
                in: collection
            )
            #expect(profile.version == 1 && profile["graph"] == 2)
            let arms = [NamedNumber("ours", 1), NamedNumber("default", 3)]
            #expect(throws: RequestError.unknownProfile(name: "theirs")) {
                try numbers(
                    .experiment,
                    .put,
                    [NamedNumber("theirs", 1)],
                    name: "feed",
                    in: collection
                )
            }
            let experiment = try numbers(.experiment, .put, arms, name: "feed", in: collection)
            #expect(experiment == TasteNumbers(version: 1, numbers: arms))
        }
        try reopen(fixture) { (again: Collection) throws in
            #expect(try numbers(.settings, .get, in: again) == changed)
            #expect(again.taste.read { $0.settings[.save].weight } == 9)
            let weights = try again.taste.weights(
                TasteRequest([.taste: 7], profile: "ours"),
                of: nil,
                sandbox: ""
            ).weights
            #expect(weights[.graph] == 2 && weights[.taste] == 7)
            #expect(try numbers(.profile, .list, in: again)["ours"] == 1)
            #expect(try numbers(.experiment, .list, in: again)["feed"] == 1)
            let split = TasteRequest(profile: "feed")
            let served = try (0..<400 as Range<UserID>).map {
                try again.taste.weights(split, of: $0, sandbox: "").profile
            }
            #expect(Set(served) == ["ours", "default"])
            #expect((60..<140).contains(served.count { $0 == "ours" }))
            _ = try numbers(.experiment, .delete, name: "feed", in: again)
            #expect(throws: RequestError.unknownProfile(name: "feed")) {
                try again.taste.weights(split, of: 1, sandbox: "")
            }
            _ = try numbers(.profile, .delete, name: "ours", in: again)
            #expect(throws: RequestError.unknownProfile(name: "ours")) {
                try again.taste.weights(TasteRequest(profile: "ours"), of: nil, sandbox: "")
            }
            #expect(try numbers(.settings, .delete, in: again)["weight.save"] == 4)
        }
    }

    @Test func `edges are derived, stored, and there again after opening`() throws {
        var generator = SeededGenerator(seed: testSeed())
        let fixture = IndexFixture(count: 60)
        var stored: ItemEdges?
        try fixture.use { (collection: Collection) throws in
            for user in UserID(1)...40 {
                let rows = (0..<6).map { _ in Int.random(in: 0..<30, using: &generator) }
                try tell(rows.map { event(user, 2 * $0 + Int(user % 2)) }, to: collection)
            }
            #expect(collection.taste.itemEdges == nil)
            for builder in ItemEdgeRegistry.names + ["", ItemEdgeRegistry.names[0]] {
                let figures: TasteNumbers = try waited {
                    collection.taste.refreshEdges(builder: builder, now: 5, completion: $0)
                }
                #expect(figures["people"] == 40 && figures["edges"] ?? 0 > 0)
            }
            let edges = try #require(collection.taste.itemEdges)
            stored = edges
            #expect(edges.summary.build == UInt32(ItemEdgeRegistry.names.count + 2))
            // Even people like even rows: no edge leads across.
            for row in 0..<60 {
                for edge in edges.edges(of: IndexFixture.item(row)) {
                    #expect(edge.item % 2 == IndexFixture.item(row) % 2)
                }
            }
            #expect(throws: RequestError.self) {
                let _: TasteNumbers = try waited {
                    collection.taste.refreshEdges(builder: "none", now: 5, completion: $0)
                }
            }
        }
        let found = try fixture.findings()
        #expect(found == [])
        try reopen(fixture) { (again: Collection) throws in
            #expect(again.taste.itemEdges == stored)
        }
    }
}
