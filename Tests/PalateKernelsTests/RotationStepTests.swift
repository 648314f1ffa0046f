import PalateKernels
import TestKit
import Testing

/// The steps of a rotation at every level against the plain one, to the bit, and that against the
/// definition.
@Suite struct RotationStepTests {
    private static let powersOfTwo = (0...14).map { 1 << $0 }

    @Test(arguments: levels, powersOfTwo)
    func `transforms of a block equal the oracle to the bit`(level: KernelLevel, count: Int) throws
    {
        let kernels = try #require(KernelTable.at(level))
        var generator = SeededGenerator(seed: testSeed())
        // Blocks that start at any float, with neighbours that must not change.
        for start in [0, 1, 5] {
            let vector = randomFloats(start + count + 3, using: &generator)
            let found = changed(vector) { kernels.hadamard(&$0, start..<start + count, scale: 0.3) }
            let expected = changed(vector) {
                oracle.hadamard(&$0, start..<start + count, scale: 0.3)
            }
            #expect(found == expected)
            #expect(found.prefix(start) == vector.prefix(start))
            #expect(found.suffix(3) == vector.suffix(3))
        }
    }

    @Test(arguments: [1, 2, 8, 64])
    func `the oracle multiplies with the matrix of signs`(count: Int) {
        var generator = SeededGenerator(seed: testSeed())
        let vector = randomFloats(count, using: &generator)
        let found = changed(vector) { oracle.hadamard(&$0, 0..<count, scale: 2) }
        for row in 0..<count {
            // Entry (row, column) is -1 to the number of ones that both have.
            let exact = (0..<count).reduce(0.0) { sum, column in
                let isNegative = !(row & column).nonzeroBitCount.isMultiple(of: 2)
                return sum + (isNegative ? -2 : 2) * Double(vector[column])
            }
            #expect((Double(found[row]) - exact).magnitude <= 1e-4)
        }
    }

    @Test(arguments: levels, awkwardSizes)
    func `signs turn where their bits are set`(level: KernelLevel, count: Int) throws {
        let kernels = try #require(KernelTable.at(level))
        var generator = SeededGenerator(seed: testSeed())
        let vector = randomFloats(count, using: &generator)
        let signs = (0..<(count + 63) / 64).map { _ in generator.next() }
        let found = changed(vector) { kernels.flipSigns(&$0, signs.span) }
        for position in 0..<count {
            let isSet = (signs[position / 64] >> UInt64(position % 64)) & 1 == 1
            #expect(found[position] == (isSet ? -vector[position] : vector[position]))
        }
    }

    @Test(arguments: levels, awkwardSizes)
    func `halves mix as the oracle says to the bit`(level: KernelLevel, count: Int) throws {
        let kernels = try #require(KernelTable.at(level))
        var generator = SeededGenerator(seed: testSeed())
        let vector = randomFloats(count, using: &generator)
        let found = changed(vector) { kernels.mixHalves(&$0) }
        #expect(found == changed(vector) { oracle.mixHalves(&$0) })
        let upper = count - count / 2
        for position in 0..<count / 2 {
            let sum = (vector[position] + vector[upper + position]) * Float(0.5).squareRoot()
            #expect((found[position] - sum).magnitude <= 1e-6 * max(1, sum.magnitude))
        }
        if !count.isMultiple(of: 2) { #expect(found[count / 2] == vector[count / 2]) }
    }

    @Test func `a block that is no power of two, or too few signs, are refused`() async {
        await #expect(processExitsWith: .failure) {
            var vector: [Float] = [1, 2, 3]
            var span = vector.mutableSpan
            oracle.hadamard(&span, 0..<3, scale: 1)
        }
        await #expect(processExitsWith: .failure) {
            var vector: [Float] = [1, 2, 3]
            var span = vector.mutableSpan
            oracle.flipSigns(&span, [UInt64]().span)
        }
    }

    private func changed(_ vector: [Float], _ change: (inout MutableSpan<Float>) -> Void) -> [Float]
    {
        var copy = vector
        var span = copy.mutableSpan
        change(&span)
        return copy
    }
}
