import PalateIndex
import PalateModel
import PalateQuery
import PalateTaste
import TestKit
import Testing

/// What looks after taste while queries and events go on.
@Suite struct GuardQueryTests {
    private func numbers(
        _ scope: TasteScope,
        _ operation: TasteNumbersOperation,
        _ numbers: [NamedNumber] = [],
        name: String = "",
        in fixture: QueryFixture
    ) throws -> TasteNumbers {
        let request = TasteNumbersRequest(
            handle: fixture.collection.info.handle,
            scope: scope,
            operation: operation,
            name: name,
            numbers: numbers
        )
        return try waited {
            fixture.collection.taste.numbers(request, now: QueryFixture.now, completion: $0)
        }
    }

    private func recommend(_ user: UserID, k: Int, in fixture: QueryFixture) -> SearchRequest {
        var request = fixture.request(.user, k: k)
        request.user = user
        return request
    }

    @Test func `a person's clusters are made anew in the background, whatever order they came in`()
        throws
    {
        let fixture = try QueryFixture(count: 400)
        let settings = TasteSettings()
        let liked = (0..<64).map { ItemID($0 * 6) }
        var generator = SeededGenerator(seed: testSeed())
        for user in 1...3 as ClosedRange<UserID> {
            for item in liked.shuffled(using: &generator) { try fixture.tell(user, .save, [item]) }
        }
        func clusters(_ user: UserID) -> Set<Set<ItemID>> {
            let record = fixture.collection.taste.read { $0.record(of: user) } ?? UserRecord()
            let groups = Dictionary(grouping: record.signals) { $0.cluster }
            return Set(groups.values.map { Set($0.map(\.item)) })
        }
        let cosines = liked.flatMap { left in
            liked.map { right in
                1
                    - Float(
                        BruteForce.distance(
                            "cosine",
                            fixture.vectors[Int(left)],
                            fixture.vectors[Int(right)]
                        )
                    )
            }
        }
        let wanted = Reclustering(
            liked,
            cosines: cosines,
            threshold: settings.clusterSimilarity
        )
        let labels = Dictionary(grouping: zip(liked, wanted.labels)) { $0.1 }
        let expected = Set(labels.values.map { Set($0.map(\.0)) })
        #expect(expected.count > 1 && expected.count < 64)
        // Codes of 8 bits may judge a pair at the very threshold otherwise.
        try eventually(within: 60) {
            for user in 1...3 as ClosedRange<UserID> {
                let apart = clusters(user).symmetricDifference(expected).count
                guard apart <= 4, clusters(user) == clusters(1) else { throw Waiting() }
            }
        }
        // Nothing is made anew where that is switched off.
        _ = try numbers(.settings, .put, [NamedNumber("recluster_events", 0)], in: fixture)
        for item in liked { try fixture.tell(9, .save, [item]) }
        var online = UserRecord()
        for item in liked {
            online.apply(
                Event(user: 9, item: item, type: .save, timeMilliseconds: QueryFixture.now),
                settings: settings
            ) { item, others, similarities in
                similarities = others.map { other in
                    1
                        - Float(
                            BruteForce.distance(
                                "cosine",
                                fixture.vectors[Int(item)],
                                fixture.vectors[Int(other)]
                            )
                        )
                }
                return true
            }
        }
        let groups = Dictionary(grouping: online.signals) { $0.cluster }
        let kept = Set(groups.values.map { Set($0.map(\.item)) })
        #expect(clusters(9).symmetricDifference(kept).count <= 4)
    }

    private struct Waiting: Error {}

    @Test func `an experiment serves each person one profile, and gauges count what came of it`()
        throws
    {
        let fixture = try QueryFixture(count: 300)
        let people = 40 as UserID
        for user in 1...people { try fixture.tell(user, .save, [ItemID(user), 150, 151]) }
        _ = try numbers(
            .experiment,
            .put,
            [NamedNumber("discover", 1), NamedNumber("convert", 1)],
            name: "default",
            in: fixture
        )
        var saved = 0
        for user in 1...people {
            let response = try fixture.answer(recommend(user, k: 5, in: fixture))
            try fixture.tell(user, .impression, response.ids, ago: 0)
            guard user % 2 == 0 else { continue }
            try fixture.tell(user, .save, [response.ids[0]], ago: 0)
            saved += 1
        }
        // A what-if leaves no trace.
        var whatIf = recommend(1, k: 5, in: fixture)
        whatIf.person = PersonRequest(
            events: [Event(user: 0, item: 7, type: .save, timeMilliseconds: 0)]
        )
        _ = try fixture.answer(whatIf)
        let profiles = try numbers(.gauges, .list, in: fixture)
        #expect(Set(profiles.numbers.map(\.name)) == ["discover", "convert"])
        var (lists, shown, saves) = (0.0, 0.0, 0.0)
        for profile in profiles.numbers {
            let gauges = try numbers(.gauges, .get, name: profile.name, in: fixture)
            #expect(gauges["impressions"] == profile.value)
            let rate = try #require(gauges["save.rate"])
            #expect(abs(rate - (gauges["save"] ?? 0) / profile.value) < 1e-9)
            #expect((gauges["save.low"] ?? 1) <= rate && rate <= (gauges["save.high"] ?? 0))
            lists += gauges["lists"] ?? 0
            shown += profile.value
            saves += gauges["save"] ?? 0
        }
        #expect(lists == Double(people) && shown == 5 * Double(people))
        #expect(saves == Double(saved))
        #expect(throws: RequestError.unknownProfile(name: "consider")) {
            try numbers(.gauges, .get, name: "consider", in: fixture)
        }
        #expect(throws: RequestError.self) {
            try numbers(.gauges, .put, [NamedNumber("drift", 1)], in: fixture)
        }
    }

    @Test func `gauges know how alike lists are, how popular, and who has changed`() throws {
        let fixture = try QueryFixture(count: 300)
        let near = (0..<300).sorted {
            BruteForce.distance("cosine", fixture.vectors[$0], fixture.vectors[0])
                < BruteForce.distance("cosine", fixture.vectors[$1], fixture.vectors[0])
        }
        let (kept, far) = (ItemID(near[1]), ItemID(near[299]))
        // One stays, the other has turned away from what they liked ten days ago.
        try fixture.tell(1, .save, [kept], ago: 240)
        try fixture.tell(2, .save, [kept], ago: 240)
        try fixture.tell(2, .purchase, [far], ago: 1)
        let first = try numbers(.gauges, .get, in: fixture)
        #expect(first["drift.people"] == 2 && first["diversity.lists"] == 0)
        let drift = try #require(first["drift"])
        let angle = BruteForce.distance(
            "cosine",
            fixture.vectors[Int(kept)],
            fixture.vectors[Int(far)]
        )
        #expect(drift > 0 && drift < angle / 2 + 1e-3)
        var request = recommend(1, k: 10, in: fixture)
        var expected = 0.0
        for round in 0..<(SlateGauges.sample + 1) {
            let response = try fixture.answer(request)
            if round % SlateGauges.sample == 0 { expected += fixture.spread(of: response.ids) }
        }
        let gauges = try numbers(.gauges, .get, in: fixture)
        #expect(gauges["diversity.lists"] == 2)
        #expect(abs((gauges["diversity"] ?? 0) - expected / 2) < 0.02)
        #expect(gauges["head_share.results"] == 20)
        // Plain queries are nobody's taste.
        request = fixture.request([1], k: 5)
        _ = try fixture.answer(request)
        #expect(try numbers(.gauges, .get, in: fixture)["diversity.lists"] == 2)
    }

    @Test func `edges are refreshed when they are due, and not before`() throws {
        let fixture = try QueryFixture(count: 60)
        let taste = fixture.collection.taste
        for user in 1...30 as ClosedRange<UserID> {
            try fixture.tell(user, .save, [ItemID(user % 7), ItemID(user % 5 + 10), 20])
        }
        let outcomes = ReadWriteLock<[Bool]>([])
        func look(_ hours: Int64) {
            taste.refreshEdgesWhenDue(now: QueryFixture.now + hours * 3_600_000) { result in
                outcomes.withWriteLock { $0.append((try? result.get()) != nil) }
            }
        }
        look(0)
        #expect(taste.itemEdges == nil)
        _ = try numbers(.settings, .put, [NamedNumber("refresh_hours", 2)], in: fixture)
        look(0)
        look(0)
        try eventually(within: 60) {
            guard taste.itemEdges?.summary.build == 1, outcomes.withReadLock({ $0 }) == [true]
            else { throw Waiting() }
        }
        // Nobody did anything since; then somebody does, within the two hours and after them.
        look(3)
        try fixture.tell(50, .save, [1, 2, 3])
        look(1)
        #expect(outcomes.withReadLock { $0 } == [true])
        look(3)
        try eventually(within: 60) {
            guard taste.itemEdges?.summary.build == 2 else { throw Waiting() }
        }
    }

    @Test func `interests in the values of a field order candidates, siblings included`() throws {
        let filtered = try FilterFixture(count: 300)
        let fixture = filtered.fixture
        let brand = filtered.field("brand").id
        let liked = (0..<300).filter { filtered.brand($0) == "b9" }.prefix(3).map { ItemID($0) }
        try fixture.tell(1, .save, Array(liked))
        var request = recommend(1, k: 40, in: fixture)
        request.parts = .scoreParts
        request.taste = TasteRequest([.interest: 1])
        // Without a field the term says nothing.
        #expect(try fixture.answer(request).scoreParts.allSatisfy { $0[.interest] == 0 })
        _ = try numbers(
            .settings,
            .put,
            [NamedNumber("interest_field", Double(brand))],
            in: fixture
        )
        let response = try fixture.answer(request)
        for (id, parts) in zip(response.ids, response.scoreParts) {
            #expect(parts[.interest] == (filtered.brand(Int(id)) == "b9" ? 1 : 0))
        }
        #expect(response.scoreParts.contains { $0[.interest] == 1 })
        for (number, name) in [(999, "?"), (Int(filtered.field("share").id), "share")] {
            _ = try numbers(
                .settings,
                .put,
                [NamedNumber("interest_field", Double(number))],
                in: fixture
            )
            #expect(throws: RequestError.self, "\(name)") { try fixture.answer(request) }
        }
    }

    @Test func `no interest has more of a slate than its quota`() throws {
        let fixture = try QueryFixture(count: 300)
        let far = (0..<300).max {
            BruteForce.distance("cosine", fixture.vectors[$0], fixture.vectors[0])
                < BruteForce.distance("cosine", fixture.vectors[$1], fixture.vectors[0])
        }
        try fixture.tell(1, .purchase, [0])
        try fixture.tell(1, .closeup, [ItemID(try #require(far))])
        var request = recommend(1, k: 12, in: fixture)
        request.parts = .reasons
        request.taste = TasteRequest([.graph: 0, .taste: 1])
        request.diversity = DiversityRequest(diversity: 0, pool: 200)
        func ofFirst(_ response: SearchResponse) -> Int {
            response.reasons.count { $0.medoid == 0 }
        }
        // Everything belongs to the interest it is nearest to, however far.
        _ = try numbers(
            .settings,
            .put,
            [NamedNumber("calibration_similarity", -1)],
            in: fixture
        )
        let free = try fixture.answer(request)
        #expect(ofFirst(free) != 6)
        _ = try numbers(.settings, .put, [NamedNumber("interest_quota", 0.5)], in: fixture)
        let kept = try fixture.answer(request)
        #expect(ofFirst(kept) == 6)
        #expect(kept.ids.count == 12)
    }

    @Test func `a list is ranked by fusion where it is asked, and not by the search's order`()
        throws
    {
        let fixture = try QueryFixture(count: 200)
        try fixture.tell(1, .save, [3, 40, 90])
        var request = recommend(1, k: 20, in: fixture)
        request.parts = .scoreParts
        let blend = try fixture.answer(request)
        request.taste = TasteRequest(reranker: "rrf")
        let fused = try fixture.answer(request)
        #expect(fused.scores == fused.scores.sorted(by: >))
        #expect(fused.scoreParts != blend.scoreParts)
        request.taste = TasteRequest(reranker: "none")
        #expect(
            throws: RequestError.unknownChoice(
                field: "reranker",
                got: "none",
                expected: ["blend", "rrf"]
            )
        ) { try fixture.answer(request) }
        var plain = fixture.request([5], k: 10)
        let order = try fixture.answer(plain).ids
        plain.user = 1
        plain.taste = TasteRequest(reranker: "none", excludeSeen: false)
        #expect(try fixture.answer(plain).ids == order)
    }
}
