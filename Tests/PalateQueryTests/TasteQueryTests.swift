import PalateIndex
import PalateModel
import PalateQuery
import TestKit
import Testing

/// Blending a person's taste into a list, and lists that come from the person alone.
@Suite struct TasteQueryTests {
    private static let weightsOff = TasteRequest(
        Dictionary(uniqueKeysWithValues: ScoreTerm.allCases.map { ($0, 0) }),
        excludeSeen: false
    )

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

    private func answer(
        _ fixture: QueryFixture,
        _ weights: TasteRequest,
        user: UserID = 1
    ) throws -> SearchResponse {
        var request = fixture.request([50], k: 160)
        request.user = user
        request.taste = weights
        request.parts = .scoreParts
        return try fixture.answer(request)
    }

    @Test func `one weight alone orders by that term alone`() throws {
        let fixture = try makeFixture()
        for term: ScoreTerm in [.query, .taste, .graph, .popularity] {
            var weights = Self.weightsOff
            weights.weights[term] = 1
            let response = try answer(fixture, weights)
            #expect(response.ids.count == 160)
            let parts = response.scoreParts.map { $0[term] }
            #expect(parts == response.scores)
            #expect(parts == parts.sorted(by: >))
            // The term says something: the ends of the list differ.
            #expect(parts[0] > parts[159])
        }
        var weights = Self.weightsOff
        weights.weights[.query] = 1
        let truth = BruteForce.nearest(
            20,
            to: fixture.vectors[50],
            in: fixture.vectors,
            metric: "cosine"
        )
        #expect(try answer(fixture, weights).ids.prefix(20) == truth.map(ItemID.init)[...])
        weights = Self.weightsOff
        weights.weights[.graph] = 1
        let walked = try answer(fixture, weights).ids.prefix(10)
        #expect(walked.allSatisfy { $0 < 40 && $0 % 2 == 0 })
        weights = Self.weightsOff
        weights.weights[.popularity] = 1
        #expect(try answer(fixture, weights).ids.prefix(20).allSatisfy { $0 < 40 })
    }

    @Test func `what was rejected sinks together with what looks like it`() throws {
        let fixture = try makeFixture()
        let near = BruteForce.nearest(
            6,
            to: fixture.vectors[50],
            in: fixture.vectors,
            metric: "cosine"
        )
        // The oracle of likeness: an item that looks like 50 and was not itself rejected.
        let alike = ItemID(near[1])
        var weights = Self.weightsOff
        weights.weights[.query] = 1
        weights.weights[.negative] = 1
        let before = try #require(try answer(fixture, weights).ids.firstIndex(of: alike))
        try fixture.tell(1, .hide, [ItemID(near[0])])
        let response = try answer(fixture, weights)
        let after = try #require(response.ids.firstIndex(of: alike))
        #expect(response.scoreParts[after][.negative] < 0)
        #expect(after >= before - 1)
        weights.weights[.query] = 0
        let sunk = try answer(fixture, weights)
        #expect(sunk.scores.allSatisfy { $0 <= 0 })
        #expect(sunk.scores.last == sunk.scores.min())
    }

    @Test(arguments: [false, true])
    func `the parts sum to the score`(isByUser: Bool) throws {
        let fixture = try makeFixture()
        var request = fixture.request(isByUser ? .user : .items([50]), k: 60)
        request.user = 3
        request.taste = TasteRequest([
            .query: 0.7, .taste: 0.4, .graph: 1.3, .popularity: 0.2, .negative: 1,
        ])
        request.parts = .scoreParts
        for diversity in [nil, DiversityRequest(diversity: 0.6)] {
            request.diversity = diversity
            let response = try fixture.answer(request)
            #expect(response.ids.count == response.scoreParts.count)
            #expect(!response.ids.isEmpty)
            for (score, parts) in zip(response.scores, response.scoreParts) {
                let sum = ScoreTerm.allCases.reduce(0) { $0 + parts[$1] }
                #expect(abs(score - sum) <= 1e-5)
            }
        }
    }

    @Test func `a person's list is what like-minded people like`() throws {
        let fixture = try makeFixture()
        for user: UserID in [1, 15] {
            var request = fixture.request(.user, k: 5)
            request.user = user
            let ids = try fixture.answer(request).ids
            #expect(ids.count == 5)
            let seen = (0..<ItemID(40)).filter {
                ($0 % 2 == 0) == (user <= 10) && ($0 + user) % 3 != 0
            }
            #expect(Set(ids).isDisjoint(with: seen))
            #expect(ids.allSatisfy { $0 < 40 && ($0 % 2 == 0) == (user <= 10) })
        }
    }

    @Test func `events about items the collection lacks do no harm`() throws {
        let fixture = try QueryFixture(count: 60)
        try fixture.tell(1, .save, [900, 901])
        try fixture.tell(2, .save, [900, 901, 902, 7])
        var request = fixture.request(.user, k: 10)
        request.user = 1
        // Nothing of theirs has a vector, but the walk reaches an item that is there.
        #expect(try fixture.answer(request).ids == [7])
        try fixture.tell(1, .hide, [903])
        _ = try fixture.collection.writer.perform(
            .upsert(RowBatch(ids: [900], vectors: Array(fixture.vectors[30])))
        )
        try fixture.tell(9, .impression, [1])
        let ids = try fixture.answer(request).ids
        #expect(ids.count == 10)
        #expect(!ids.contains(900))
        #expect(ids.contains(30))
    }

    @Test func `taste that fades and taste by now are told apart`() throws {
        let fixture = try QueryFixture(count: 120)
        try fixture.tell(1, .save, [10], ago: 24 * 400)
        try fixture.tell(1, .save, [90], ago: 1)
        var weights = Self.weightsOff
        weights.weights[.taste] = 1
        var request = fixture.request([60], k: 120)
        request.user = 1
        request.taste = weights
        let ids = try fixture.answer(request).ids
        let (old, new) = (ids.firstIndex(of: 10), ids.firstIndex(of: 90))
        #expect(try #require(new) < #require(old))
    }
}
