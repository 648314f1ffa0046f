import PalateKernels
import PalateModel
import TestKit
import Testing

@Suite struct EncodeTests {
    @Test(arguments: levels, awkwardSizes)
    func `codes and sums equal the oracle to the bit`(level: KernelLevel, count: Int) throws {
        let kernels = try #require(KernelTable.at(level))
        var generator = SeededGenerator(seed: testSeed())
        let vector = randomFloats(count, using: &generator)
        var grid = CodeGrid(low: -1.7, step: 3.1 / 255)
        grid.unit = 0.83
        for flip in [UInt8(0), 0x80] {
            let expected = encode(vector, grid, flip, oracle)
            let found = encode(vector, grid, flip, kernels)
            #expect(found.codes == expected.codes)
            #expect(found.sums == expected.sums)
            let plain = expected.codes.map { Int32($0 ^ flip) }
            #expect(found.sums.codes == plain.reduce(0, +))
            #expect(found.sums.squares == plain.reduce(0) { $0 + $1 * $1 })
        }
    }

    @Test(arguments: levels)
    func `clamps, rounds ties to even and survives what is not a number`(
        level: KernelLevel
    ) throws {
        let kernels = try #require(KernelTable.at(level))
        let values: [(Float, UInt8)] = [
            (0.5, 0), (1.5, 2), (2.5, 2), (254.5, 254), (254.51, 255), (255, 255), (256, 255),
            (1e30, 255), (-1, 0), (-1e30, 0), (.nan, 0), (.infinity, 255), (-.infinity, 0),
            (-0.0, 0), (0.499_999_97, 0), (100, 100), (7, 7),
        ]
        let grid = CodeGrid(low: 0, step: 1)
        // Twice, so that both the vector part and the tail of every level see each value.
        let vector = values.map(\.0) + values.reversed().map(\.0)
        let expected = values.map(\.1) + values.reversed().map(\.1)
        #expect(encode(vector, grid, 0, kernels).codes == expected)
    }

    @Test(arguments: levels)
    func `sums of the longest vector fit`(level: KernelLevel) throws {
        let kernels = try #require(KernelTable.at(level))
        let vector = [Float](repeating: 300, count: 16_384)
        let found = encode(vector, CodeGrid(low: 0, step: 1), 0, kernels)
        #expect(found.sums.codes == 16_384 * 255)
        #expect(found.sums.squares == 16_384 * 255 * 255)
    }

    @Test(arguments: levels)
    func `whole numbers of a byte come back unchanged`(level: KernelLevel) throws {
        let kernels = try #require(KernelTable.at(level))
        for low in [Float(0), -128, 1_000] {
            let vector = (0...255).map { low + Float($0) }
            let grid = CodeGrid(low: low, step: 1)
            let codes = encode(vector, grid, 0, kernels).codes
            var decoded = [Float](repeating: .nan, count: 256)
            var span = decoded.mutableSpan
            kernels.decode(codes.span.bytes, on: grid, into: &span)
            #expect(decoded == vector)
        }
    }

    @Test(arguments: levels, awkwardSizes)
    func `decoded values equal the oracle to the bit`(level: KernelLevel, count: Int) throws {
        let kernels = try #require(KernelTable.at(level))
        var generator = SeededGenerator(seed: testSeed())
        let codes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let grid = CodeGrid(low: -1.7, step: 3.1 / 255)
        // The value behind the last one is not touched.
        var found = [Float](repeating: .nan, count: count + 1)
        var span = found.mutableSpan
        kernels.decode(codes.span.bytes, on: grid, into: &span)
        #expect(found.dropLast() == codes.map { grid.low + grid.step * Float($0) }[...])
        #expect(found[count].isNaN)
    }

    @Test func `scaled floats come back from raw bytes`() {
        let vector: [Float] = [1, -2.5, .greatestFiniteMagnitude, 0]
        var bytes = [UInt8](repeating: 0, count: 17)
        var span = bytes.mutableSpan
        var raw = span.rawBytes
        KernelTable.scale(vector.span, by: 0.5, into: &raw)
        var found = [Float](repeating: .nan, count: 4)
        var floats = found.mutableSpan
        KernelTable.load(raw.bytes.extracting(0..<16), into: &floats)
        #expect(found == vector.map { $0 * 0.5 })
    }

    private func encode(
        _ vector: [Float],
        _ grid: CodeGrid,
        _ flip: UInt8,
        _ kernels: KernelTable
    ) -> (codes: [UInt8], sums: CodeGrid.Sums) {
        var codes = [UInt8](repeating: 0xaa, count: vector.count + 1)
        var span = codes.mutableSpan
        var raw = span.rawBytes
        let sums = kernels.encode(vector.span, on: grid, flip: flip, into: &raw)
        // The byte behind the last code is not touched.
        #expect(codes.last == 0xaa)
        return (Array(codes.dropLast()), sums)
    }
}
