import PalateModel
import PalateQuantization
import TestKit
import Testing

@Suite struct LocalityOrderTests {
    private static func order(_ vectors: ClusteredVectors, threads: Int) throws -> [Ordinal] {
        try LocalityOrder.order(
            count: vectors.count,
            dimensions: vectors.dimensions,
            threads: threads
        ) { row, vector in
            for (column, value) in vectors[Int(row)].enumerated() { vector[column] = value }
        }
    }

    /// The mean squared distance between rows that follow each other.
    private static func roughness(_ order: [Ordinal], _ vectors: ClusteredVectors) -> Double {
        let steps = zip(order, order.dropFirst()).map { first, second in
            zip(vectors[Int(first)], vectors[Int(second)])
                .reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
        }
        return steps.reduce(0, +) / Double(max(steps.count, 1))
    }

    @Test(arguments: [0, 1, 2, 32, 33, 500, 3_000])
    func `holds every row once, the same for any number of threads`(count: Int) throws {
        var generator = SeededGenerator(seed: testSeed())
        let vectors = ClusteredVectors(count: count, dimensions: 12, using: &generator)
        let order = try Self.order(vectors, threads: 1)
        #expect(order.sorted() == (0..<Ordinal(count)).map { $0 })
        #expect(try Self.order(vectors, threads: 3) == order)
    }

    @Test func `lays near rows side by side`() throws {
        var generator = SeededGenerator(seed: testSeed())
        let vectors = ClusteredVectors(count: 2_000, dimensions: 16, using: &generator)
        let before = Self.roughness((0..<Ordinal(2_000)).map { $0 }, vectors)
        let after = Self.roughness(try Self.order(vectors, threads: 1), vectors)
        #expect(after < 0.5 * before)
    }

    @Test func `ends on rows that are all alike`() throws {
        let order = try LocalityOrder.order(count: 1_000, dimensions: 4, threads: 2) { _, vector in
            for column in vector.indices { vector[column] = 1 }
        }
        #expect(order.sorted() == (0..<Ordinal(1_000)).map { $0 })
    }
}
