import PalateModel
import PalateTaste
import TestKit
import Testing

@Suite struct TasteGraphTests {
    private func event(
        _ type: EventType,
        _ item: ItemID,
        user: UserID = 7,
        daysAgo: Int64 = 0
    ) -> Event {
        Event(user: user, item: item, type: type, timeMilliseconds: testNow - daysAgo * day)
    }

    @Test func `weights do not depend on the order of arrival`() throws {
        var generator = SeededGenerator(seed: testSeed())
        var events = randomEvents(400, users: 4, items: 30, using: &generator)
        var first = TasteGraph()
        for event in events { first.apply(event, similarity: noVectors) }
        events.shuffle(using: &generator)
        var second = TasteGraph()
        for event in events { second.apply(event, similarity: noVectors) }
        #expect(first.edgeCount == second.edgeCount)
        for user in UserID(0)..<4 {
            let left = try requiredRecord(first, user)
            let right = try requiredRecord(second, user)
            #expect(left.signals.map(\.item) == right.signals.map(\.item))
            #expect(left.signals.map(\.type) == right.signals.map(\.type))
            for (one, other) in zip(left.signals, right.signals) {
                #expect(one.sum.timeMilliseconds == other.sum.timeMilliseconds)
                #expect(agree(one.sum.mass, other.sum.mass))
            }
            var scratch = WalkScratch()
            let from = first.walk(from: user, now: testNow, limit: 50, scratch: &scratch)
            let scores = Dictionary(
                uniqueKeysWithValues: second.walk(
                    from: user,
                    now: testNow,
                    limit: 50,
                    scratch: &scratch
                ).map { ($0.item, $0.score) }
            )
            #expect(from.count == scores.count)
            for found in from { #expect(agree(found.score, scores[found.item] ?? -1, 0.01)) }
        }
    }

    @Test func `an impression is an exposure and nothing else`() throws {
        var graph = TasteGraph()
        let isChanged = graph.apply(event(.impression, 1), similarity: noVectors)
        #expect(isChanged)
        let record = try requiredRecord(graph, 7)
        #expect(record.signals.isEmpty && record.exposures.map(\.item) == [1])
        let edges = graph.edgeCount
        #expect(record.seenItems().isEmpty && edges == 0)
        #expect(record.medoids(now: testNow, limit: 9, settings: TasteSettings()).isEmpty)
    }

    @Test(arguments: EventType.allCases)
    func `seen is what was acted on and hidden is what was sent away`(type: EventType) {
        var graph = TasteGraph()
        graph.apply(event(type, 5), similarity: noVectors)
        let isSeen = ![.impression, .skip].contains(type)
        let isHidden = [.hide, .report].contains(type)
        #expect(graph.seenItems(of: 7) == (isSeen ? [5] : []))
        #expect(graph.hasSeen(7, 5) == isSeen)
        #expect(graph.hasSeen(7, 6) == false)
        #expect(graph.hasSeen(8, 5) == false)
        #expect(graph.hiddenItems(of: 7) == (isHidden ? [5] : []))
        let weight = graph.settings[type].weight
        #expect(graph.popularity(of: 5) == (weight > 0 ? 1 : 0))
        #expect(graph.negatives(of: 7, now: testNow, limit: 9).isEmpty == (weight >= 0))
    }

    @Test func `weight decays by the half-life of each type`() throws {
        var graph = TasteGraph()
        graph.apply(event(.save, 1, daysAgo: 69), similarity: noVectors)
        graph.apply(event(.purchase, 1, daysAgo: 90), similarity: noVectors)
        let record = try requiredRecord(graph, 7)
        let weight = record.weight(record.range(of: 1), now: testNow, settings: graph.settings)
        #expect(agree(weight, 4 / 2 + 10 / 2))
    }

    @Test func `what was done in this session counts for more, for half an hour and fading`() throws
    {
        var graph = TasteGraph()
        graph.apply(event(.save, 1), similarity: noVectors)
        let record = try requiredRecord(graph, 7)
        let boost = graph.settings.sessionBoost
        for (minutes, freshness) in [(-5, 1), (0, 1), (30, 0.5), (60, 0.25), (60_000, 0)]
            as [(Int64, Float)]
        {
            let now = testNow + minutes * 60_000
            let range = record.range(of: 1)
            let lasting = record.weight(range, now: now, settings: graph.settings)
            let present = record.presentWeight(range, now: now, settings: graph.settings)
            #expect(agree(present, lasting * (1 + boost * freshness)))
        }
    }

    @Test func `a hidden item stays hidden whatever else is done with it`() throws {
        var graph = TasteGraph()
        graph.apply(event(.hide, 1, daysAgo: 1_000), similarity: noVectors)
        graph.apply(event(.purchase, 1), similarity: noVectors)
        #expect(graph.hiddenItems(of: 7) == [1])
        #expect(graph.popularity(of: 1) == 0)
        let negatives = graph.negatives(of: 7, now: testNow, limit: 5)
        #expect(negatives.map(\.item) == [1])
        #expect(negatives[0].score < 0.05)
    }

    @Test func `negatives come strongest first as shares of a fresh hide`() {
        var graph = TasteGraph()
        graph.apply(event(.hide, 1), similarity: noVectors)
        graph.apply(event(.hide, 2, daysAgo: 180), similarity: noVectors)
        graph.apply(event(.report, 3, daysAgo: 900), similarity: noVectors)
        graph.apply(event(.unsave, 4), similarity: noVectors)
        let negatives = graph.negatives(of: 7, now: testNow, limit: 3)
        #expect(negatives.map(\.item) == [1, 3, 2])
        #expect(negatives.map(\.score) == [1, 1, 0.5])
    }

    @Test func `forgetting a person leaves the graph as if they had never come`() {
        var generator = SeededGenerator(seed: testSeed())
        let events = randomEvents(600, users: 12, items: 30, using: &generator)
        var all = TasteGraph()
        var without = TasteGraph()
        for event in events {
            all.apply(event, similarity: noVectors)
            if event.user != 3 { without.apply(event, similarity: noVectors) }
        }
        #expect(all.forget(3) == true)
        #expect(all.forget(3) == false)
        #expect(all.record(of: 3) == nil)
        #expect(all.userCount == without.userCount)
        #expect(all.edgeCount == without.edgeCount)
        for item in ItemID(0)..<30 {
            #expect(all.popularity(of: item) == without.popularity(of: item))
        }
        expectSameWalks(all, without, users: 0..<12)
        // The number of a forgotten person goes to the next one, with nothing left in it.
        all.apply(event(.save, 1, user: 99), similarity: noVectors)
        without.apply(event(.save, 1, user: 99), similarity: noVectors)
        expectSameWalks(all, without, users: 0..<12)
    }

    @Test func `loaded records give the graph that the events gave`() throws {
        var generator = SeededGenerator(seed: testSeed())
        let vectors = Vectors(ClusteredVectors(count: 30, dimensions: 8, using: &generator))
        var original = TasteGraph()
        for event in randomEvents(600, users: 12, items: 30, using: &generator) {
            original.apply(event, similarity: vectors.similarity)
        }
        var loaded = TasteGraph()
        for user in UserID(0)..<12 {
            // Twice: a second load replaces the first.
            for _ in 0..<2 { loaded.load(try requiredRecord(original, user), for: user) }
        }
        #expect(loaded.edgeCount == original.edgeCount)
        expectSameWalks(original, loaded, users: 0..<12)
        for user in UserID(0)..<12 {
            #expect(loaded.record(of: user) == original.record(of: user))
            #expect(
                loaded.medoids(of: user, now: testNow, limit: 9)
                    == original.medoids(of: user, now: testNow, limit: 9)
            )
        }
    }

    @Test func `after any program the graph is the one its records make`() throws {
        var generator = SeededGenerator(seed: testSeed())
        var graph = TasteGraph()
        var stored: [UserID: UserRecord] = [:]
        for step in 0..<1_500 {
            let user = UserID.random(in: 0..<15, using: &generator)
            switch Int.random(in: 0..<40, using: &generator) {
            case 0: graph.forget(user)
            case 1: if let record = stored[user] { graph.load(record, for: user) }
            case 2: stored[user] = graph.record(of: user)
            default:
                var event = randomEvents(1, users: 15, items: 25, using: &generator)[0]
                event.item += UInt64(step / 100)
                graph.apply(event, similarity: noVectors)
            }
            guard step % 250 == 249 else { continue }
            var rebuilt = TasteGraph()
            for user in UserID(0)..<15 {
                if let record = graph.record(of: user) { rebuilt.load(record, for: user) }
            }
            #expect(graph.userCount == rebuilt.userCount)
            #expect(graph.edgeCount == rebuilt.edgeCount)
            for item in ItemID(0)..<60 {
                #expect(graph.popularity(of: item) == rebuilt.popularity(of: item))
            }
            expectSameWalks(graph, rebuilt, users: 0..<15)
        }
    }

    @Test func `a person keeps the heaviest 512 liked items`() throws {
        var graph = TasteGraph()
        let limit = TasteLimits.likedItemsPerUser
        for item in 0..<limit + 40 {
            // The later, the fresher; all are closer together than a half-life.
            graph.apply(
                event(.save, ItemID(item), daysAgo: 60 - Int64(item) / 10),
                similarity: noVectors
            )
        }
        let record = try requiredRecord(graph, 7)
        #expect(record.signals.map(\.item) == (40..<limit + 40).map { ItemID($0) })
        #expect(graph.edgeCount == limit)
        #expect(graph.popularity(of: 0) == 0)
        #expect(graph.popularity(of: 45) == 1)
    }

    @Test func `hidden items outlast skips when there are too many rejections`() {
        var graph = TasteGraph()
        for item in 0..<10 {
            graph.apply(event(.hide, ItemID(item), daysAgo: 900), similarity: noVectors)
        }
        for item in 10..<TasteLimits.otherItemsPerUser + 20 {
            graph.apply(event(.skip, ItemID(item)), similarity: noVectors)
        }
        #expect(graph.hiddenItems(of: 7) == (0..<10).map { ItemID($0) })
    }

    @Test func `an item remembers at most 1,024 people and counts them all`() {
        var graph = TasteGraph()
        let people = TasteLimits.walkUsersPerItem + 100
        for user in 0..<people {
            graph.apply(event(.save, 1, user: UserID(user), daysAgo: 50), similarity: noVectors)
        }
        #expect(graph.popularity(of: 1) == people)
        #expect(graph.edgeCount == people)
        for user in 0..<people { graph.forget(UserID(user)) }
        #expect(graph.popularity(of: 1) == 0)
        #expect(graph.edgeCount == 0)
    }
}

/// Every person walks to the same items with the same scores in both graphs.
func expectSameWalks(
    _ left: borrowing TasteGraph,
    _ right: borrowing TasteGraph,
    users: Range<UserID>,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    var scratch = WalkScratch()
    for user in users {
        let one = left.walk(from: user, now: testNow, limit: 100, scratch: &scratch)
        scratch = WalkScratch()
        let other = right.walk(from: user, now: testNow, limit: 100, scratch: &scratch)
        let scores = Dictionary(uniqueKeysWithValues: other.map { ($0.item, $0.score) })
        #expect(one.count == other.count, sourceLocation: sourceLocation)
        for found in one {
            #expect(
                agree(found.score, scores[found.item] ?? -1, 0.001),
                sourceLocation: sourceLocation
            )
        }
        scratch = WalkScratch()
    }
}
