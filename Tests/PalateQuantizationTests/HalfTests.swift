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

    @Test(arguments: ["f16", "bf16"])
    func `rows of many dimensions start at cache lines`(name: String) throws {
        let quantizer = try train(name, [Float](repeating: 1, count: 784), 784)
        #expect(quantizer.codeBytes == 1_600)
        #expect(try train(name, [1, 2, 3], 3).codeBytes == 8)
    }

    private func train(
        _ name: String,
        _ values: [Float],
        _ dimensions: Int
    ) throws -> any Quantizer {
        try QuantizerRegistry.named(name).train(
            values.span,
            count: values.count / dimensions,
            dimensions: dimensions,
            metric: SquaredEuclidean()
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
