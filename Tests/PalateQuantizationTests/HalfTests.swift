import PalateModel
import PalateQuantization
import TestKit
import Testing

@Suite struct HalfTests {
    @Test(arguments: [("f16", 0x1p-11), ("bf16", 0x1p-8)])
    func `a component is off by half a unit of precision at most`(
        name: String,
        precision: Double
    ) throws {
        var generator = SeededGenerator(seed: testSeed())
        for magnitude in [Float(1e-3), 1, 500, 1e6, 1e14] {
            let values = (0..<400).map { _ in magnitude * generator.normal() }
            let quantizer = try train(name, values, 40)
            for row in 0..<10 {
                let vector = Array(values[row * 40..<row * 40 + 40])
                for (value, found) in zip(vector, roundTrip(vector, quantizer)) {
                    let error = Double((value - found).magnitude)
                    // Below 2^-14, half of float16's least step is all there is.
                    #expect(error <= precision * Double(value.magnitude) + 0x1p-25)
                }
            }
            #expect(quantizer.relativeError > 0 && Double(quantizer.relativeError) < precision)
        }
    }

    @Test(arguments: MetricRegistry.all.map(\.name))
    func `a component on the 16-bit grid is off by half a step at most`(metric: String) throws {
        var generator = SeededGenerator(seed: testSeed())
        for magnitude in [Float(1e-12), 1e-3, 1, 500, 1e14] {
            let values = (0..<400).map { _ in magnitude * generator.normal() }
            let own = try MetricRegistry.named(metric)
            let quantizer = try train("sq16", values, 40, own)
            let rows = (0..<10).map { row in
                let vector = Array(values[row * 40..<row * 40 + 40])
                let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
                return own.normalises ? vector.map { $0 / length } : vector
            }
            let highest = rows.joined().map(\.magnitude).max()!
            // The grid reaches a quarter farther than the sample.
            let reach = 1.25 * highest
            let halfStep = reach / 32_767 / 2
            for vector in rows {
                for (value, found) in zip(vector, roundTrip(vector, quantizer)) {
                    #expect((value - found).magnitude <= 1.01 * halfStep)
                }
            }
            #expect(quantizer.relativeError > 0 && quantizer.relativeError < 1e-4)
            let far = roundTrip([Float](repeating: 1e15, count: 40), quantizer)
            if metric == "l2" { #expect(far.allSatisfy { ($0 / reach - 1).magnitude < 1e-6 }) }
        }
    }

    @Test(arguments: [0, .nan, .infinity, -1, Float(0x1p-51), 0x1p61])
    func `a scale that no training gives is damage`(scale: Float) throws {
        let parameters = [scale.bitPattern, Float(0).bitPattern].flatMap { bits in
            (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt32($0))) }
        }
        #expect(
            throws: QuantizationError.corruptParameter(name: "scale", bits: scale.bitPattern)
        ) {
            _ = try ScalarSixteenBit(
                parameters: parameters.span.bytes,
                dimensions: 4,
                metric: SquaredEuclidean()
            )
        }
    }

    @Test func `plain float16 is lossless and stored as it is`() throws {
        let values = (0..<64).map { Float(Swift.Float16(Float($0 * $0) / 7)) }
        let quantizer = try train("f16", values, 16)
        #expect(quantizer.relativeError == 0)
        var code = [UInt8](repeating: 0xff, count: quantizer.codeBytes)
        var span = code.mutableSpan
        var raw = span.mutableBytes
        quantizer.encode(Array(values.prefix(16)).span, into: &raw)
        let halves = (0..<16).map { UInt16(code[2 * $0]) | UInt16(code[2 * $0 + 1]) << 8 }
        #expect(halves == values.prefix(16).map { Swift.Float16($0).bitPattern })
        #expect(code[32...].allSatisfy { $0 == 0 })
    }

    @Test func `values far beyond the sample become the largest one`() throws {
        let quantizer = try train("f16", [1, 2, 3, 4], 2)
        #expect(roundTrip([1e15, -1e15], quantizer) == [65_504, -65_504])
        // Four times the sample is inside.
        let scaled = try train("f16", [1e9, -2e9], 2)
        let far = roundTrip([7.9e9, -7.9e9], scaled)
        #expect((far[0] / 7.9e9 - 1).magnitude < 0x1p-11 && far[1] == -far[0])
    }

    @Test(arguments: ["f16", "bf16", "sq16"])
    func `rows of many dimensions start at cache lines`(name: String) throws {
        let quantizer = try train(name, [Float](repeating: 1, count: 784), 784)
        #expect(quantizer.codeBytes == 1_600)
        #expect(try train(name, [1, 2, 3], 3).codeBytes == 8)
    }

    private func train(
        _ name: String,
        _ values: [Float],
        _ dimensions: Int,
        _ metric: any Metric = SquaredEuclidean()
    ) throws -> any Quantizer {
        try QuantizerRegistry.named(name).train(
            values.span,
            count: values.count / dimensions,
            dimensions: dimensions,
            metric: metric
        )
    }

    private func roundTrip(_ vector: [Float], _ quantizer: any Quantizer) -> [Float] {
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
