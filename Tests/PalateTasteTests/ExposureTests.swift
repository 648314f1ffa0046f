import PalateModel
import PalateTaste
import TestKit
import Testing

@Suite struct ExposureTests {
    private let settings = TasteSettings()

    private func event(_ type: EventType, _ item: ItemID, ago days: Double = 0) -> Event {
        Event(
            user: 1,
            item: item,
            type: type,
            timeMilliseconds: testNow - Int64(days * Double(day))
        )
    }

    private func record(_ events: [Event]) -> UserRecord {
        UserRecord(replaying: events, settings: settings, similarity: noVectors)
    }

    @Test func `fatigue grows with every impression, fades in days, and ends with an act`() {
        var fatigues: [Float] = []
        for count in 0...6 {
            let shown = record((0..<count).map { _ in event(.impression, 5) })
            fatigues.append(shown.fatigue(of: 5, now: testNow, settings: settings))
        }
        #expect(fatigues[0] == 0)
        #expect(fatigues == fatigues.sorted() && Set(fatigues).count == fatigues.count)
        #expect(fatigues.allSatisfy { $0 < 1 })
        let once = record([event(.impression, 5, ago: 3)])
        // One impression of three days ago is half a one.
        #expect(agree(once.fatigue(of: 5, now: testNow, settings: settings), 1 - 1 / 1.25))
        let acted = record([event(.impression, 5, ago: 1), event(.save, 5)])
        #expect(acted.fatigue(of: 5, now: testNow, settings: settings) == 0)
    }

    @Test func `what was shown five times in vain is held back`() {
        let shown = record((0..<5).map { _ in event(.impression, 5) } + [event(.impression, 6)])
        #expect(shown.tiringItems(now: testNow, settings: settings) == [5])
        #expect(shown.tiringItems(now: testNow + 7 * day, settings: settings).isEmpty)
    }

    @Test func `the newest exposures are kept, in any order of arrival`() {
        var generator = SeededGenerator(seed: testSeed())
        let limit = TasteLimits.exposuresPerUser
        var record = UserRecord()
        for number in (0..<2 * limit).shuffled(using: &generator) {
            record.apply(
                event(.impression, ItemID(number), ago: Double(number)),
                settings: settings,
                similarity: noVectors
            )
        }
        #expect(record.exposures.map(\.item) == (0..<limit).map(ItemID.init))
    }

    @Test func `exposures come back from their bytes`() throws {
        var generator = SeededGenerator(seed: testSeed())
        let events = randomEvents(300, users: 1, items: 90, using: &generator)
        let record = record(events)
        #expect(!record.exposures.isEmpty && !record.signals.isEmpty)
        var writer = ByteWriter()
        record.encode(into: &writer)
        #expect(writer.bytes.count == record.byteCount)
        #expect(try UserRecord(bytes: writer.bytes.span.bytes) == record)
        for _ in 0..<2_000 {
            var bytes = writer.bytes
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            bytes[place] ^= UInt8.random(in: 1...255, using: &generator)
            if let read = try? UserRecord(bytes: bytes.span.bytes) {
                #expect(read.exposures.count <= TasteLimits.exposuresPerUser)
            }
        }
    }

    @Test func `records of version 1 are read`() throws {
        let record = record([event(.save, 3), event(.hide, 9)])
        var writer = ByteWriter()
        record.encode(into: &writer)
        var bytes = writer.bytes
        bytes[0] = 1
        #expect(try UserRecord(bytes: bytes.span.bytes) == record)
    }

    @Test func `an interest tells how far it has come and how it is doing`() throws {
        let stages: [([EventType], FunnelStage)] = [
            ([.closeup, .view], .discover), ([.save, .save], .inspire),
            ([.save, .addToCart], .consider), ([.longClickThrough, .purchase], .convert),
        ]
        for (types, stage) in stages {
            var vectors: [Event] = []
            for (item, type) in types.enumerated() { vectors.append(event(type, ItemID(item))) }
            let record = UserRecord(
                replaying: vectors,
                settings: settings,
                similarity: { _, others, cosines in
                    cosines = others.map { _ in 1 }
                    return true
                }
            )
            let profile = record.profile(now: testNow, settings: settings)
            try #require(profile.interests.count == 1)
            #expect(profile.interests[0].stage == stage)
            #expect(profile.interests[0].lifecycle == .nascent)
            let later = record.profile(now: testNow + 60 * day, settings: settings)
            #expect(later.interests.first?.lifecycle ?? .fading == .fading)
        }
    }

    @Test func `settings travel as numbers and come back the same`() throws {
        let numbers = settings.numbers
        #expect(Set(numbers.map(\.name)).count == numbers.count)
        var changed = settings
        changed[.save].weight = 7
        changed.walk.popularityExponent = 0.25
        #expect(try settings.with(changed.numbers) == changed)
        #expect(throws: RequestError.self) { try settings.with([NamedNumber("weight.x", 1)]) }
        #expect(throws: RequestError.self) { try settings.with([NamedNumber("weight.save", 99)]) }
        let never = NamedNumber("half_life.save", .infinity)
        #expect(try settings.with([never])[.save].halfLifeDays == .infinity)
    }

    @Test func `other settings derive every edge again`() {
        var generator = SeededGenerator(seed: testSeed())
        let events = randomEvents(2_000, users: 20, items: 60, using: &generator)
        var settings = TasteSettings()
        settings[.save].weight = -1
        settings.walk.popularityExponent = 0
        var graph = TasteGraph()
        for event in events { graph.apply(event, similarity: noVectors) }
        graph.use(settings)
        // Half-lives are the same, so the sums are: a graph that went by them from the start.
        var expected = TasteGraph(settings: settings)
        for event in events { expected.apply(event, similarity: noVectors) }
        let (edges, expectedEdges) = (graph.edgeCount, expected.edgeCount)
        #expect(edges == expectedEdges)
        var (left, right) = (WalkScratch(), WalkScratch())
        for user in UserID(0)..<20 {
            let got = graph.walk(from: user, now: testNow, limit: 60, scratch: &left)
            let wanted = expected.walk(from: user, now: testNow, limit: 60, scratch: &right)
            let scores = Dictionary(uniqueKeysWithValues: wanted.map { ($0.item, $0.score) })
            #expect(got.count == wanted.count)
            for found in got { #expect(agree(found.score, scores[found.item] ?? -1, 0.01)) }
        }
    }
}
