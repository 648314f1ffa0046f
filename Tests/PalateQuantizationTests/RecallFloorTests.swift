import PalateKernels
import PalateModel
import PalateQuantization
import TestKit
import Testing

/// Recall@10 of an exhaustive search by codes alone: what graphs and rescoring start from.
@Suite struct RecallFloorTests {
    /// Floors by quantizer, in thousandths, for l2, ip and cosine; measured some 5 to 20 higher.
    ///
    /// Hard data: within a cluster everything is equally far, so near ranks are close calls.
    private static let floors = [
        ("float32", [999, 999, 999]), ("f16", [993, 990, 993]), ("bf16", [983, 975, 960]),
        ("sq16", [998, 998, 998]), ("sq13", [990, 990, 990]),
        ("sq8", [965, 940, 945]), ("sq4", [700, 870, 700]),
        ("rq2", [750, 890, 725]), ("rq1", [530, 775, 535]),
    ]

    @Test(.enabled(if: isOptimisedBuild), arguments: [0, 1, 2])
    func `recall at 10 among 4,000 clustered vectors stays above its floor`(
        position: Int
    ) throws {
        let metric = MetricRegistry.all[position]
        var generator = SeededGenerator(seed: 20_261_124)
        let rows = ClusteredVectors(count: 4_000, dimensions: 96, using: &generator)
        var queries: [[Float]] = []
        for _ in 0..<40 {
            let source = Int.random(in: 0..<rows.count, using: &generator)
            queries.append(rows[source].map { $0 + 0.1 * generator.normal() })
        }
        let truth = queries.map { BruteForce.nearest(10, to: $0, in: rows, metric: metric.name) }
        for floor in Self.floors {
            let quantizer = try QuantizerRegistry.named(floor.0).train(
                rows.values.span,
                count: rows.count,
                dimensions: rows.dimensions,
                metric: metric
            )
            let recall = try recall(quantizer, rows, queries, truth)
            print("recall \(floor.0) \(metric.name) \(recall) error \(quantizer.relativeError)")
            #expect(recall >= Double(floor.1[position]) / 1_000, "\(floor.0)")
        }
    }

    private func recall(
        _ quantizer: any Quantizer,
        _ rows: ClusteredVectors,
        _ queries: [[Float]],
        _ truth: [[Int]]
    ) throws -> Double {
        let codes = try #require(CodeRows(codeBytes: quantizer.codeBytes, capacity: rows.count))
        quantizer.store(rows.values.span, from: 0, into: codes)
        let ordinals = (0..<Ordinal(rows.count)).map { $0 }
        var query = PreparedQuery()
        var total = 0.0
        for (vector, nearest) in zip(queries, truth) {
            quantizer.prepare(vector.span, into: &query)
            var distances = [Float](repeating: .nan, count: rows.count)
            var span = distances.mutableSpan
            quantizer.makeScorer(query, over: codes).score(ordinals.span, into: &span)
            let found = ordinals.indices.sorted { distances[$0] < distances[$1] }.prefix(10)
            total += BruteForce.recall(found, truth: nearest)
        }
        return total / Double(queries.count)
    }
}
