import PalateKernels
import PalateModel
import TestKit
import Testing

@Suite struct HalfTests {
    private static let formats: [HalfFormat] = [.binary16, .bfloat16, .integer16]
    private static let rowCount = 21

    @Test(arguments: levels)
    func `every half has the value of its standard`(level: KernelLevel) throws {
        let kernels = try #require(KernelTable.at(level))
        let patterns = (UInt16.min...UInt16.max).map { $0 }
        for format in Self.formats {
            let found = decode(patterns, format, kernels)
            for (pattern, value) in zip(patterns, found) {
                let expected =
                    switch format {
                    case .binary16: Float(Float16(bitPattern: pattern))
                    case .bfloat16: Float(bitPattern: UInt32(pattern) << 16)
                    case .integer16: Float(Int16(bitPattern: pattern))
                    }
                #expect(value == expected || (value.isNaN && expected.isNaN))
            }
        }
    }

    /// Every finite half, the floats halfway between neighbours, and the floats next to those.
    @Test(arguments: levels)
    func `floats become the nearest half, ties to even`(level: KernelLevel) throws {
        let kernels = try #require(KernelTable.at(level))
        var values: [Float] = []
        for pattern in UInt16(0)..<0x7bff {
            let low = Float(Float16(bitPattern: pattern))
            let high = Float(Float16(bitPattern: pattern + 1))
            let middle = low + (high - low) / 2
            values += [low, middle, -middle, middle.nextDown, -middle.nextUp]
        }
        let found = encode(values, .binary16, kernels)
        #expect(found == values.map { Float16($0).bitPattern })
        var generator = SeededGenerator(seed: testSeed())
        var random: [Float] = []
        for _ in 0..<20_000 {
            let bits = UInt32(truncatingIfNeeded: generator.next())
            // Half of them halfway between two values.
            let isHalfway = !bits.isMultiple(of: 2)
            let value = Float(bitPattern: isHalfway ? bits & 0xffff_0000 | 0x8000 : bits)
            if value.magnitude < 1e38 { random.append(value) }
        }
        for (value, half) in zip(random, encode(random, .bfloat16, kernels)) {
            let rounded = Float(bitPattern: UInt32(half) << 16)
            let other = Float(bitPattern: (value.bitPattern & 0xffff_0000))
            let ulp = Float(bitPattern: other.bitPattern + 0x1_0000).magnitude - other.magnitude
            #expect(Double((rounded - value).magnitude) <= Double(ulp) / 2)
            if (rounded - value).magnitude == ulp / 2 { #expect(half.isMultiple(of: 2)) }
        }
    }

    @Test(arguments: levels)
    func `floats become the nearest whole number, ties to even`(level: KernelLevel) throws {
        let kernels = try #require(KernelTable.at(level))
        let wholes = (-32_767...32_767).map { Float($0) }
        #expect(decode(encode(wholes, .integer16, kernels), .integer16, kernels) == wholes)
        let between = wholes.dropLast().flatMap { [$0 + 0.5, $0 + 0.25, $0 + 0.75] }
        #expect(
            decode(encode(between, .integer16, kernels), .integer16, kernels)
                == between.map { $0.rounded(.toNearestOrEven) }
        )
    }

    @Test(arguments: levels, formats)
    func `what is past the largest value becomes it`(level: KernelLevel, format: HalfFormat) throws
    {
        let kernels = try #require(KernelTable.at(level))
        let limit = format.greatestMagnitude
        let values: [Float] = [
            limit, -limit, limit.nextUp, .infinity, -.infinity, .greatestFiniteMagnitude, 65_504,
            .nan,
        ]
        // Twice, so that both the vector part and the tail of every level see each value.
        let halves = encode(values + values.prefix(7), format, kernels)
        let found = decode(halves, format, kernels)
        let expected = [
            limit, -limit, limit, limit, -limit, limit, format == .bfloat16 ? 65_536 : limit,
            -limit,
        ]
        #expect(found == expected + expected.prefix(7))
    }

    @Test(arguments: levels, awkwardSizes)
    func `a factor is applied on the way in and out`(level: KernelLevel, count: Int) throws {
        let kernels = try #require(KernelTable.at(level))
        var generator = SeededGenerator(seed: testSeed())
        let vector = randomFloats(count, using: &generator)
        for format in Self.formats {
            let halves = encode(vector, format, kernels, by: 4)
            #expect(halves == encode(vector.map { 4 * $0 }, format, oracle))
            let back = decode(halves, format, kernels, by: 0.25)
            // Of a value, and of a number of steps by 4: half of one.
            let (relative, absolute): (Float, Float) =
                switch format {
                case .binary16: (0x1p-11, 1e-7)
                case .bfloat16: (0x1p-8, 1e-7)
                case .integer16: (0, 0.125)
                }
            for (value, found) in zip(vector, back) {
                #expect((value - found).magnitude <= relative * value.magnitude + absolute)
            }
        }
    }

    @Test(arguments: levels, awkwardSizes.dropFirst())
    func `lists agree with the exact sums`(level: KernelLevel, dimensions: Int) throws {
        let kernels = try #require(KernelTable.at(level))
        var generator = SeededGenerator(seed: testSeed())
        let query = randomFloats(dimensions, using: &generator)
        for format in Self.formats {
            let (arena, values) = try makeRows(dimensions, format, using: &generator)
            for length in [0, 1, 3, 4, 5, 8, 21] {
                let ordinals = (0..<length).map { _ in
                    Ordinal.random(in: 0..<Ordinal(Self.rowCount), using: &generator)
                }
                for isSquared in [true, false] {
                    var terms = HalfTerms(
                        format: format,
                        isSquared: isSquared,
                        offset: 1,
                        scale: -2
                    )
                    if isSquared { terms.scale = 0.5 }
                    var found = [Float](repeating: .nan, count: length)
                    var span = found.mutableSpan
                    kernels.halfDistances(query.span, terms, arena, ordinals.span, into: &span)
                    for (position, ordinal) in ordinals.enumerated() {
                        let row = values[Int(ordinal)]
                        let metric = isSquared ? "l2" : "ip"
                        let sum = BruteForce.distance(metric, query, row) * (isSquared ? 1 : -1)
                        let exact = Double(terms.offset) + Double(terms.scale) * sum
                        let size = isSquared ? sum : magnitude(query, row)
                        let bound = 2 * tolerance(dimensions, size) + 1e-6 * exact.magnitude
                        #expect((Double(found[position]) - exact).magnitude <= bound)
                    }
                }
            }
        }
    }

    @Test(arguments: levels, awkwardSizes.dropFirst())
    func `a stored row scores as the query of its values, to the bit`(
        level: KernelLevel,
        dimensions: Int
    ) throws {
        let kernels = try #require(KernelTable.at(level))
        var generator = SeededGenerator(seed: testSeed())
        let ordinals = (0..<Ordinal(Self.rowCount)).map { $0 }
        for format in Self.formats {
            let (arena, values) = try makeRows(dimensions, format, using: &generator)
            let query = values[5]
            for isSquared in [true, false] {
                let terms = HalfTerms(format: format, isSquared: isSquared, offset: 0, scale: 1)
                var found = [Float](repeating: .nan, count: Self.rowCount)
                var expected = found
                var span = found.mutableSpan
                kernels.halfDistances(
                    from: 5,
                    dimensions: dimensions,
                    terms,
                    arena,
                    ordinals.span,
                    into: &span
                )
                span = expected.mutableSpan
                kernels.halfDistances(query.span, terms, arena, ordinals.span, into: &span)
                #expect(found == expected)
            }
        }
    }

    /// Random rows at a stride of two bytes more: every alignment of a half occurs.
    private func makeRows(
        _ dimensions: Int,
        _ format: HalfFormat,
        using generator: inout SeededGenerator
    ) throws -> (RowArena, [[Float]]) {
        let stride = 2 * dimensions + 2
        let arena = try #require(RowArena(stride: stride, capacity: Self.rowCount))
        var values: [[Float]] = []
        for row in 0..<Ordinal(Self.rowCount) {
            let floats = randomFloats(dimensions, using: &generator)
            let halves = encode(floats, format, oracle)
            values.append(decode(halves, format, oracle))
            let raw: [UInt8] = bytes(halves + [0])
            arena.store(row, raw.span.bytes)
        }
        return (arena, values)
    }

    private func bytes(_ halves: [UInt16]) -> [UInt8] {
        halves.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
    }

    private func encode(
        _ vector: [Float],
        _ format: HalfFormat,
        _ kernels: KernelTable,
        by factor: Float = 1
    ) -> [UInt16] {
        var raw = [UInt8](repeating: 0xaa, count: 2 * vector.count + 1)
        var span = raw.mutableSpan
        var bytes = span.rawBytes
        kernels.encodeHalves(vector.span, by: factor, format, into: &bytes)
        // The byte behind the last half is not touched.
        #expect(raw.last == 0xaa)
        return vector.indices.map { UInt16(raw[2 * $0]) | UInt16(raw[2 * $0 + 1]) << 8 }
    }

    private func decode(
        _ halves: [UInt16],
        _ format: HalfFormat,
        _ kernels: KernelTable,
        by factor: Float = 1
    ) -> [Float] {
        var values = [Float](repeating: .nan, count: halves.count)
        var span = values.mutableSpan
        let raw = bytes(halves)
        kernels.decodeHalves(raw.span.bytes, by: factor, format, into: &span)
        return values
    }
}
