import PalateKernels
import PalateModel
import PalateQuantization
import TestKit
import Testing

@Suite struct RaBitQTests {
    private static let names = ["rq1", "rq2"]
    private static let metrics = ["l2", "ip", "cosine"]

    /// The estimate's stated deviation, and that it has no bias.
    ///
    /// Rotations are one draw; pairs of many clusters stand in for many draws.
    @Test(arguments: names, metrics)
    func `errors are unbiased and within three stated deviations in 99 of 100 pairs`(
        name: String,
        metric: String
    ) throws {
        var generator = SeededGenerator(seed: testSeed())
        let sample = ClusteredVectors(
            count: 640,
            dimensions: 128,
            clusters: 160,
            using: &generator
        )
        let trained = try TrainedRows(name, metric, sample)
        var query = PreparedQuery()
        var scores: [Double] = []
        for source in stride(from: 0, to: 640, by: 16) {
            let vector = sample[source].map { $0 + 0.3 * generator.normal() }
            trained.quantizer.prepare(vector.span, into: &query)
            let unit = normalised(vector, trained.quantizer.metric)
            for row in stride(from: source % 7, to: 640, by: 7) {
                let exact = BruteForce.distance(
                    metric,
                    unit,
                    normalised(sample[row], trained.quantizer.metric)
                )
                let found = trained.distance(query, row)
                let deviation = try trained.deviation(query, row)
                scores.append((Double(found) - exact) / Double(deviation))
            }
        }
        let count = Double(scores.count)
        let mean = scores.reduce(0, +) / count
        let deviation = (scores.reduce(0) { $0 + $1 * $1 } / count).squareRoot()
        let outside = Double(scores.filter { $0.magnitude > 3 }.count) / count
        print("\(name) \(metric): mean \(mean), deviation \(deviation), outside \(outside)")
        #expect(outside <= 0.01)
        // A row's error is one vector for all queries, and alike in a cluster: 160 draws or so.
        #expect(mean.magnitude < 0.1)
        #expect(deviation > 0.7 && deviation < 1.15)
    }

    /// What is lost is orthogonal to the residual, so a row's own vector meets no error but that of
    /// its rounding to int8.
    @Test(arguments: names, metrics)
    func `the distance of a vector to its own row is exact`(name: String, metric: String) throws {
        var generator = SeededGenerator(seed: testSeed())
        let sample = ClusteredVectors(count: 400, dimensions: 100, using: &generator)
        let trained = try TrainedRows(name, metric, sample)
        var query = PreparedQuery()
        for row in 0..<400 {
            trained.quantizer.prepare(Array(sample[row]).span, into: &query)
            let own = normalised(sample[row], trained.quantizer.metric)
            let exact = BruteForce.distance(metric, own, own)
            let squares = norm(own) * norm(own)
            #expect((Double(trained.distance(query, row)) - exact).magnitude < 0.006 * squares)
        }
    }

    @Test(arguments: names)
    func `errors shrink with the distance`(name: String) throws {
        var generator = SeededGenerator(seed: testSeed())
        let values = (0..<500 * 96).map { _ in generator.normal() }
        let sample = ClusteredVectors(count: 500, dimensions: 96, clusters: 500, using: &generator)
        let trained = try TrainedRows(name, "l2", sample)
        var errors: [Double] = []
        for apart in [Float(0.05), 0.2] {
            var squares = 0.0
            var query = PreparedQuery()
            for row in 0..<500 {
                let noise = values[row * 96..<(row + 1) * 96]
                let vector = zip(sample[row], noise).map { $0 + apart * $1 }
                trained.quantizer.prepare(vector.span, into: &query)
                let exact = BruteForce.distance("l2", vector, sample[row])
                let error = Double(trained.distance(query, row)) - exact
                squares += error * error
            }
            errors.append((squares / 500).squareRoot())
        }
        // Four times as far: four times the error, less what rounding the query adds.
        #expect(errors[1] > 2.5 * errors[0] && errors[1] < 4.6 * errors[0])
    }

    @Test(arguments: names)
    func `clusters are found, and residuals to them lose less`(name: String) throws {
        var generator = SeededGenerator(seed: testSeed())
        let clustered = ClusteredVectors(count: 2_000, dimensions: 32, using: &generator)
        let trained = try TrainedRows(name, "l2", clustered)
        #expect(centroids(of: trained) > 1)
        // One cluster: everything is residual.
        let single = ClusteredVectors(count: 15, dimensions: 32, clusters: 1, using: &generator)
        let plain = try TrainedRows(name, "l2", single)
        #expect(centroids(of: plain) == 1)
        #expect(trained.quantizer.relativeError < 0.8 * plain.quantizer.relativeError)
    }

    /// Their parameters are as long as the clusters found are many.
    @Test(arguments: names, ["", "pca16.", "prefix24."])
    func `parameters with several centroids survive the disk`(
        name: String,
        front: String
    ) throws {
        var generator = SeededGenerator(seed: testSeed())
        let sample = ClusteredVectors(count: 2_000, dimensions: 32, using: &generator)
        let trained = try TrainedRows(front + name, "l2", sample)
        let parameters = trained.quantizer.parameters
        let alone = try QuantizerRegistry.named(front + "sq8").train(
            sample.values.span,
            count: sample.count,
            dimensions: sample.dimensions,
            metric: SquaredEuclidean()
        )
        // 16 centroids of 16 components or more.
        #expect(parameters.count > alone.parameters.count + 256)
        let read = try QuantizerRegistry.named(front + name).read(
            parameters: parameters.span.bytes,
            dimensions: 32,
            metric: SquaredEuclidean()
        )
        #expect(read.parameters == parameters)
        let rows = try #require(CodeRows(codeBytes: read.codeBytes, capacity: sample.count))
        read.store(sample.values.span, from: 0, into: rows)
        #expect(bytes(rows.rows(0..<2_000)) == bytes(trained.rows.rows(0..<2_000)))
        for cut in [1, 32, parameters.count / 2] {
            let damaged = Array(parameters.dropLast(cut))
            #expect(throws: QuantizationError.self) {
                _ = try QuantizerRegistry.named(front + name).read(
                    parameters: damaged.span.bytes,
                    dimensions: 32,
                    metric: SquaredEuclidean()
                )
            }
        }
    }

    @Test func `rows are as short as stated`() throws {
        let sizes = [(256, 48, 80), (784, 128, 208), (1_280, 192, 336), (128, 32, 48), (1, 16, 16)]
        for (dimensions, one, two) in sizes {
            let values = [Float](repeating: 0.5, count: 2 * dimensions)
            for (name, bytes) in [("rq1", one), ("rq2", two)] {
                let quantizer = try train(name, values, dimensions, "l2")
                #expect(quantizer.codeBytes == bytes, "\(name) \(dimensions)")
            }
        }
    }

    @Test(arguments: names, metrics)
    func `the longest and farthest vectors do not overflow`(name: String, metric: String) throws {
        let dimensions = Limits.dimensions.upperBound
        let far = Limits.componentMagnitude
        let values =
            [Float](repeating: 0, count: dimensions) + [Float](repeating: far, count: dimensions)
        let quantizer = try train(name, values, dimensions, metric)
        let rows = try #require(CodeRows(codeBytes: quantizer.codeBytes, capacity: 2))
        quantizer.store(values.span, from: 0, into: rows)
        var query = PreparedQuery()
        for source in 0..<2 {
            let vector = Array(values[source * dimensions..<(source + 1) * dimensions])
            quantizer.prepare(vector.span, into: &query)
            var distances: [Float] = [.nan, .nan]
            var span = distances.mutableSpan
            quantizer.makeScorer(query, over: rows).score([0, 1].span, into: &span)
            for other in 0..<2 {
                let row = values[other * dimensions..<(other + 1) * dimensions]
                let exact = BruteForce.distance(metric, vector, row)
                let size = metric == "cosine" ? 1 : Double(far) * Double(far) * Double(dimensions)
                #expect((Double(distances[other]) - exact).magnitude <= 0.03 * size)
            }
        }
    }

    @Test(arguments: [Float(0), 1, 0.1, -1e15, 1e15, 1e-30])
    func `a sample of one value trains and finds its own row`(value: Float) throws {
        for name in Self.names {
            for metric in Self.metrics {
                let values = [Float](repeating: value, count: 24)
                let quantizer = try train(name, values, 8, metric)
                let rows = try #require(CodeRows(codeBytes: quantizer.codeBytes, capacity: 3))
                quantizer.store(values.span, from: 0, into: rows)
                var query = PreparedQuery()
                quantizer.prepare(Array(values.prefix(8)).span, into: &query)
                var distances: [Float] = [.nan, .nan, .nan]
                var span = distances.mutableSpan
                quantizer.makeScorer(query, over: rows).score([0, 1, 2].span, into: &span)
                #expect(distances.allSatisfy { $0.isFinite && $0 == distances[0] })
            }
        }
    }

    @Test(arguments: names, metrics)
    func `damaged rows score and decode without a trap`(name: String, metric: String) throws {
        var generator = SeededGenerator(seed: testSeed())
        let sample = ClusteredVectors(count: 300, dimensions: 40, using: &generator)
        let trained = try TrainedRows(name, metric, sample)
        let quantizer = trained.quantizer
        let rows = try #require(CodeRows(codeBytes: quantizer.codeBytes, capacity: 300))
        for row in 0..<Ordinal(300) {
            let bytes = (0..<quantizer.codeBytes).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            rows.store(row, bytes.span.bytes)
        }
        var distances = [Float](repeating: 0, count: 300)
        var span = distances.mutableSpan
        let ordinals = (0..<Ordinal(300)).map { $0 }
        quantizer.makePairScorer(over: rows).score(from: 7, to: ordinals.span, into: &span)
        var query = PreparedQuery()
        quantizer.prepare(Array(sample[0]).span, into: &query)
        quantizer.makeScorer(query, over: rows).score(ordinals.span, into: &span)
        var vector = [Float](repeating: 0, count: 40)
        var floats = vector.mutableSpan
        for row in ordinals { quantizer.decode(rows.row(row), into: &floats) }
        #expect(vector.count == 40)
    }

    /// Few rows use a table of their centroids alone, many that of all.
    @Test(arguments: names, metrics)
    func `pairs of few rows and of many have the same distances`(
        name: String,
        metric: String
    ) throws {
        var generator = SeededGenerator(seed: testSeed())
        let sample = ClusteredVectors(count: 1_100, dimensions: 48, using: &generator)
        let trained = try TrainedRows(name, metric, sample)
        let scorer = trained.quantizer.makePairScorer(over: trained.rows)
        let ordinals = (0..<Ordinal(1_100)).map { $0 }
        var many = [Float](repeating: .nan, count: 1_100)
        var span = many.mutableSpan
        scorer.score(from: 3, to: ordinals.span, into: &span)
        for first in stride(from: 0, to: 1_100, by: 3) {
            let count = min(3, 1_100 - first)
            var few = [Float](repeating: .nan, count: count)
            var own = few.mutableSpan
            scorer.score(
                from: 3,
                to: ordinals.span.extracting(first..<first + count),
                into: &own
            )
            #expect(few == Array(many[first..<first + count]))
        }
    }

    private func centroids(of trained: TrainedRows) -> UInt32 {
        trained.quantizer.parameters.span.bytes.integer(at: 0)
    }
}

private func train(
    _ name: String,
    _ values: [Float],
    _ dimensions: Int,
    _ metric: String
) throws -> any Quantizer {
    try QuantizerRegistry.named(name).train(
        values.span,
        count: values.count / dimensions,
        dimensions: dimensions,
        metric: MetricRegistry.named(metric)
    )
}

/// A trained quantizer with its sample stored.
private struct TrainedRows {
    let quantizer: any Quantizer
    let rows: CodeRows

    init(_ name: String, _ metric: String, _ sample: ClusteredVectors) throws {
        quantizer = try train(name, sample.values, sample.dimensions, metric)
        rows = try #require(CodeRows(codeBytes: quantizer.codeBytes, capacity: sample.count))
        quantizer.store(sample.values.span, from: 0, into: rows)
    }

    func distance(_ query: PreparedQuery, _ row: Int) -> Float {
        var distances: [Float] = [.nan]
        let ordinals = [Ordinal(row)]
        var span = distances.mutableSpan
        quantizer.makeScorer(query, over: rows).score(ordinals.span, into: &span)
        return distances[0]
    }

    func deviation(_ query: PreparedQuery, _ row: Int) throws -> Float {
        let quantizer = try #require(quantizer as? any RaBitQuantizer)
        return quantizer.deviation(of: rows.row(Ordinal(row)), from: query)
    }
}
