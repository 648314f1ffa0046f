import PalateModel
import PalateQuantization
import TestKit
import Testing

@Suite struct ScalarFourBitTests {
    @Test(arguments: [(0, 15), (-8, 7), (100, 115), (3, 9)], [33, 64])
    func `whole numbers within a span of 15 are lossless`(
        span: (low: Int, high: Int),
        dimensions: Int
    ) throws {
        var generator = SeededGenerator(seed: testSeed())
        var values = (0..<50 * dimensions)
            .map { _ in Float(Int.random(in: span.low...span.high, using: &generator)) }
        values[0] = Float(span.low)
        values[1] = Float(span.high)
        let quantizer = try train(values, dimensions, SquaredEuclidean())
        #expect(quantizer.relativeError == 0)
        for source in 0..<50 {
            let vector = Array(values[source * dimensions..<(source + 1) * dimensions])
            let distances = try distances(quantizer, values, to: vector)
            for row in 0..<50 {
                let other = values[row * dimensions..<(row + 1) * dimensions]
                #expect(Double(distances[row]) == BruteForce.distance("l2", vector, other))
            }
        }
    }

    /// What is lost is orthogonal to the row: the product with the row's own vector is exact.
    @Test(arguments: [40, 101, 256])
    func `the product of a vector with its own row is its square`(dimensions: Int) throws {
        var generator = SeededGenerator(seed: testSeed())
        let sample = ClusteredVectors(count: 100, dimensions: dimensions, using: &generator)
        let quantizer = try train(sample.values, dimensions, InnerProduct())
        for row in 0..<100 {
            let found = try distances(quantizer, sample.values, to: Array(sample[row]))[row]
            let squares = norm(sample[row]) * norm(sample[row])
            // The query's own rounding is left.
            #expect((Double(-found) / squares - 1).magnitude < 0.004)
        }
    }

    /// The stated error: the estimate of a distance is unbiased, and off by less than a tenth of
    /// the distance per square root of the dimensions.
    @Test(arguments: ["l2", "cosine"])
    func `errors of distances shrink with the distance`(metric: String) throws {
        var generator = SeededGenerator(seed: testSeed())
        let dimensions = 128
        let rows = (0..<400).map { _ in (0..<dimensions).map { _ in generator.normal() } }
        let values = rows.flatMap { $0 }
        let quantizer = try train(values, dimensions, MetricRegistry.named(metric))
        for apart in [Float(0.05), 0.3] {
            var errors: [Double] = []
            var sizes: [Double] = []
            for row in 0..<400 {
                let query = rows[row].map { $0 + apart * generator.normal() }
                let found = try distances(quantizer, rows[row], to: query)[0]
                let exact = BruteForce.distance(metric, query, rows[row])
                errors.append(Double(found) - exact)
                sizes.append(exact)
            }
            let mean = errors.reduce(0, +) / 400
            let size = sizes.reduce(0, +) / 400
            let deviation = (errors.reduce(0) { $0 + $1 * $1 } / 400).squareRoot()
            // 2 |e| |q - x| / sqrt(n) with |e| a tenth of |x|, relative to |q - x|^2.
            let bound = 2 * 0.12 / Double(apart) / Double(dimensions).squareRoot()
            #expect(deviation / size < bound)
            #expect(mean.magnitude < 4 * deviation / 20 + 0.01 * size)
        }
    }

    @Test func `rows of any length have the same relative error`() throws {
        var generator = SeededGenerator(seed: testSeed())
        let values = (0..<300 * 64).map { _ in generator.normal() }
        let quantizer = try train(values, 64, InnerProduct())
        for factor in [Float(1e-6), 1, 1e8] {
            let vector = (0..<64).map { _ in factor * generator.normal() }
            let decoded = decode(quantizer, vector)
            let error = norm(zip(vector, decoded).map { $0 - $1 }) / norm(vector)
            #expect(error < 0.2)
        }
    }

    @Test(arguments: [Float(0), 1, 0.1, -1e15, 1e15, 1e-30])
    func `a sample of one value trains and finds its own row`(value: Float) throws {
        for metric in MetricRegistry.all {
            let values = [Float](repeating: value, count: 24)
            let quantizer = try train(values, 8, metric)
            let found = try distances(quantizer, values, to: Array(values.prefix(8)))
            #expect(found.allSatisfy { $0.isFinite && $0 == found[0] })
        }
    }

    @Test func `the longest vectors do not overflow`() throws {
        let dimensions = Limits.dimensions.upperBound
        let values =
            [Float](repeating: 0, count: dimensions) + [Float](repeating: 200, count: dimensions)
        for metric in MetricRegistry.all {
            let quantizer = try train(values, dimensions, metric)
            let vector = Array(values.suffix(dimensions))
            let found = try distances(quantizer, values, to: vector)
            for row in 0..<2 {
                let other = values[row * dimensions..<(row + 1) * dimensions]
                let exact = BruteForce.distance(metric.name, vector, other)
                let size = metric.normalises ? 1 : norm(vector) * norm(vector)
                #expect((Double(found[row]) - exact).magnitude <= 0.02 * size)
            }
        }
    }

    @Test func `784 components fit 400 bytes`() throws {
        let quantizer = try train([Float](repeating: 0.5, count: 784), 784, SquaredEuclidean())
        #expect(quantizer.codeBytes == 400)
    }

    private func train(
        _ values: [Float],
        _ dimensions: Int,
        _ metric: any Metric
    ) throws -> ScalarFourBit {
        try ScalarFourBit.train(
            values.span,
            count: values.count / dimensions,
            dimensions: dimensions,
            metric: metric
        )
    }

    private func distances(
        _ quantizer: ScalarFourBit,
        _ values: [Float],
        to vector: [Float]
    ) throws -> [Float] {
        let count = values.count / quantizer.dimensions
        let rows = try #require(CodeRows(codeBytes: quantizer.codeBytes, capacity: count))
        quantizer.store(values.span, from: 0, into: rows)
        var query = PreparedQuery()
        quantizer.prepare(vector.span, into: &query)
        let ordinals = (0..<Ordinal(count)).map { $0 }
        var distances = [Float](repeating: .nan, count: count)
        var span = distances.mutableSpan
        quantizer.makeScorer(query, over: rows).score(ordinals.span, into: &span)
        return distances
    }

    private func decode(_ quantizer: ScalarFourBit, _ vector: [Float]) -> [Float] {
        var code = [UInt8](repeating: 0xff, count: quantizer.codeBytes)
        var decoded = [Float](repeating: .nan, count: vector.count)
        var span = code.mutableSpan
        var raw = span.mutableBytes
        quantizer.encode(vector.span, into: &raw)
        var floats = decoded.mutableSpan
        quantizer.decode(raw.bytes, into: &floats)
        return decoded
    }
}
