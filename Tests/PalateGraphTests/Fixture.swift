import PalateGraph
import PalateModel
import TestKit
import Testing

/// Vectors, their rows and an empty graph over them.
struct Fixture {
    /// Rows that may be linked.
    let count: Int
    /// Shape [count + queryCount]: the rows, then the queries.
    let vectors: ClusteredVectors
    let rows: FloatRows
    let graph: LiveGraph

    init(
        count: Int,
        dimensions: Int = 8,
        clusters: Int = 20,
        neighbours: Int = 8,
        buildBeamWidth: Int = 60,
        queryCount: Int = 50,
        seed: UInt64
    ) throws {
        var generator = SeededGenerator(seed: seed)
        self.count = count
        vectors = ClusteredVectors(
            count: count + queryCount,
            dimensions: dimensions,
            clusters: clusters,
            using: &generator
        )
        rows = FloatRows(vectors)
        graph = try emptyGraph(
            neighbours: neighbours,
            buildBeamWidth: buildBeamWidth,
            seed: seed,
            capacity: max(count, 1)
        )
    }

    /// Links all rows that are not linked.
    func linkAll(threads: Int = 1) { link(upTo: count, threads: threads) }

    /// The query vectors.
    var queries: [ArraySlice<Float>] { (count..<vectors.count).map { vectors[$0] } }

    /// Links the rows below `end`.
    func link(upTo end: Int, threads: Int = 1) {
        let rows = rows
        GraphBuilder.insert(
            Ordinal(graph.count)..<Ordinal(end),
            into: graph,
            threads: threads,
            makeScorer: { FloatPairScorer(rows) }
        )
    }

    /// Links rows into vacant slots.
    func link(_ slots: [Ordinal], threads: Int = 1) {
        let rows = rows
        GraphBuilder.insert(
            slots,
            into: graph,
            threads: threads,
            makeScorer: { FloatPairScorer(rows) }
        )
    }

    /// Takes deleted rows out of all lists; returns their slots.
    func repair(limit: Int = .max, threads: Int = 1) -> [Ordinal] {
        let rows = rows
        return GraphRepair.run(
            limit: limit,
            in: graph,
            threads: threads,
            makeScorer: { FloatPairScorer(rows) }
        )
    }

    /// Rows found, nearest first.
    func search(
        _ graph: LiveGraph? = nil,
        query: some Collection<Float>,
        beamWidth: Int,
        keeping kept: Int = 0,
        scratch: inout SearchScratch
    ) -> [Int] {
        (graph ?? self.graph).search(
            FloatScorer(rows, query),
            beamWidth: beamWidth,
            keeping: kept,
            scratch: &scratch
        )
        return (0..<scratch.count).map { Int(scratch.hit($0).ordinal) }
    }

    /// Mean recall@k of all queries among eligible linked rows.
    func recall(k: Int, beamWidth: Int, where isEligible: (Int) -> Bool = { _ in true }) -> Double {
        var scratch = SearchScratch()
        var sum = 0.0
        for query in queries {
            let truth = BruteForce.nearest(k, to: query, in: vectors, metric: "l2") {
                $0 < graph.count && isEligible($0)
            }
            let found = search(query: query, beamWidth: beamWidth, scratch: &scratch)
            sum += BruteForce.recall(found.prefix(k), truth: truth)
        }
        return sum / Double(queries.count)
    }
}

/// Expects the same entry point and the same lists.
func expectEqual(_ one: LiveGraph, _ other: LiveGraph) {
    #expect(one.entryPoint == other.entryPoint)
    #expect(one.count == other.count)
    var different = 0
    for row in 0..<Ordinal(one.count) {
        for level in 0...one.level(of: row)
        where one.neighbours(of: row, level: level) != other.neighbours(of: row, level: level) {
            different += 1
        }
    }
    #expect(different == 0, "lists that differ")
}

func emptyGraph(
    neighbours: Int = 8,
    buildBeamWidth: Int = 60,
    seed: UInt64 = 1,
    capacity: Int
) throws -> LiveGraph {
    let parameters = GraphParameters(
        neighbours: neighbours,
        buildBeamWidth: buildBeamWidth,
        seed: seed
    )
    guard let graph = LiveGraph(parameters: parameters, capacity: capacity) else {
        throw NoAddressSpace()
    }
    return graph
}

struct NoAddressSpace: Error {}
