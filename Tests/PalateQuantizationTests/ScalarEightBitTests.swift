import PalateModel
import PalateQuantization
import TestKit
import Testing

@Suite struct ScalarEightBitTests {
    @Test(arguments: [(0, 255), (-128, 127), (1_000, 1_255), (3, 40)])
    func `whole numbers within a span of 255 are lossless`(low: Int, high: Int) throws {
        var generator = SeededGenerator(seed: testSeed())
        var values = (0..<50 * 33)
            .map { _ in Float(Int.random(in: low...high, using: &generator)) }
        values[0] = Float(low)
        values[1] = Float(high)
        let quantizer = try train(values, 33, SquaredEuclidean())
        #expect(quantizer.relativeError == 0)
        let rows = try store(values, quantizer)
        let ordinals = (0..<Ordinal(50)).map { $0 }
        var query = PreparedQuery()
        for source in 0..<50 {
            let vector = Array(values[source * 33..<source * 33 + 33])
            quantizer.prepare(vector.span, into: &query)
            var distances = [Float](repeating: .nan, count: 50)
            var span = distances.mutableSpan
            quantizer.makeScorer(query, over: rows).score(ordinals.span, into: &span)
            for row in 0..<50 {
                let other = values[row * 33..<row * 33 + 33]
                #expect(Double(distances[row]) == BruteForce.distance("l2", vector, other))
            }
        }
    }

    @Test func `the longest and farthest vectors do not overflow`() throws {
        let dimensions = Limits.dimensions.upperBound
        let values =
            [Float](repeating: 0, count: dimensions) + [Float](repeating: 255, count: dimensions)
        for metric in MetricRegistry.all {
            let quantizer = try train(values, dimensions, metric)
            let rows = try store(values, quantizer)
            let scorer = quantizer.makePairScorer(over: rows)
            let ordinals: [Ordinal] = [0, 1]
            for from in ordinals {
                var distances: [Float] = [.nan, .nan]
                var span = distances.mutableSpan
                scorer.score(from: from, to: ordinals.span, into: &span)
                for other in 0..<2 {
                    let range = Int(from) * dimensions..<(Int(from) + 1) * dimensions
                    let row = values[other * dimensions..<(other + 1) * dimensions]
                    let exact = BruteForce.distance(metric.name, values[range], row)
                    let error = (Double(distances[other]) - exact).magnitude
                    #expect(
                        error <= 1e-3 + 1e-6 * exact.magnitude,
                        "\(metric.name) \(from) \(other)"
                    )
                }
            }
        }
    }

    @Test func `a component inside the grid is off by half a step at most`() throws {
        // Not whole numbers, yet the ends of the range carry most values: nothing is clipped.
        let values = (0..<4_000).map { index -> Float in
            switch index % 3 {
            case 0: -3
            case 1: 5.1
            default: 0.0021 * Float(index % 2_000)
            }
        }
        let quantizer = try train(values, 40, SquaredEuclidean())
        let rows = try store(values, quantizer)
        for row in 0..<100 {
            let decoded = try decode(quantizer, rows.row(Ordinal(row)))
            for (value, found) in zip(values[row * 40..<row * 40 + 40], decoded) {
                let error: Float = value - found
                #expect(error.magnitude <= 8.1 / 255 / 2 + 1e-5)
            }
        }
    }

    @Test func `values outside the grid become its ends`() throws {
        let quantizer = try train((0...255).map { Float($0) }, 256, SquaredEuclidean())
        var code = [UInt8](repeating: 0xff, count: quantizer.codeBytes)
        var vector = [Float](repeating: -7, count: 256)
        for column in 128..<256 { vector[column] = 1e9 }
        var decoded = [Float](repeating: .nan, count: 256)
        var span = code.mutableSpan
        var raw = span.mutableBytes
        quantizer.encode(vector.span, into: &raw)
        var floats = decoded.mutableSpan
        quantizer.decode(raw.bytes, into: &floats)
        #expect(decoded == [Float](repeating: 0, count: 128) + [Float](repeating: 255, count: 128))
    }

    @Test func `one wild value does not coarsen the grid of all others`() throws {
        var generator = SeededGenerator(seed: testSeed())
        var values = (0..<512 * 64).map { _ in generator.normal() }
        let plain = try train(values, 64, SquaredEuclidean())
        #expect(plain.relativeError < 0.015)
        values[17] = 1_000
        let wild = try train(values, 64, SquaredEuclidean())
        let rows = try store(values, wild)
        var worst = 0.0
        for row in 1..<512 {
            let decoded = try decode(wild, rows.row(Ordinal(row)))
            let error = zip(values[row * 64..<row * 64 + 64], decoded).map { $0 - $1 }
            worst = max(worst, norm(error))
        }
        // |x| is about 8; without clipping the error would be near 9.
        #expect(worst < 2)
    }

    @Test(arguments: [Float(0), 1, 0.1, -1e15, 1e15, 1e-30])
    func `a sample of one value trains and finds its own row`(value: Float) throws {
        for metric in MetricRegistry.all {
            let values = [Float](repeating: value, count: 24)
            let quantizer = try train(values, 8, metric)
            let rows = try store(values, quantizer)
            var query = PreparedQuery()
            quantizer.prepare(Array(values.prefix(8)).span, into: &query)
            var distances: [Float] = [.nan, .nan, .nan]
            var span = distances.mutableSpan
            quantizer.makeScorer(query, over: rows).score([0, 1, 2].span, into: &span)
            #expect(distances.allSatisfy { $0.isFinite && $0 == distances[0] })
        }
    }

    @Test func `784 components fit 832 bytes`() throws {
        let quantizer = try train([Float](repeating: 1, count: 784), 784, SquaredEuclidean())
        #expect(quantizer.codeBytes <= 832)
    }

    private func train(
        _ values: [Float],
        _ dimensions: Int,
        _ metric: any Metric
    ) throws -> ScalarEightBit {
        try ScalarEightBit.train(
            values.span,
            count: values.count / dimensions,
            dimensions: dimensions,
            metric: metric
        )
    }

    private func decode(_ quantizer: ScalarEightBit, _ row: RawSpan) throws -> [Float] {
        var vector = [Float](repeating: .nan, count: quantizer.dimensions)
        var span = vector.mutableSpan
        quantizer.decode(row, into: &span)
        return vector
    }

    private func store(_ values: [Float], _ quantizer: ScalarEightBit) throws -> CodeRows {
        let count = values.count / quantizer.dimensions
        let rows = try #require(CodeRows(codeBytes: quantizer.codeBytes, capacity: count))
        quantizer.store(values.span, from: 0, into: rows)
        return rows
    }
}
