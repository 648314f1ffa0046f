import PalateModel
import PalateTaste
import TestKit
import Testing

@Suite struct ReclusteringTests {
    /// Unit vectors around a few directions.
    private static func vectors(
        _ count: Int,
        around groups: Int,
        noise: Float,
        using generator: inout SeededGenerator
    ) -> [[Float]] {
        let centres = (0..<groups).map { _ in randomUnit(24, using: &generator) }
        return (0..<count).map { item in
            let bump = randomUnit(24, using: &generator)
            return unit(zip(centres[item % groups], bump).map { $0 + noise * $1 })
        }
    }

    private static func randomUnit(_ count: Int, using generator: inout SeededGenerator) -> [Float]
    {
        unit((0..<count).map { _ in Float.random(in: -1...1, using: &generator) })
    }

    private static func unit(_ vector: [Float]) -> [Float] {
        let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return vector.map { $0 / length }
    }

    private static func cosines(_ vectors: [[Float]]) -> [Float] {
        vectors.flatMap { left in
            vectors.map { right in zip(left, right).reduce(0) { $0 + $1.0 * $1.1 } }
        }
    }

    /// Ward's criterion by its definition: the two clusters of the nearest means, weighed by size,
    /// found among all pairs again after every merge.
    private static func naive(_ vectors: [[Float]], threshold: Double, limit: Int) -> [Set<Int>] {
        var clusters = vectors.indices.map { [$0] }
        func mean(_ cluster: [Int]) -> [Double] {
            vectors[0].indices.map { axis in
                cluster.reduce(0) { $0 + Double(vectors[$1][axis]) } / Double(cluster.count)
            }
        }
        while clusters.count > 1 {
            var best = (distance: Double.infinity, left: 0, right: 0)
            for left in clusters.indices {
                for right in clusters.indices where right > left {
                    let (one, other) = (clusters[left], clusters[right])
                    let squares = zip(mean(one), mean(other)).reduce(0) {
                        $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
                    }
                    let sizes = Double(one.count * other.count) / Double(one.count + other.count)
                    if 2 * sizes * squares < best.distance {
                        best = (2 * sizes * squares, left, right)
                    }
                }
            }
            guard best.distance <= 2 * (1 - threshold) || clusters.count > limit else { break }
            clusters[best.left] += clusters[best.right]
            clusters.remove(at: best.right)
        }
        return clusters.map { Set($0) }
    }

    @Test(
        arguments: [(1, 1), (2, 2), (9, 3), (24, 5), (40, 7)],
        [(Float(0.85), 64), (0.5, 64), (0.99, 4), (-1, 3)]
    )
    func `clusters are those of Ward's criterion`(
        size: (items: Int, groups: Int),
        cut: (threshold: Float, limit: Int)
    ) {
        var generator = SeededGenerator(seed: testSeed())
        let vectors = Self.vectors(size.items, around: size.groups, noise: 0.5, using: &generator)
        let cosines = Self.cosines(vectors)
        let labels = WardClustering.labels(
            cosines: cosines.span,
            count: size.items,
            threshold: cut.threshold,
            limit: cut.limit
        )
        var clusters: [Int: Set<Int>] = [:]
        for (item, label) in labels.enumerated() { clusters[label, default: []].insert(item) }
        let naive = Self.naive(vectors, threshold: Double(cut.threshold), limit: cut.limit)
        #expect(Set(clusters.values) == Set(naive))
        #expect(clusters.count <= cut.limit)
        #expect(clusters.keys.sorted() == Array(0..<clusters.count))
    }

    @Test func `cosines that are not numbers, and no items, are no trap`() {
        let broken = [Float](repeating: .nan, count: 36)
        let labels = WardClustering.labels(
            cosines: broken.span,
            count: 6,
            threshold: 0.85,
            limit: 2
        )
        #expect(labels.count == 6 && Set(labels).count == 2)
        let none: [Float] = []
        #expect(WardClustering.labels(cosines: none.span, count: 0, threshold: 0, limit: 1) == [])
    }

    /// A person who likes items in an order, and the clusters they ended up in.
    private func record(_ order: [Int], _ similarity: SimilarityList) -> UserRecord {
        var record = UserRecord()
        for item in order {
            record.apply(
                Event(user: 1, item: ItemID(item), type: .save, timeMilliseconds: testNow),
                settings: TasteSettings(),
                similarity: similarity
            )
        }
        return record
    }

    @Test func `clusters made anew do not depend on the order of likes, and keep their numbers`() {
        var generator = SeededGenerator(seed: testSeed())
        let vectors = Self.vectors(60, around: 5, noise: 0.35, using: &generator)
        let cosines = Self.cosines(vectors)
        let similarity: SimilarityList = { item, others, similarities in
            similarities = others.map { cosines[Int(item) * 60 + Int($0)] }
            return true
        }
        let items = (0..<60).map { ItemID($0) }
        let clustering = Reclustering(items, cosines: cosines, threshold: 0.85)
        var partitions: Set<Set<Set<ItemID>>> = []
        for _ in 0..<5 {
            let order = (0..<60).shuffled(using: &generator)
            var record = record(order, similarity)
            record.apply(
                Event(user: 1, item: 7, type: .impression, timeMilliseconds: testNow),
                settings: TasteSettings(),
                similarity: similarity
            )
            let before = Set(record.signals.map(\.cluster))
            let isChanged = record.take(clustering, similarity: similarity)
            #expect(isChanged || before.count == 5)
            let clusters = Dictionary(grouping: record.signals) { $0.cluster }
            partitions.insert(Set(clusters.values.map { Set($0.map(\.item)) }))
            // Affinities are the sums over the members, so medoids are exact.
            for signal in record.signals {
                let sum = (clusters[signal.cluster] ?? []).reduce(Float(0)) { sum, other in
                    guard other.item != signal.item else { return sum }
                    return sum + cosines[Int(signal.item) * 60 + Int(other.item)]
                }
                #expect(agree(signal.affinity, sum))
            }
            // The item that was shown belongs to its own interest again.
            #expect(
                record.exposure(of: 7)?.cluster
                    == record.range(of: 7).first.map {
                        record.signals[$0].cluster
                    }
            )
            let isChangedAgain = record.take(clustering, similarity: similarity)
            #expect(!isChangedAgain)
            var writer = ByteWriter()
            record.encode(into: &writer)
            let read = try? UserRecord(bytes: writer.bytes.span.bytes)
            #expect(read == record)
        }
        #expect(partitions.count == 1)
    }

    @Test func `a clustering of other items than are liked by now changes nothing`() {
        let similarity: SimilarityList = { _, others, similarities in
            similarities = others.map { _ in 0 }
            return true
        }
        var record = record([1, 2, 3], similarity)
        let before = record
        let stale = Reclustering([1, 2], cosines: [1, 1, 1, 1], threshold: 0.5)
        let isChanged = record.take(stale, similarity: similarity)
        #expect(!isChanged)
        #expect(record == before)
    }
}
