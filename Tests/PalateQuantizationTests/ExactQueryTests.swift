import PalateModel
import PalateQuantization
import TestKit
import Testing

@Suite struct ExactQueryTests {
    @Test(arguments: MetricRegistry.all.map(\.name), [1, 7, 64, 300])
    func `distances to stored floats are those of brute force`(
        name: String,
        dimensions: Int
    ) throws {
        var generator = SeededGenerator(seed: testSeed())
        let vectors = ClusteredVectors(count: 20, dimensions: dimensions, using: &generator)
        var query = try ExactQuery(metric: MetricRegistry.named(name))
        for source in 0..<3 {
            query.prepare(Array(vectors[source]).span)
            for row in 0..<20 {
                let values = Array(vectors[row])
                let exact = BruteForce.distance(name, vectors[source], values)
                let found = query.distance(to: values.span)
                let bound = 1e-5 * (1 + norm(vectors[source]) * norm(values))
                #expect((Double(found) - exact).magnitude <= bound)
                // LMDB aligns values to two bytes.
                var bytes: [UInt8] = [0, 0]
                for value in values {
                    bytes += (0..<4).map { UInt8(value.bitPattern >> ($0 * 8) & 255) }
                }
                let raw = bytes.span.bytes.extracting(2..<bytes.count)
                #expect((query.distance(to: raw) - found).magnitude <= Float(bound))
            }
        }
    }

    @Test func `the zero vector is at cosine distance 1 from everything`() throws {
        let zero: [Float] = [0, 0, 0]
        let other: [Float] = [1, 2, 3]
        var query = try ExactQuery(metric: Cosine())
        query.prepare(other.span)
        #expect(query.distance(to: zero.span) == 1)
        #expect(query.distance(to: zero.span.bytes) == 1)
        query.prepare(zero.span)
        #expect(query.distance(to: zero.span) == 1)
        #expect(query.distance(to: other.span.bytes) == 1)
    }
}
