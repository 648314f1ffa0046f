import PalateIndex
import PalateModel
import PalateQuery
import PalateTaste
import TestKit
import Testing

/// Queries that see a person with other eyes than the store's: what-ifs, sandboxes, the past.
@Suite struct PersonQueryTests {
    /// Two groups of people: 1 to 10 like the even items below 40, 11 to 20 the odd ones.
    private func makeFixture() throws -> QueryFixture {
        let fixture = try QueryFixture(count: 160)
        for user in UserID(1)...20 {
            let isEven = user <= 10
            let items = (0..<ItemID(40)).filter { ($0 % 2 == 0) == isEven && ($0 + user) % 3 != 0 }
            try fixture.tell(user, .save, items)
        }
        return fixture
    }

    private func list(
        _ fixture: QueryFixture,
        user: UserID? = 1,
        k: Int = 20,
        _ person: PersonRequest? = nil,
        change: (inout SearchRequest) -> Void = { _ in }
    ) throws -> SearchResponse {
        var request = fixture.request(.user, k: k)
        request.user = user
        request.person = person
        request.parts = [.scoreParts, .reasons]
        change(&request)
        return try fixture.answer(request)
    }

    private func event(_ type: EventType, _ item: ItemID) -> Event {
        Event(user: 0, item: item, type: type, timeMilliseconds: QueryFixture.now - 60_000)
    }

    @Test func `inline events change their query and nothing else`() throws {
        let fixture = try makeFixture()
        let before = try list(fixture)
        let shift = PersonRequest(events: (1..<14).map { event(.share, ItemID(2 * $0 + 1)) })
        let other = try list(fixture, shift)
        // Who shares odd items is led to more of them.
        let odd = { (ids: [ItemID]) in ids.filter { $0 < 40 && $0 % 2 == 1 }.count }
        #expect(odd(other.ids) > odd(before.ids))
        #expect(try list(fixture) == before)
    }

    @Test func `a sandbox never writes through`() throws {
        let fixture = try makeFixture()
        let taste = fixture.collection.taste
        let outside = try (1...20).map { try list(fixture, user: UserID($0)) }
        for round in 0..<3 {
            let name = "box-\(round)"
            let make = SandboxRequest(handle: 1, operation: .create, name: name)
            _ = try taste.answer(make, now: QueryFixture.now)
            for user in UserID(1)...20 {
                let events = (0..<60).map { row -> Event in
                    var event = event(row % 7 == 0 ? .hide : .save, ItemID(row * 2 + round))
                    event.user = user
                    return event
                }
                _ = try taste.answer(
                    SandboxRequest(handle: 1, operation: .events, name: name, events: events),
                    now: QueryFixture.now
                )
                let inside = try list(fixture, user: user, PersonRequest(sandbox: name))
                #expect(inside.ids != outside[Int(user) - 1].ids)
            }
        }
        #expect(try (1...20).map { try list(fixture, user: UserID($0)) } == outside)
        let boxes = try taste.answer(SandboxRequest(handle: 1, operation: .list), now: 1)
        #expect(boxes.numbers.map(\.value) == [1_200, 1_200, 1_200])
        let drop = SandboxRequest(handle: 1, operation: .drop, name: "box-1")
        _ = try taste.answer(drop, now: 1)
        #expect(throws: RequestError.unknownSandbox(name: "box-1")) {
            try list(fixture, PersonRequest(sandbox: "box-1"))
        }
    }

    @Test func `the past is as it was`() throws {
        let fixture = try makeFixture()
        let early = QueryFixture.now - 30 * 60_000
        let before = try list(fixture)
        try fixture.tell(1, .hide, before.ids, ago: 0)
        let now = try list(fixture)
        #expect(Set(now.ids).isDisjoint(with: before.ids))
        let past = try list(fixture, PersonRequest(asOf: early))
        #expect(Set(past.ids) == Set(before.ids))
    }

    @Test func `examples pull and push, directions lead, pairs divide`() throws {
        let fixture = try QueryFixture(count: 160)
        let near = BruteForce.nearest(
            12,
            to: fixture.vectors[50],
            in: fixture.vectors,
            metric: "cosine"
        )
        let pulled = PersonRequest(examples: [WeightedItem(50, weight: 4)])
        let like = try list(fixture, user: nil, k: 8, pulled)
        #expect(Set(like.ids).isSubset(of: near.map(ItemID.init)))
        let alike = ItemID(near[2])
        var pushed = pulled
        pushed.examples.append(WeightedItem(alike, weight: -8))
        let unlike = try list(fixture, user: nil, k: 8, pushed)
        let rank = like.ids.firstIndex(of: alike) ?? 8
        #expect((unlike.ids.firstIndex(of: alike) ?? 8) >= rank)
        // It is like itself: it fell, if it did not fall out of the list.
        if let place = unlike.ids.firstIndex(of: alike) {
            #expect(unlike.scoreParts[place][.negative] < 0)
        }
        // A step all the way from 50 to 90 starts the search at 90.
        let led = try list(
            fixture,
            user: nil,
            k: 5,
            PersonRequest(
                examples: [WeightedItem(50, weight: 4)],
                directions: [Direction(toward: 90, away: 50, weight: 1)]
            )
        )
        #expect(led.ids.first == 90)
        let divided = try list(
            fixture,
            user: nil,
            k: 8,
            PersonRequest(
                examples: [WeightedItem(50, weight: 4)],
                pairs: [ItemPair(better: 50, worse: 90)]
            )
        )
        #expect(divided.scoreParts.allSatisfy { $0[.context] >= 0 })
    }

    @Test func `a vector of the caller's is one more medoid`() throws {
        let fixture = try makeFixture()
        let vector = Array(fixture.vectors[120])
        let person = PersonRequest(vectors: vector, vectorWeights: [4])
        #expect(try list(fixture, user: nil, k: 3, person).ids.first == 120)
        let both = try list(fixture, person) { $0.taste = TasteRequest([.taste: 1, .graph: 0]) }
        #expect(both.ids.contains(120))
    }

    @Test func `a boost adds its number and pins keep their places`() throws {
        let fixture = try makeFixture()
        let before = try list(fixture)
        let last = try #require(before.ids.last)
        let boosted = try list(fixture) { $0.boosts = [WeightedItem(last, weight: 100)] }
        #expect(boosted.ids.first == last)
        #expect(boosted.scoreParts[0][.boost] == 100)
        #expect(boosted.reasons[0].rules.contains(.boosted))
        let pinned = try list(fixture) { $0.pins = [Pin(last, slot: 0), Pin(150, slot: 3)] }
        #expect(pinned.ids[0] == last && pinned.ids[3] == 150)
        #expect(pinned.reasons[3].rules.contains(.pinned))
        #expect(Set(pinned.ids).count == pinned.ids.count)
        let plain = fixture.request([50], k: 10)
        var raised = plain
        let ids = try fixture.answer(plain).ids
        raised.boosts = [WeightedItem(ids[9], weight: 9)]
        #expect(try fixture.answer(raised).ids.first == ids[9])
    }

    @Test func `a purchase holds near-duplicates back for a month, a hide softens at once`() throws
    {
        let fixture = try QueryFixture(count: 160)
        let near = BruteForce.nearest(
            2,
            to: fixture.vectors[50],
            in: fixture.vectors,
            metric: "cosine"
        )
        let twin = ItemID(near[1])
        var settings = TasteSettings()
        settings.duplicateSimilarity = 0.3
        let request = TasteNumbersRequest(
            handle: 1,
            scope: .settings,
            operation: .put,
            numbers: settings.numbers
        )
        fixture.collection.taste.numbers(request, now: 0) { _ in }
        for (type, ago, isHeld) in [
            (EventType.purchase, Int64(1), true), (.purchase, 31 * 24, false), (.hide, 1, true),
        ] {
            let user = UserID.random(in: 1_000...UserID.max)
            try fixture.tell(user, .save, [ItemID(51)])
            try fixture.tell(user, type, [50], ago: ago)
            var query = fixture.request([50], k: 160)
            query.user = user
            query.taste = TasteRequest([.taste: 0, .graph: 0])
            query.parts = [.scoreParts, .reasons]
            let response = try fixture.answer(query)
            let place = try #require(response.ids.firstIndex(of: twin))
            #expect((response.scoreParts[place][.negative] < 0) == isHeld)
            if type == .purchase {
                #expect(response.reasons[place].rules.contains(.heldBack) == isHeld)
            }
        }
    }

    @Test func `what was shown tires, and is held back in the end`() throws {
        let fixture = try makeFixture()
        let first = try list(fixture)
        let shown = first.ids[0]
        try fixture.tell(1, .impression, [shown, shown])
        let tired = try list(fixture, k: 100)
        let place = try #require(tired.ids.firstIndex(of: shown))
        #expect(tired.scoreParts[place][.fatigue] < 0)
        try fixture.tell(1, .impression, [shown, shown, shown, shown])
        #expect(try !list(fixture, k: 100).ids.contains(shown))
    }

    @Test(arguments: [Float(0), 0.5, 1])
    func `the parts sum to the score and propensities are probabilities`(surprise: Float) throws {
        let fixture = try makeFixture()
        try fixture.tell(2, .hide, [130])
        try fixture.tell(2, .impression, [80, 81])
        let all = Dictionary(uniqueKeysWithValues: ScoreTerm.allCases.map { ($0, Float(0.7)) })
        let person = PersonRequest(
            surprise: surprise,
            seed: 9,
            examples: [WeightedItem(70, weight: 2)],
            pairs: [ItemPair(better: 3, worse: 90)]
        )
        let response = try list(fixture, user: 2, person) {
            $0.taste = TasteRequest(all)
            $0.diversity = DiversityRequest(diversity: 0.3)
            $0.boosts = [WeightedItem(20, weight: 0.5)]
        }
        #expect(response.ids.count == 20 && Set(response.ids).count == 20)
        for (score, parts) in zip(response.scores, response.scoreParts) {
            let sum = ScoreTerm.allCases.reduce(Float(0)) { $0 + parts[$1] }
            #expect(abs(score - sum) <= 1e-5)
        }
        let explored = response.reasons.filter { $0.rules.contains(.explored) }
        #expect(explored.count == Int((surprise * 10).rounded(.up)))
        for reason in response.reasons {
            #expect(reason.propensity > 0 && reason.propensity <= 1)
            #expect(reason.rules.contains(.explored) || reason.propensity == 1)
            #expect(reason.liked != nil && reason.medoid != nil)
        }
        // The same seed, the same slate.
        let again = try list(fixture, user: 2, person) {
            $0.taste = TasteRequest(all)
            $0.diversity = DiversityRequest(diversity: 0.3)
            $0.boosts = [WeightedItem(20, weight: 0.5)]
        }
        #expect(again == response)
    }

    @Test func `sessions join the taste and end`() throws {
        let fixture = try makeFixture()
        let taste = fixture.collection.taste
        let before = try list(fixture)
        let turn = SessionRequest(
            handle: 1,
            operation: .add,
            session: 5,
            examples: [WeightedItem(120, weight: 10)]
        )
        taste.answer(turn, now: QueryFixture.now) { _ in }
        let during = try list(fixture, PersonRequest(session: 5)) {
            $0.taste = TasteRequest([.taste: 1, .graph: 0])
        }
        #expect(during.ids.contains(120) && !before.ids.contains(120))
        #expect(try list(fixture) == before)
        taste.answer(
            SessionRequest(handle: 1, operation: .forget, session: 5),
            now: QueryFixture.now
        ) { _ in }
        #expect(throws: RequestError.unknownSession(id: 5)) {
            try list(fixture, PersonRequest(session: 5))
        }
    }

    @Test func `who has seen nearly everything gets all that is left`() throws {
        let fixture = try QueryFixture(count: 160)
        try fixture.tell(1, .save, (0..<144).map(ItemID.init))
        let response = try list(fixture, k: 16)
        #expect(response.ids.sorted() == (144..<160).map(ItemID.init))
    }

    @Test func `names that do not exist are refused`() throws {
        let fixture = try makeFixture()
        #expect(throws: RequestError.unknownProfile(name: "x")) {
            try list(fixture) { $0.taste = TasteRequest(profile: "x") }
        }
        #expect(throws: RequestError.missingUser) { try list(fixture, user: nil) }
    }
}
