import PalateModel
import PalateTaste
import TestKit
import Testing

@Suite struct ClusterTests {
    private func save(_ item: ItemID, daysAgo: Int64 = 0) -> Event {
        Event(user: 1, item: item, type: .save, timeMilliseconds: testNow - daysAgo * day)
    }

    /// Items 0...9 around one direction, 10...19 around another.
    private let twoGroups: SimilarityList = { item, others, similarities in
        guard item < 20 else { return false }
        similarities = others.map { other in
            guard item / 10 == other / 10 else { return 0.1 }
            // The nearer the numbers, the more alike: the middle is the medoid.
            return 1 - Float(item > other ? item - other : other - item) * 0.012
        }
        return true
    }

    @Test func `like joins like and the middle is the medoid`() {
        var graph = TasteGraph()
        for item in [0, 10, 1, 2, 11, 3, 4] as [ItemID] {
            graph.apply(save(item), similarity: twoGroups)
        }
        let medoids = graph.medoids(of: 1, now: testNow, limit: 5)
        #expect(medoids.map(\.item) == [2, 10])
        #expect(medoids.map(\.memberCount) == [5, 2])
        #expect(
            medoids.map(\.importance) == [20, 8].map { $0 * (1 + graph.settings.sessionBoost) }
        )
        #expect(graph.medoids(of: 1, now: testNow, limit: 1) == [medoids[0]])
        #expect(graph.medoids(of: 2, now: testNow, limit: 1).isEmpty)
    }

    @Test func `importance fades, so that a fresh interest overtakes an old one`() {
        var graph = TasteGraph()
        for item in 0..<4 { graph.apply(save(ItemID(item), daysAgo: 276), similarity: twoGroups) }
        graph.apply(save(12), similarity: twoGroups)
        let medoids = graph.medoids(of: 1, now: testNow, limit: 5)
        #expect(medoids.map(\.item).first == 12)
        #expect(agree(medoids[1].importance, 4 * 4 / 16))
    }

    @Test func `a rejected member leaves its cluster and the medoid moves`() {
        var graph = TasteGraph()
        for item in 0..<5 { graph.apply(save(ItemID(item)), similarity: twoGroups) }
        #expect(graph.medoids(of: 1, now: testNow, limit: 5).map(\.item) == [2])
        for item in [0, 1] as [ItemID] {
            graph.apply(
                Event(user: 1, item: item, type: .hide, timeMilliseconds: testNow),
                similarity: twoGroups
            )
        }
        let medoids = graph.medoids(of: 1, now: testNow, limit: 5)
        #expect(medoids.map(\.item) == [3])
        #expect(medoids.map(\.memberCount) == [3])
        graph.apply(
            Event(user: 1, item: 3, type: .report, timeMilliseconds: testNow),
            similarity: twoGroups
        )
        #expect(graph.medoids(of: 1, now: testNow, limit: 5).map(\.memberCount) == [2])
    }

    @Test func `an item without a vector waits until it has one`() {
        var graph = TasteGraph()
        graph.apply(save(3), similarity: noVectors)
        #expect(graph.medoids(of: 1, now: testNow, limit: 5).isEmpty)
        #expect(graph.cluster(1, similarity: noVectors) == false)
        #expect(graph.cluster(1, similarity: twoGroups) == true)
        #expect(graph.cluster(1, similarity: twoGroups) == false)
        #expect(graph.cluster(2, similarity: twoGroups) == false)
        #expect(graph.medoids(of: 1, now: testNow, limit: 5).map(\.item) == [3])
        // The next event does the same.
        graph.apply(save(4), similarity: noVectors)
        graph.apply(save(4), similarity: twoGroups)
        #expect(graph.medoids(of: 1, now: testNow, limit: 5).map(\.memberCount) == [2])
    }

    @Test func `clusters stay within their limit, and members and weights add up`() throws {
        var generator = SeededGenerator(seed: testSeed())
        let vectors = Vectors(
            ClusteredVectors(count: 150, dimensions: 16, clusters: 150, using: &generator)
        )
        var graph = TasteGraph()
        for item in 0..<150 { graph.apply(save(ItemID(item)), similarity: vectors.similarity) }
        let medoids = graph.medoids(of: 1, now: testNow, limit: 999)
        #expect(medoids.count == TasteLimits.clustersPerUser)
        #expect(medoids.reduce(0) { $0 + $1.memberCount } == 150)
        let fresh = 1 + graph.settings.sessionBoost
        #expect(agree(medoids.reduce(0) { $0 + $1.importance }, 600 * fresh))
        #expect(Set(medoids.map(\.item)).count == medoids.count)
    }

    @Test func `running affinities equal the sums over the members`() throws {
        var generator = SeededGenerator(seed: testSeed())
        let vectors = Vectors(
            ClusteredVectors(count: 60, dimensions: 16, clusters: 4, using: &generator)
        )
        var graph = TasteGraph()
        for event in randomEvents(300, users: 1, items: 60, using: &generator) {
            graph.apply(event, similarity: vectors.similarity)
        }
        let record = try requiredRecord(graph, 0)
        let clustered = record.signals.filter { $0.cluster != Signal.unclustered }
        #expect(!clustered.isEmpty)
        for signal in clustered {
            let others = Set(clustered.filter { $0.cluster == signal.cluster }.map(\.item))
                .subtracting([signal.item])
            let sum = others.reduce(Float(0)) { $0 + vectors.cosine(signal.item, $1) }
            #expect(agree(signal.affinity, sum, 1e-3))
        }
    }
}
