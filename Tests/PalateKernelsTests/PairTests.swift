import PalateKernels
import PalateModel
import TestKit
import Testing

@Suite struct PairTests {
    @Test(arguments: levels, awkwardSizes)
    func `float pairs are within the bound of the exact sums`(level: KernelLevel, count: Int) throws
    {
        let kernels = try #require(KernelTable.at(level))
        var generator = SeededGenerator(seed: testSeed())
        // One float in: bases that are not aligned to a vector.
        let left = randomFloats(count + 1, using: &generator)
        let right = randomFloats(count + 1, using: &generator)
        let one = left.span.extracting(1...)
        let other = right.span.extracting(1...)
        let product = BruteForce.products(left.dropFirst(), right.dropFirst())
        let bound = tolerance(count, magnitude(left.dropFirst(), right.dropFirst()))
        #expect((Double(kernels.innerProduct(one, other)) - product).magnitude <= bound)
        let squares = BruteForce.distance("l2", left.dropFirst(), right.dropFirst())
        let distance = Double(kernels.squaredEuclidean(one, other))
        #expect((distance - squares).magnitude <= tolerance(count, squares))
    }

    @Test(arguments: levels, awkwardSizes)
    func `raw rows may start at any byte`(level: KernelLevel, count: Int) throws {
        let kernels = try #require(KernelTable.at(level))
        var generator = SeededGenerator(seed: testSeed())
        let left = randomFloats(count, using: &generator)
        let right = randomFloats(count, using: &generator)
        for shift in 1...3 {
            let bytes =
                [UInt8](repeating: 0, count: shift)
                + right.flatMap { value in (0..<4).map { UInt8(value.bitPattern >> ($0 * 8) & 255) }
                }
            let row = bytes.span.rawBytes.extracting(shift..<shift + 4 * count)
            #expect(
                kernels.innerProduct(left.span, row)
                    == kernels.innerProduct(left.span, right.span)
            )
            #expect(
                kernels.squaredEuclidean(left.span, row)
                    == kernels.squaredEuclidean(left.span, right.span)
            )
            #expect(kernels.squaredNorm(row) == kernels.innerProduct(right.span, right.span))
        }
    }

    @Test(arguments: levels, awkwardSizes + [16_384])
    func `code products equal the oracle to the bit`(level: KernelLevel, count: Int) throws {
        let kernels = try #require(KernelTable.at(level))
        var generator = SeededGenerator(seed: testSeed())
        let codes = randomBytes(count + 3, using: &generator)
        let query = randomBytes(count + 3, using: &generator).map { Int8(bitPattern: $0) }
        for start in [0, 1, 3] {
            let one = codes.span.extracting(start..<start + count)
            let other = query.span.extracting(start..<start + count)
            #expect(kernels.codeProduct(one, other) == oracle.codeProduct(one, other))
        }
    }

    @Test(arguments: levels, [(0, -128), (0, 127), (255, -128), (255, 127), (128, -1)])
    func `code products do not saturate or overflow`(
        level: KernelLevel,
        values: (code: Int, query: Int)
    ) throws {
        let kernels = try #require(KernelTable.at(level))
        for count in awkwardSizes + [16_384] {
            let codes = [UInt8](repeating: UInt8(values.code), count: count)
            let query = [Int8](repeating: Int8(values.query), count: count)
            let product = kernels.codeProduct(codes.span, query.span)
            #expect(Int(product) == count * values.code * values.query)
        }
    }

    @Test func `vectors of different length are refused`() async {
        await #expect(processExitsWith: .failure) {
            let left: [Float] = [1, 2]
            let right: [Float] = [1]
            _ = KernelTable.best.innerProduct(left.span, right.span)
        }
    }
}

extension BruteForce {
    /// The inner product in doubles.
    fileprivate static func products(
        _ left: some Collection<Float>,
        _ right: some Collection<Float>
    ) -> Double {
        -distance("ip", left, right)
    }
}
