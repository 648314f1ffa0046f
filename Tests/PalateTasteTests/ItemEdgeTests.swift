import Glibc
import PalateModel
import PalateTaste
import TestKit
import Testing

@Suite struct ItemEdgeTests {
    /// Likes in groups, so that there is something to find: people of group g like items of g.
    private static func likes(
        people: Int,
        items: Int,
        groups: Int,
        each: Int,
        using generator: inout SeededGenerator
    ) -> [[ItemID]] {
        (0..<people).map { person in
            var liked: Set<ItemID> = []
            for _ in 0..<each {
                let isOwn = Int.random(in: 0..<10, using: &generator) < 8
                let group = isOwn ? person % groups : Int.random(in: 0..<groups, using: &generator)
                let place = Int.random(in: 0..<items / groups, using: &generator)
                liked.insert(ItemID(place * groups + group) * 1_000_003)
            }
            return liked.sorted()
        }
    }

    private static func interactions(_ likes: [[ItemID]]) -> Interactions {
        var interactions = Interactions()
        for liked in likes { interactions.append(liked) }
        return interactions
    }

    @Test(arguments: ItemEdgeRegistry.names, [(0, 8), (1, 8), (3, 8), (120, 60), (300, 500)])
    func `edges keep to their contract`(name: String, size: (people: Int, items: Int)) throws {
        let builder = try #require(ItemEdgeRegistry.named(name))
        var generator = SeededGenerator(seed: testSeed())
        let likes = Self.likes(
            people: size.people,
            items: size.items,
            groups: 4,
            each: 8,
            using: &generator
        )
        let interactions = Self.interactions(likes)
        let built = builder.build(interactions, isCancelled: { false })
        let lists = try #require(built)
        let known = Set(likes.joined())
        #expect(lists.map(\.item) == known.sorted())
        for list in lists {
            #expect(list.neighbours.count == list.codes.count)
            #expect(list.neighbours.count <= TasteLimits.edgesPerItem)
            #expect(Set(list.neighbours).count == list.neighbours.count)
            #expect(!list.neighbours.contains(list.item))
            #expect(known.isSuperset(of: list.neighbours))
            #expect(list.codes == list.codes.sorted(by: >) && !list.codes.contains(0))
            #expect(list.scale.isFinite && list.scale > 0)
        }
        let again = builder.build(interactions, isCancelled: { false })
        #expect(again == lists)
        let cancelled = builder.build(interactions, isCancelled: { true })
        #expect(size.people == 0 || cancelled == nil)
    }

    @Test func `co-occurrence is the naive count, damped`() throws {
        var generator = SeededGenerator(seed: testSeed())
        let likes = Self.likes(people: 60, items: 40, groups: 4, each: 6, using: &generator)
        let built = CoOccurrenceEdges.build(Self.interactions(likes), isCancelled: { false })
        let lists = try #require(built)
        var counts: [ItemID: Double] = [:]
        for item in likes.joined() { counts[item, default: 0] += 1 }
        let edges = ItemEdges(lists, summary: EdgeSummary())
        for list in lists {
            var expected: [ItemID: Double] = [:]
            for liked in likes where liked.contains(list.item) {
                for other in liked where other != list.item {
                    expected[other, default: 0] += 1 / Double(liked.count)
                }
            }
            for (other, value) in expected {
                let damped =
                    pow(counts[list.item, default: 0] + 5, -0.45)
                    * pow(counts[other, default: 0] + 5, -0.45)
                expected[other] = value * damped
            }
            let got = edges.edges(of: list.item)
            #expect(got.count == expected.count)
            for edge in got {
                let wanted = Float(expected[edge.item] ?? -1)
                // 8 bits of the largest weight of the list.
                #expect(abs(edge.score - wanted) <= list.scale / 500 + 1e-6)
            }
        }
    }

    @Test func `scores are the sum over seeds, as multiplying by the matrix gives`() throws {
        var generator = SeededGenerator(seed: testSeed())
        let likes = Self.likes(people: 80, items: 60, groups: 4, each: 8, using: &generator)
        let built = CoOccurrenceEdges.build(Self.interactions(likes), isCancelled: { false })
        let lists = try #require(built)
        let edges = ItemEdges(lists, summary: EdgeSummary())
        var scratch = EdgeScratch()
        for liked in likes.prefix(20) {
            let seeds = liked.map { item in
                ScoredItem(item: item, score: Float.random(in: 0.1...4, using: &generator))
            }
            var expected: [ItemID: Float] = [:]
            for seed in seeds {
                for edge in edges.edges(of: seed.item) {
                    expected[edge.item, default: 0] += seed.score * edge.score
                }
            }
            edges.spread(
                from: seeds + [ScoredItem(item: 1, score: 9)],
                scratch: &scratch
            )
            let all = lists.map(\.item)
            for (item, score) in zip(all, edges.scores(of: all, scratch: scratch)) {
                #expect(agree(score, expected[item] ?? 0))
            }
            let best = edges.best(7, excluding: liked, scratch: &scratch)
            let order = expected.filter { !liked.contains($0.key) }.map(\.value).sorted(by: >)
            #expect(best.count == min(7, order.count))
            for (found, wanted) in zip(best, order) { #expect(agree(found.score, wanted)) }
            #expect(best.allSatisfy { !liked.contains($0.item) })
        }
    }

    @Test func `ridge edges are the closed form, as elimination in double precision has it`() throws
    {
        var generator = SeededGenerator(seed: testSeed())
        let likes = Self.likes(people: 90, items: 32, groups: 4, each: 6, using: &generator)
        let interactions = Self.interactions(likes)
        let built = RidgeEdges.lists(interactions, penalty: 20, isCancelled: { false })
        let lists = try #require(built)
        let ids = interactions.ids
        let places = Dictionary(uniqueKeysWithValues: zip(ids, 0...))
        var moments = [[Double]](
            repeating: [Double](repeating: 0, count: ids.count),
            count: ids.count
        )
        for liked in likes {
            let rows = liked.compactMap { places[$0] }
            for row in rows { for column in rows { moments[row][column] += 1 } }
        }
        for row in ids.indices { moments[row][row] += 20 }
        let inverse = inverted(moments)
        let edges = ItemEdges(lists, summary: EdgeSummary())
        for (row, item) in ids.enumerated() {
            var expected: [ItemID: Double] = [:]
            for (column, other) in ids.enumerated() where column != row {
                expected[other] = -inverse[row][column] / inverse[column][column]
            }
            let got = edges.edges(of: item)
            // Half a step of 8 bits of the heaviest edge.
            let scale = Double(got.first?.score ?? 0) / 500
            for edge in got {
                #expect(abs(Double(edge.score) - expected[edge.item, default: -1]) < 2e-4 + scale)
            }
            let kept = Set(got.map { $0.item })
            #expect(expected.allSatisfy { kept.contains($0.key) || $0.value < 1e-5 + scale })
        }
    }

    /// The inverse by Gauss-Jordan elimination.
    private func inverted(_ matrix: [[Double]]) -> [[Double]] {
        let count = matrix.count
        var rows = matrix.enumerated().map { place, row in
            row + (0..<count).map { $0 == place ? 1 : 0 }
        }
        for pivot in 0..<count {
            let scale = 1 / rows[pivot][pivot]
            rows[pivot] = rows[pivot].map { $0 * scale }
            for row in 0..<count where row != pivot {
                let factor = rows[row][pivot]
                for column in 0..<2 * count { rows[row][column] -= factor * rows[pivot][column] }
            }
        }
        return rows.map { Array($0[count...]) }
    }

    @Test func `the lifted spectrum finds what goes together`() throws {
        var generator = SeededGenerator(seed: testSeed())
        let likes = Self.likes(people: 500, items: 800, groups: 8, each: 10, using: &generator)
        let built = SpectralEdges.build(Self.interactions(likes), isCancelled: { false })
        let lists = try #require(built)
        // Of an item's best edges most lead into its own group; by chance an eighth would.
        var own = 0
        var all = 0
        for list in lists {
            for other in list.neighbours.prefix(5) {
                own += other / 1_000_003 % 8 == list.item / 1_000_003 % 8 ? 1 : 0
                all += 1
            }
        }
        #expect(Double(own) > 0.6 * Double(all))
    }

    @Test func `lists come back from their bytes, and damage is named`() throws {
        var generator = SeededGenerator(seed: testSeed())
        let edges = (0..<40).map { rank in
            ScoredItem(item: generator.next(), score: Float(40 - rank))
        }
        let list = ItemEdgeList(item: 7, edges: edges)
        var writer = ByteWriter()
        list.encode(build: 3, into: &writer)
        let read = try ItemEdgeList.decode(writer.bytes.span.bytes, item: 7)
        #expect(read.list == list && read.build == 3)
        for _ in 0..<3_000 {
            var bytes = writer.bytes
            bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^=
                1
                << UInt8.random(in: 0..<8, using: &generator)
            if Bool.random(using: &generator) { bytes.removeLast() }
            _ = try? ItemEdgeList.decode(bytes.span.bytes, item: 7)
        }
        var bytes = writer.bytes
        bytes[0] = 9
        #expect(throws: TasteError.unsupportedVersion(got: 9, expected: 1)) {
            try ItemEdgeList.decode(bytes.span.bytes, item: 7)
        }
    }
}
