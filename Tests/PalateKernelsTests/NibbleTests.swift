import PalateKernels
import PalateModel
import TestKit
import Testing

@Suite struct NibbleTests {
    private static let rowCount = 29

    /// List lengths around the four rows that are scored side by side.
    private static let lengths = [0, 1, 3, 4, 5, 8, 20]

    @Test(arguments: levels, awkwardSizes.dropFirst() + [2, 129, 4_096])
    func `lists equal the formula to the bit`(level: KernelLevel, dimensions: Int) throws {
        let kernels = try #require(KernelTable.at(level))
        var generator = SeededGenerator(seed: testSeed())
        let half = (dimensions + 1) / 2
        for isExtreme in [false, true] {
            let rows = try Rows(dimensions, isExtreme: isExtreme, using: &generator)
            var query = randomBytes(2 * half, using: &generator)
                .map { isExtreme ? ($0 < 128 ? 0x80 : 0x7f) : $0 }
            if dimensions < 2 * half { query[dimensions] = 0 }
            let signed = query.prefix(dimensions).map { Int(Int8(bitPattern: $0)) }
            var terms = NibbleTerms()
            terms.termOffset = rows.termOffset
            terms.querySum = Int32(signed.reduce(0, +))
            terms.offset = generator.normal()
            terms.scale = generator.normal()
            for length in Self.lengths {
                let ordinals = (0..<length).map { _ in
                    Ordinal.random(in: 0..<Ordinal(Self.rowCount), using: &generator)
                }
                var found = [Float](repeating: .nan, count: length)
                var span = found.mutableSpan
                kernels.nibbleDistances(
                    query.span,
                    dimensions: dimensions,
                    terms,
                    rows.arena,
                    ordinals.span,
                    into: &span
                )
                #expect(found == ordinals.map { rows.distance(signed, terms, Int($0)) })
            }
        }
    }

    @Test(arguments: levels, awkwardSizes.dropFirst() + [2, 129])
    func `a stored row scores as the query of its odd numbers`(
        level: KernelLevel,
        dimensions: Int
    ) throws {
        let kernels = try #require(KernelTable.at(level))
        var generator = SeededGenerator(seed: testSeed())
        let rows = try Rows(dimensions, isExtreme: false, using: &generator)
        let ordinals = (0..<Ordinal(Self.rowCount)).map { $0 }
        var terms = NibbleTerms()
        terms.termOffset = rows.termOffset
        terms.offset = generator.normal()
        terms.scale = generator.normal()
        var found = [Float](repeating: .nan, count: Self.rowCount)
        var span = found.mutableSpan
        kernels.nibbleDistances(
            from: 7,
            dimensions: dimensions,
            terms,
            rows.arena,
            ordinals.span,
            into: &span
        )
        let odd = rows.codes[7].map { 2 * $0 - 15 }
        #expect(found == ordinals.map { rows.distance(odd, terms, Int($0)) })
        var decoded = [Float](repeating: .nan, count: dimensions)
        var numbers = decoded.mutableSpan
        let packed = rows.arena.row(7).extracting(0..<(dimensions + 1) / 2)
        KernelTable.oddNumbers(packed, into: &numbers)
        #expect(decoded == odd.map { Float($0) })
    }

    @Test(arguments: levels, awkwardSizes)
    func `codes are rounded, packed and measured as the oracle says`(
        level: KernelLevel,
        count: Int
    ) throws {
        let kernels = try #require(KernelTable.at(level))
        var generator = SeededGenerator(seed: testSeed())
        let vector = randomFloats(count, using: &generator)
        for factor in [Float(0), 0.5, 3, 40] {
            let (codes, fit) = encode(vector, factor, kernels)
            #expect(codes == encode(vector, factor, oracle).codes)
            let half = (count + 1) / 2
            var product = 0.0
            var squares: Int32 = 0
            var sizes = 0.0
            for position in 0..<count {
                let byte = codes[position % half]
                let code = Int32(position < half ? byte & 15 : byte >> 4)
                let value = vector[position] * factor + 7.5
                #expect(Float(code) == min(max(value.rounded(.toNearestOrEven), 0), 15))
                product += Double(vector[position]) * Double(2 * code - 15)
                sizes += (Double(vector[position]) * Double(2 * code - 15)).magnitude
                squares += (2 * code - 15) * (2 * code - 15)
            }
            #expect(fit.squares == squares)
            #expect((Double(fit.product) - product).magnitude <= 2 * tolerance(count, sizes))
            #expect(kernels.nibbleFit(vector.span, by: factor) == fit)
        }
    }

    @Test(arguments: levels)
    func `codes are clamped and ties go to even`(level: KernelLevel) throws {
        let kernels = try #require(KernelTable.at(level))
        let values: [(Float, UInt8)] = [
            (-100, 0), (-7.5, 0), (-7, 0), (-6, 2), (-5.9, 2), (0, 8), (1, 8), (0.99, 8), (7.5, 15),
            (100, 15), (.infinity, 15), (-.infinity, 0), (.nan, 0),
        ]
        // Enough copies that the vector part and the tail of every level see each value.
        let vector = (0..<6).flatMap { _ in values.map(\.0) }
        let (codes, _) = encode(vector, 1, kernels)
        let half = vector.count / 2
        for position in vector.indices {
            let byte = codes[position % half]
            let code = position < half ? byte & 15 : byte >> 4
            #expect(code == values[position % values.count].1)
        }
    }

    private func encode(
        _ vector: [Float],
        _ factor: Float,
        _ kernels: KernelTable
    ) -> (codes: [UInt8], fit: NibbleFit) {
        var codes = [UInt8](repeating: 0xaa, count: (vector.count + 1) / 2 + 1)
        var span = codes.mutableSpan
        var raw = span.rawBytes
        let fit = kernels.encodeNibbles(vector.span, by: factor, into: &raw)
        // The byte behind the last code is not touched.
        #expect(codes.last == 0xaa)
        return (Array(codes.dropLast()), fit)
    }
}

/// Random rows of 4-bit codes with their floats, at an odd stride: every alignment occurs.
private struct Rows {
    let arena: RowArena
    let codes: [[Int]]
    let terms: [(Float, Float)]
    let termOffset: Int

    init(_ dimensions: Int, isExtreme: Bool, using generator: inout SeededGenerator) throws {
        let half = (dimensions + 1) / 2
        let count = 29
        termOffset = half + 1
        arena = try #require(RowArena(stride: half + 10, capacity: count))
        var codes: [[Int]] = []
        var terms: [(Float, Float)] = []
        for row in 0..<Ordinal(count) {
            let own = (0..<dimensions).map { _ in
                isExtreme
                    ? [0, 15].randomElement(using: &generator) ?? 0
                    : Int.random(in: 0...15, using: &generator)
            }
            var bytes = randomBytes(half + 10, using: &generator)
            for position in 0..<half {
                let high = half + position < dimensions ? own[half + position] : 0
                bytes[position] = UInt8(own[position] | high << 4)
            }
            let pair = (generator.normal(), generator.normal())
            var span = bytes.mutableSpan
            var raw = span.rawBytes
            raw.setInteger(pair.0.bitPattern, at: half + 1)
            raw.setInteger(pair.1.bitPattern, at: half + 5)
            arena.store(row, raw.bytes)
            codes.append(own)
            terms.append(pair)
        }
        self.codes = codes
        self.terms = terms
    }

    /// The documented formula.
    func distance(_ query: [Int], _ constants: NibbleTerms, _ row: Int) -> Float {
        let product = zip(query, codes[row]).reduce(0) { $0 + $1.0 * (2 * $1.1 - 15) }
        let (added, factor) = terms[row]
        let scaled = (constants.scale * factor) * Float(product)
        return (constants.offset + added) - scaled
    }
}
