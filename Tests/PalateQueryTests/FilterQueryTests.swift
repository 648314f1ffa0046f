import Glibc
import PalateFields
import PalateIndex
import PalateModel
import PalateQuery
import TestKit
import Testing

@Suite struct FilterQueryTests {
    @Test(.enabled(if: isOptimisedBuild))
    func `recall of filtered searches is above 0.95 at every share, walked and as planned`()
        async throws
    {
        let filtered = try FilterFixture(count: Self.rows, dimensions: 24)
        for share in [0.9, 0.5, 0.2, 0.1, 0.05, 0.01, 0.001, 0] {
            var (walked, planned) = (0.0, 0.0)
            for query in Self.queries {
                let request = try filtered.request(query, k: 10, "share < \(share)")
                let exact = filtered.nearest(10, to: query) { filtered.shares[$0] < share }
                walked += try recall(of: request, exact, filtered, isScan: false)
                planned += try recall(of: request, exact, filtered, isScan: nil)
                await Task.yield()
            }
            // Below, the planner scans: a graph of so few rows falls apart.
            let least = 0.95 * Double(Self.queries.count)
            #expect(walked >= least || share < 0.05, "share \(share)")
            #expect(planned >= least, "share \(share)")
        }
    }

    @Test(.enabled(if: isOptimisedBuild))
    func `recall of correlated filters is above 0.95, walked`() async throws {
        let filtered = try FilterFixture(count: Self.rows, dimensions: 24)
        for kind in ["own", "other", "all but its own"] {
            var recall = 0.0
            for query in Self.queries {
                let own = filtered.clusters[query]
                let isAllBut = kind == "all but its own"
                let wanted = kind == "other" ? (own + 4) % 8 : own
                let text = isAllBut ? "not cluster = \(own)" : "cluster = \(wanted)"
                let request = try filtered.request(query, k: 10, text)
                let exact = filtered.nearest(10, to: query) { row in
                    (filtered.clusters[row] == wanted) != isAllBut
                }
                recall += try self.recall(of: request, exact, filtered, isScan: false)
                await Task.yield()
            }
            #expect(recall / Double(Self.queries.count) >= 0.95, "\(kind)")
        }
    }

    private static let rows = 10_000
    private static let queries = Array(stride(from: 0, to: rows, by: 400))

    private func recall(
        of request: SearchRequest,
        _ exact: [Int],
        _ filtered: FilterFixture,
        isScan: Bool?
    ) throws -> Double {
        let response = try filtered.fixture.answer(request, isScan: isScan)
        #expect(response.ids.count == exact.count)
        return BruteForce.recall(response.ids.map { Int($0) }, truth: exact)
    }

    @Test func `every match comes back where there are few, and none that is not`() throws {
        let filtered = try FilterFixture(count: 900)
        for share in [0.0, 0.002, 0.02, 0.5] {
            for isScan in [false, true, nil] {
                let request = try filtered.request(7, k: 50, "share < \(share)")
                let response = try filtered.fixture.answer(request, isScan: isScan)
                let exact = filtered.nearest(50, to: 7) { filtered.shares[$0] < share }
                #expect(response.ids.count == exact.count, "\(share)")
                #expect(response.ids.allSatisfy { filtered.shares[Int($0)] < share })
                if isScan != false { #expect(response.ids.map { Int($0) } == exact) }
            }
        }
    }

    @Test func `filters of one meaning give one plan and one answer`() throws {
        let filtered = try FilterFixture(count: 900)
        let texts = [
            "cluster in [1, 2, 3]", "cluster >= 1 and cluster <= 3",
            "cluster = 3 or cluster = 1 or cluster = 2",
            "not (cluster < 1 or not cluster <= 3)",
        ]
        var answers: [SearchResponse] = []
        for text in texts {
            var request = try filtered.request(3, k: 20, text)
            request.parts = .plan
            answers.append(try filtered.fixture.answer(request, isScan: nil))
        }
        #expect(answers.allSatisfy { $0.ids == answers[0].ids && $0.plan == answers[0].plan })
        #expect(
            answers[0].plan?.matches == UInt64(filtered.clusters.count { (1...3).contains($0) })
        )
    }

    @Test func `a filter holds for exclusions, walks, pins and taste together`() throws {
        let filtered = try FilterFixture(count: 900)
        let fixture = filtered.fixture
        let allowed = (0..<900).filter { filtered.shares[$0] < 0.3 }
        try fixture.tell(1, .save, [3, 40, 90])
        for other in 2..<10 as Range<UserID> {
            try fixture.tell(other, .save, [3, 40, ItemID(other * 9)])
        }
        let seen = allowed.prefix(60).map { ItemID($0) }
        var request = SearchRequest(handle: fixture.collection.info.handle, source: .user, k: 30)
        request.user = 1
        request.filter = try filtered.filter("share < 0.3")
        request.excluded = seen
        request.group = GroupRequest(field: filtered.field("brand").id, cap: 2)
        request.diversity = DiversityRequest(diversity: 0.3)
        let unpinned = try #require((0..<900).first { filtered.shares[$0] > 0.9 })
        request.pins = [Pin(ItemID(unpinned), slot: 0)]
        let response = try fixture.answer(request, isScan: nil)
        var groups: [String: Int] = [:]
        for id in response.ids {
            #expect(filtered.shares[Int(id)] < 0.3)
            #expect(!seen.contains(id))
            groups[filtered.brand(Int(id)), default: 0] += 1
        }
        #expect(groups.values.allSatisfy { $0 <= 2 })
        let brands = Set(allowed.dropFirst(60).map(filtered.brand))
        #expect(response.ids.count == min(30, brands.count * 2))
    }

    @Test func `spacing keeps values of a field apart, and gives all of them`() throws {
        let filtered = try FilterFixture(count: 900)
        var request = try filtered.request(5, k: 60, nil)
        // The brand of what comes first, more often than not.
        let plain = try filtered.fixture.answer(request, isScan: nil)
        func repeats(_ response: SearchResponse) -> Int {
            let brands = response.ids.map { filtered.brand(Int($0)) }
            return (1..<brands.count).count { place in
                brands[max(0, place - 3)..<place].contains(brands[place])
            }
        }
        request.spacing = SpacingRequest(field: filtered.field("brand").id, weight: 10, window: 3)
        let spaced = try filtered.fixture.answer(request, isScan: nil)
        #expect(spaced.ids.count == 60 && Set(spaced.ids).count == 60)
        #expect(repeats(plain) > 0)
        #expect(repeats(spaced) < repeats(plain))
        // A short list, too, has other values to choose from.
        request.k = 3
        let short = try filtered.fixture.answer(request, isScan: nil)
        #expect(Set(short.ids.map { filtered.brand(Int($0)) }).count == 3)
        request.k = 60
        // Beside a cap by another field both hold.
        request.group = GroupRequest(field: filtered.field("brand").id, cap: 2)
        let both = try filtered.fixture.answer(request, isScan: nil)
        let counts = Dictionary(grouping: both.ids) { filtered.brand(Int($0)) }
        #expect(counts.values.allSatisfy { $0.count <= 2 })
        request.spacing = SpacingRequest(field: 999, weight: 1)
        #expect(throws: RequestError.self) { try filtered.fixture.answer(request, isScan: nil) }
    }

    @Test func `groups give what a walk down all rows by distance would`() throws {
        let filtered = try FilterFixture(count: 900)
        for (cap, text) in [(1, nil), (2, "share < 0.2"), (7, nil), (7, "share < 0.5")]
            as [(Int, String?)]
        {
            let limit = text.flatMap { Double($0.suffix(3)) } ?? 1
            for query in [0, 311] {
                var request = try filtered.request(query, k: 40, text)
                request.group = GroupRequest(field: filtered.field("brand").id, cap: cap)
                request.parts = .plan
                let response = try filtered.fixture.answer(request, isScan: true)
                var counts: [String: Int] = [:]
                let all = filtered.nearest(900, to: query) { filtered.shares[$0] < limit }
                let expected = all.filter { row in
                    counts[filtered.brand(row), default: 0] += 1
                    return counts[filtered.brand(row), default: 0] <= cap
                }
                #expect(response.ids.map { Int($0) } == Array(expected.prefix(40)))
                #expect((response.plan?.rounds ?? 0) >= 1)
            }
        }
    }

    @Test func `boosts add what their curves say`() throws {
        let filtered = try FilterFixture(count: 800)
        var request = try filtered.request(5, k: 20, nil)
        request.parts = [.scoreParts]
        let plain = try filtered.fixture.answer(request, isScan: true)
        let hour = 3_600_000.0
        request.fieldBoosts = [
            FieldBoost(
                field: filtered.field("added").id,
                curve: .exponential,
                weight: 1_000,
                scale: 10 * hour
            ),
            FieldBoost(field: filtered.field("share").id, curve: .value, weight: 2),
        ]
        let boosted = try filtered.fixture.answer(request, isScan: true)
        #expect(boosted.ids != plain.ids)
        for (id, parts) in zip(boosted.ids, boosted.scoreParts) {
            let row = Int(id)
            let expected = 1_000 * pow(0.5, Double(row) / 10) + 2 * filtered.shares[row]
            #expect(abs(Double(parts[.boost]) - expected) < 1e-2)
        }
        #expect(zip(boosted.scores, boosted.scores.dropFirst()).allSatisfy { $0 >= $1 })
        request.fieldBoosts = [
            FieldBoost(field: filtered.field("brand").id, curve: .gauss, weight: 1)
        ]
        #expect(throws: RequestError.self) { try filtered.fixture.answer(request, isScan: true) }
    }

    @Test func `named fields come with the results`() throws {
        let filtered = try FilterFixture(count: 300)
        var request = try filtered.request(5, k: 7, "cluster < 4")
        request.fields = [filtered.field("brand").id, filtered.field("share").id]
        let response = try filtered.fixture.answer(request, isScan: nil)
        #expect(response.fields.count == 2)
        for (place, id) in response.ids.enumerated() {
            #expect(response.fields[0][place] == .keyword(filtered.brand(Int(id))))
            #expect(response.fields[1][place] == .float(filtered.shares[Int(id)]))
        }
    }
}
