import Glibc
import PalateModel
import PalateTaste
import TestKit
import Testing

@Suite struct TwoHopWalkTests {
    /// The formula of `TwoHopWalk.swift` over dictionaries of doubles.
    private struct Oracle {
        /// By user, by item: weight at the edge's newest event, and that event's time.
        var edges: [UserID: [ItemID: (weight: Double, time: Int64)]] = [:]
        var settings: TasteSettings

        init(_ graph: borrowing TasteGraph, users: Range<UserID>) {
            settings = graph.settings
            for user in users {
                guard let record = graph.record(of: user) else { continue }
                record.forEachItem { range in
                    let time = record.newestTime(range)
                    let weight = record.weight(range, now: time, settings: settings)
                    guard weight > 0 else { return }
                    edges[user, default: [:]][record.signals[range.lowerBound].item] = (
                        Double(weight), time
                    )
                }
            }
        }

        func likes(_ item: ItemID) -> Double {
            Double(edges.values.filter { $0[item] != nil }.count)
        }

        func scores(from seeds: [ItemID: Double], avoiding user: UserID?) -> [ItemID: Double] {
            let walk = settings.walk
            func faded(_ edge: (weight: Double, time: Int64)) -> Double {
                let age = testNow / day - edge.time / day
                return edge.weight * exp2(-Double(max(age, 0)) / Double(walk.halfLifeDays))
            }
            var scores: [ItemID: Double] = [:]
            for (other, theirs) in edges where other != user {
                var mass = 0.0
                for (item, weight) in seeds {
                    guard let edge = theirs[item] else { continue }
                    mass += weight * faded(edge) / pow(likes(item), Double(walk.seedDegreeExponent))
                }
                guard mass > 0 else { continue }
                let degree = pow(Double(theirs.count), Double(walk.userDegreeExponent))
                let share = pow(mass / degree, Double(walk.sharpness))
                for (item, edge) in theirs {
                    scores[item, default: 0] +=
                        share * faded(edge) / pow(likes(item), Double(walk.popularityExponent))
                }
            }
            return scores
        }

        func scores(
            from user: UserID,
            record: UserRecord
        ) -> [ItemID: Double] {
            var seeds: [ItemID: Double] = [:]
            record.forEachItem { range in
                let weight = record.presentWeight(range, now: testNow, settings: settings)
                if weight > 0 { seeds[record.signals[range.lowerBound].item] = Double(weight) }
            }
            return scores(from: seeds, avoiding: user)
        }
    }

    private func graph(
        sharpness: Float,
        exponents: Float,
        types: [EventType] = EventType.allCases,
        generator: inout SeededGenerator
    ) -> TasteGraph {
        var settings = TasteSettings()
        settings.walk.sharpness = sharpness
        settings.walk.seedDegreeExponent = exponents
        settings.walk.userDegreeExponent = exponents * 1.5
        settings.walk.popularityExponent = exponents / 2
        settings.walk.halfLifeDays = 69
        var graph = TasteGraph(settings: settings)
        for event in randomEvents(1_200, users: 40, items: 60, types: types, using: &generator) {
            graph.apply(event, similarity: noVectors)
        }
        return graph
    }

    @Test(arguments: [Float(1), 1.3, 2], [Float(0), 0.4, 1])
    func `scores are those of the formula`(sharpness: Float, exponents: Float) throws {
        var generator = SeededGenerator(seed: testSeed())
        let graph = graph(sharpness: sharpness, exponents: exponents, generator: &generator)
        let oracle = Oracle(graph, users: 0..<40)
        var scratch = WalkScratch()
        for user in UserID(0)..<40 {
            let record = try requiredRecord(graph, user)
            var expected = oracle.scores(from: user, record: record)
            for item in graph.seenItems(of: user) + graph.hiddenItems(of: user) {
                expected[item] = nil
            }
            let found = graph.walk(from: user, now: testNow, limit: 1_000, scratch: &scratch)
            #expect(Set(found.map(\.item)) == Set(expected.keys))
            for candidate in found {
                let score = Float(try #require(expected[candidate.item]))
                // Edge weights are rounded to 8 bits of precision.
                #expect(abs(candidate.score - score) <= 0.01 * score)
            }
        }
    }

    @Test func `candidates come best first, cut at the limit, ties by item`() {
        var generator = SeededGenerator(seed: testSeed())
        let graph = graph(sharpness: 1.3, exponents: 0.4, generator: &generator)
        var scratch = WalkScratch()
        let all = graph.walk(from: 3, now: testNow, limit: 1_000, scratch: &scratch)
        #expect(!all.isEmpty)
        for (one, next) in zip(all, all.dropFirst()) {
            #expect((one.score, next.item) > (next.score, one.item))
        }
        for limit in [0, 1, 2, all.count - 1, all.count, all.count + 1] {
            let some = graph.walk(from: 3, now: testNow, limit: limit, scratch: &scratch)
            #expect(some == Array(all.prefix(limit)))
        }
    }

    @Test func `seen items come back on request and hidden ones never`() {
        var graph = TasteGraph()
        for user in UserID(0)..<5 {
            for item in ItemID(0)..<6 {
                graph.apply(
                    Event(user: user, item: item, type: .save, timeMilliseconds: testNow),
                    similarity: noVectors
                )
            }
        }
        for (item, type) in [(0, EventType.save), (1, .view), (2, .hide), (3, .skip)] {
            graph.apply(
                Event(user: 9, item: ItemID(item), type: type, timeMilliseconds: testNow),
                similarity: noVectors
            )
        }
        var scratch = WalkScratch()
        func items(excludeSeen: Bool) -> [ItemID] {
            graph.walk(
                from: 9,
                now: testNow,
                limit: 10,
                excludeSeen: excludeSeen,
                scratch: &scratch
            ).map(\.item).sorted()
        }
        #expect(items(excludeSeen: true) == [3, 4, 5])
        #expect(items(excludeSeen: false) == [0, 1, 3, 4, 5])
    }

    @Test func `given candidates are scored as the walk scores them`() {
        var generator = SeededGenerator(seed: testSeed())
        let graph = graph(sharpness: 1.3, exponents: 0.4, generator: &generator)
        for reuses in [true, false] {
            for user in UserID(0)..<40 {
                var scratch = WalkScratch()
                let found = graph.walk(
                    from: user,
                    now: testNow,
                    limit: 1_000,
                    excludeSeen: false,
                    scratch: &scratch
                )
                if !reuses { scratch = WalkScratch() }
                let items = ItemID(0)..<70
                var scores = [Float](repeating: -1, count: items.count)
                var span = scores.mutableSpan
                graph.walkScores(
                    from: user,
                    now: testNow,
                    candidates: Array(items).span,
                    scratch: &scratch,
                    into: &span
                )
                let hidden = Set(graph.hiddenItems(of: user))
                for (item, score) in zip(items, scores) where !hidden.contains(item) {
                    #expect(score == found.first { $0.item == item }?.score ?? 0)
                }
            }
        }
    }

    @Test func `a scratch forgets its walk when the graph, the person or the moment changes`() {
        var generator = SeededGenerator(seed: testSeed())
        var graph = graph(sharpness: 1.3, exponents: 0.4, generator: &generator)
        var scratch = WalkScratch()
        for step in 0..<20 {
            let user = UserID(step % 3)
            let now = testNow + Int64(step / 6) * 30 * day
            var fresh = WalkScratch()
            let reused = graph.walk(from: user, now: now, limit: 99, scratch: &scratch)
            #expect(reused == graph.walk(from: user, now: now, limit: 99, scratch: &fresh))
            if step % 4 == 3 {
                graph.apply(
                    Event(user: 50, item: UInt64(step), type: .save, timeMilliseconds: now),
                    similarity: noVectors
                )
            }
        }
    }

    @Test func `a list of items is a place to start from`() throws {
        var generator = SeededGenerator(seed: testSeed())
        let graph = graph(sharpness: 1.3, exponents: 0.4, generator: &generator)
        let oracle = Oracle(graph, users: 0..<40)
        var scratch = WalkScratch()
        let seeds = [
            ScoredItem(item: 4, score: 2), ScoredItem(item: 9, score: 1),
            ScoredItem(item: 12_345, score: 1), ScoredItem(item: 5, score: 0),
        ]
        let found = graph.walk(from: seeds, now: testNow, limit: 1_000, scratch: &scratch)
        let expected = oracle.scores(from: [4: 2, 9: 1], avoiding: nil)
        #expect(Set(found.map(\.item)) == Set(expected.keys).subtracting([4, 9]))
        for candidate in found {
            let score = Float(try #require(expected[candidate.item]))
            #expect(abs(candidate.score - score) <= 0.01 * score)
        }
    }

    @Test func `strangers get nothing`() {
        let graph = TasteGraph()
        var scratch = WalkScratch()
        #expect(graph.walk(from: 1, now: testNow, limit: 5, scratch: &scratch).isEmpty)
        #expect(graph.walk(from: [], now: testNow, limit: 5, scratch: &scratch).isEmpty)
        var scores: [Float] = [1, 1]
        var span = scores.mutableSpan
        graph.walkScores(
            from: 1,
            now: testNow,
            candidates: ([1, 2] as [ItemID]).span,
            scratch: &scratch,
            into: &span
        )
        #expect(scores == [0, 0])
    }

    @Test func `the second hop stops at its limit and keeps the most alike`() throws {
        var graph = TasteGraph()
        // 600 people with 300 items each: 180,000 edges, more than the limit. The 20 people who
        // share both seeds also share item 900, which nobody else has.
        let people = 600
        for user in 1...people {
            let isTwin = user % 30 == 0
            var items: [ItemID] = [
                0, ItemID(isTwin ? 1 : 1_000 + user), ItemID(isTwin ? 900 : 2_000 + user),
            ]
            items += (3..<300).map { ItemID(10_000 + (user * 7 + $0) % 3_000) }
            graph.load(try recordOfSaves(items), for: UserID(user))
        }
        #expect(graph.edgeCount > TasteLimits.walkSecondHopSteps)
        for item in [ItemID(0), 1] {
            graph.apply(
                Event(user: 0, item: item, type: .save, timeMilliseconds: testNow),
                similarity: noVectors
            )
        }
        var scratch = WalkScratch()
        let found = graph.walk(from: 0, now: testNow, limit: 10_000, scratch: &scratch)
        #expect(found.first?.item == 900)
        // Everybody's own item tells who was walked over: as many as the limit has room for.
        let walkedOver = found.count { (2_000..<3_000).contains($0.item) } + 20
        #expect(walkedOver <= TasteLimits.walkSecondHopSteps / 300)
        #expect(walkedOver > TasteLimits.walkSecondHopSteps / 300 - 5)
    }
}
