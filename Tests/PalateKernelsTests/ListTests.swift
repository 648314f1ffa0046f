import PalateKernels
import PalateModel
import TestKit
import Testing

@Suite struct ListTests {
    private static let rowCount = 37

    /// List lengths around the four rows that are scored side by side.
    private static let lengths = [0, 1, 2, 3, 4, 5, 7, 8, 9, 20, 33]

    @Test(arguments: levels, awkwardSizes.dropFirst())
    func `float lists agree with float pairs`(level: KernelLevel, dimensions: Int) throws {
        let kernels = try #require(KernelTable.at(level))
        var generator = SeededGenerator(seed: testSeed())
        let floats = randomFloats(Self.rowCount * dimensions, using: &generator)
        let query = randomFloats(dimensions, using: &generator)
        let arena = try #require(RowArena(stride: 4 * dimensions, capacity: Self.rowCount))
        arena.store(0, floats.span.bytes)
        for length in Self.lengths {
            let ordinals = randomOrdinals(length, using: &generator)
            var products = [Float](repeating: .nan, count: length)
            var squares = products
            var span = products.mutableSpan
            kernels.innerProducts(
                query.span,
                arena,
                offset: 1,
                scale: -2,
                ordinals.span,
                into: &span
            )
            span = squares.mutableSpan
            kernels.squaredEuclideans(
                query.span,
                arena,
                offset: 3,
                scale: 0.5,
                ordinals.span,
                into: &span
            )
            for (position, ordinal) in ordinals.enumerated() {
                let row = Int(ordinal) * dimensions..<(Int(ordinal) + 1) * dimensions
                let product = -BruteForce.distance("ip", query, floats[row])
                let bound = tolerance(dimensions, magnitude(query, floats[row]))
                let found = Double(products[position])
                #expect((found - (1 - 2 * product)).magnitude <= 2 * bound + 1e-6 * found.magnitude)
                let distance = BruteForce.distance("l2", query, floats[row])
                let other = Double(squares[position])
                #expect(
                    (other - (3 + 0.5 * distance)).magnitude <= tolerance(dimensions, other) + 1e-6
                )
            }
        }
    }

    @Test(arguments: levels, awkwardSizes.dropFirst())
    func `tables of floats agree with float pairs`(level: KernelLevel, dimensions: Int) throws {
        let kernels = try #require(KernelTable.at(level))
        var generator = SeededGenerator(seed: testSeed())
        let floats = randomFloats(Self.rowCount * dimensions, using: &generator)
        // Around the tiles of 4 rows by 2 or 4.
        for (left, right) in [(0, 3), (3, 0), (1, 1), (3, 5), (4, 2), (5, 7), (9, 4), (13, 11)] {
            let (lefts, rights) = (left * dimensions, right * dimensions)
            var products = [Float](repeating: .nan, count: left * right + 1)
            var span = products.mutableSpan
            kernels.innerProducts(
                left: floats.span.extracting(first: lefts),
                right: floats.span.extracting(last: rights),
                dimensions: dimensions,
                into: &span
            )
            for index in 0..<left * right {
                let row = floats[(index / right * dimensions)...].prefix(dimensions)
                let other = floats.suffix(rights)[
                    (floats.count - rights + index % right * dimensions)...
                ].prefix(dimensions)
                let product = -BruteForce.distance("ip", Array(row), other)
                let bound = tolerance(dimensions, magnitude(row, other))
                #expect((Double(products[index]) - product).magnitude <= bound)
            }
            #expect(products[left * right].isNaN)
        }
    }

    @Test(arguments: levels, awkwardSizes.dropFirst())
    func `a stored row of floats scores as the same query`(
        level: KernelLevel,
        dimensions: Int
    ) throws {
        let kernels = try #require(KernelTable.at(level))
        var generator = SeededGenerator(seed: testSeed())
        let floats = randomFloats(Self.rowCount * dimensions, using: &generator)
        let arena = try #require(RowArena(stride: 4 * dimensions, capacity: Self.rowCount))
        arena.store(0, floats.span.bytes)
        let ordinals = (0..<Ordinal(Self.rowCount)).map { $0 }
        let query = floats.span.extracting(5 * dimensions..<6 * dimensions)
        for isSquared in [true, false] {
            var found = [Float](repeating: .nan, count: Self.rowCount)
            var expected = found
            var span = found.mutableSpan
            kernels.floatDistances(
                from: 5,
                dimensions: dimensions,
                isSquared: isSquared,
                arena,
                offset: 0,
                scale: 1,
                ordinals.span,
                into: &span
            )
            span = expected.mutableSpan
            if isSquared {
                kernels.squaredEuclideans(
                    query,
                    arena,
                    offset: 0,
                    scale: 1,
                    ordinals.span,
                    into: &span
                )
            } else {
                kernels.innerProducts(query, arena, offset: 0, scale: 1, ordinals.span, into: &span)
            }
            #expect(found == expected)
        }
    }

    @Test(arguments: levels, awkwardSizes.dropFirst())
    func `code lists equal the formula over code products`(
        level: KernelLevel,
        dimensions: Int
    ) throws {
        let kernels = try #require(KernelTable.at(level))
        var generator = SeededGenerator(seed: testSeed())
        for isExtreme in [false, true] {
            let arena = try makeCodes(dimensions, isExtreme: isExtreme, using: &generator)
            let query = randomBytes(dimensions, using: &generator)
                .map { isExtreme ? ($0 < 128 ? 0x80 : 0x7f) : $0 }
            let signed = query.map { Int8(bitPattern: $0) }
            let terms = randomTerms(dimensions, using: &generator)
            for length in Self.lengths {
                let ordinals = randomOrdinals(length, using: &generator)
                var found = [Float](repeating: .nan, count: length)
                var span = found.mutableSpan
                kernels.codeDistances(query.span, terms, arena, ordinals.span, into: &span)
                #expect(found == ordinals.map { distance(signed, terms, arena.row($0)) })
            }
        }
    }

    @Test(arguments: levels, awkwardSizes.dropFirst())
    func `a stored row of codes scores as the same query`(
        level: KernelLevel,
        dimensions: Int
    ) throws {
        let kernels = try #require(KernelTable.at(level))
        var generator = SeededGenerator(seed: testSeed())
        let arena = try makeCodes(dimensions, isExtreme: false, using: &generator)
        let terms = randomTerms(dimensions, using: &generator)
        let ordinals = randomOrdinals(20, using: &generator)
        var query = [UInt8](repeating: 0, count: dimensions)
        var flipped = query.mutableSpan
        KernelTable.flip(arena.row(7).extracting(0..<dimensions), into: &flipped)
        var found = [Float](repeating: .nan, count: 20)
        var span = found.mutableSpan
        kernels.codeDistances(
            from: 7,
            dimensions: dimensions,
            terms,
            arena,
            ordinals.span,
            into: &span
        )
        let signed = query.map { Int8(bitPattern: $0) }
        #expect(found == ordinals.map { distance(signed, terms, arena.row($0)) })
    }

    @Test func `an ordinal past the arena is refused`() async {
        await #expect(processExitsWith: .failure) {
            guard let arena = RowArena(stride: 8, capacity: 4) else { return }
            let query: [Float] = [1, 2]
            let ordinals: [Ordinal] = [0, 4]
            var distances: [Float] = [0, 0]
            var span = distances.mutableSpan
            KernelTable.best.innerProducts(
                query.span,
                arena,
                offset: 0,
                scale: 1,
                ordinals.span,
                into: &span
            )
        }
    }

    private func randomOrdinals(_ count: Int, using generator: inout SeededGenerator) -> [Ordinal] {
        (0..<count).map { _ in Ordinal.random(in: 0..<Ordinal(Self.rowCount), using: &generator) }
    }

    /// Rows of codes with terms of up to a million, at an odd stride: every alignment occurs.
    private func makeCodes(
        _ dimensions: Int,
        isExtreme: Bool,
        using generator: inout SeededGenerator
    ) throws -> RowArena {
        let arena = try #require(RowArena(stride: dimensions + 7, capacity: Self.rowCount))
        for row in 0..<Ordinal(Self.rowCount) {
            var bytes = randomBytes(dimensions + 7, using: &generator)
            if isExtreme { bytes = bytes.map { $0 < 128 ? 0 : 255 } }
            var span = bytes.mutableSpan
            var raw = span.rawBytes
            let term = Int32.random(in: -1_000_000...1_000_000, using: &generator)
            raw.setInteger(term, at: dimensions + 1)
            arena.store(row, raw.bytes)
        }
        return arena
    }

    private func randomTerms(
        _ dimensions: Int,
        using generator: inout SeededGenerator
    ) -> CodeTerms {
        var terms = CodeTerms()
        terms.termOffset = dimensions + 1
        terms.queryTerm = Int32.random(in: -1000...1000, using: &generator)
        terms.dotFactor = [-2, 1].randomElement(using: &generator) ?? 1
        terms.termFactor = [0, 1, 128].randomElement(using: &generator) ?? 1
        terms.querySum = Int32.random(in: -1000...1000, using: &generator)
        terms.offset = generator.normal()
        terms.scale = generator.normal()
        terms.sumScale = generator.normal()
        return terms
    }

    /// The documented formula, with the product by the oracle.
    private func distance(_ query: [Int8], _ terms: CodeTerms, _ row: RawSpan) -> Float {
        let codes = query.indices.map { row.integer(at: $0, as: UInt8.self) }
        let product = oracle.codeProduct(codes.span, query.span)
        let term: Int32 = row.integer(at: terms.termOffset)
        let first = terms.queryTerm + terms.dotFactor * product + terms.termFactor * term
        let scaled = terms.scale * Float(first)
        let sum = terms.sumScale * Float(term + terms.querySum)
        return terms.offset + (scaled + sum)
    }
}
