import PalateModel
import TestKit
import Testing

@Suite struct QueryVectorsTests {
    /// Each beside numbers that bytes hold, at the front, in the middle and at the end of more than
    /// one stretch looked at.
    private func among(_ value: Float) -> [[Float]] {
        [0, 299, 599].map { place in
            var floats = (0..<600).map { Float($0 % 256) }
            floats[place] = value
            return floats
        }
    }

    private func form(_ floats: [Float]) -> String {
        switch QueryVectors(narrowing: floats, count: 2).components {
        case .float32: "float32"
        case .float16: "float16"
        case .scaledInt8: "int8"
        case .uint8: "uint8"
        }
    }

    @Test(arguments: [0, 1, 2, 127, 128, 254, 255] as [Float])
    func `whole numbers up to 255 travel as bytes`(value: Float) {
        for floats in among(value) { #expect(form(floats) == "uint8") }
    }

    @Test(
        arguments: [
            -0.0, -1, 0.5, 254.5, 256, 2_048, 65_504, -65_504, 0x1p-14, -0x1.ffcp-14, 0x1.554p-2,
        ] as [Float]
    )
    func `what halves of normal size hold travels as halves`(value: Float) {
        for floats in among(value) { #expect(form(floats) == "float16") }
    }

    @Test(
        arguments: [
            2_049, 65_520, 65_536, 1e15, 0.1, 255.000_02, 0x1p-15, 0x1.ffep-15, 0x1p-149,
            0x1.002p0, .infinity, -.infinity, .nan,
        ] as [Float]
    )
    func `everything else travels as it is`(value: Float) {
        for floats in among(value) { #expect(form(floats) == "float32") }
    }

    @Test func `narrowed vectors mean the same floats, bit by bit`() {
        var generator = SeededGenerator(seed: testSeed())
        for round in 0..<300 {
            let (count, dimensions) = (Int.random(in: 1...5, using: &generator), round + 1)
            let floats = (0..<count * dimensions).map { _ -> Float in
                switch round % 3 {
                case 0: Float(UInt8.random(in: .min ... .max, using: &generator))
                case 1: Float(Float16(generator.normal()))
                default: generator.normal()
                }
            }
            let vectors = QueryVectors(narrowing: floats, count: count)
            #expect(vectors.floats.map(\.bitPattern) == floats.map(\.bitPattern))
            #expect((vectors.count, vectors.dimensions) == (count, dimensions))
        }
    }

    @Test func `every half of normal size is found again`() {
        let halves = (0...UInt16.max).map(Float16.init(bitPattern:)).filter(\.isNormal)
        let floats = halves.map { Float($0) }
        let vectors = QueryVectors(narrowing: floats, count: 2)
        #expect(vectors.components == .float16(halves.map(\.bitPattern)))
    }

    @Test func `no vectors have no dimensions`() {
        #expect(QueryVectors(narrowing: [], count: 0).dimensions == 0)
        #expect(QueryVectors(.uint8([]), count: 0).floats.isEmpty)
    }
}
