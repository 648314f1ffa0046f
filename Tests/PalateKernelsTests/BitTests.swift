import PalateKernels
import PalateModel
import TestKit
import Testing

@Suite struct BitTests {
    /// List lengths around the four rows that are scored side by side.
    private static let lengths = [0, 1, 3, 4, 5, 8, 20]

    /// Around the 32 and 64 bytes that are done at once, for both widths.
    private static let sizes =
        awkwardSizes.dropFirst() + [2, 129, 248, 256, 257, 264, 511, 513, 4_096]

    @Test(arguments: levels, [CodeBits.one, .two])
    func `lists equal the formula to the bit`(level: KernelLevel, bits: CodeBits) throws {
        let kernels = try #require(KernelTable.at(level))
        var generator = SeededGenerator(seed: testSeed())
        for dimensions in Self.sizes {
            for isExtreme in [false, true] {
                let rows = try BitRows(dimensions, bits, isExtreme: isExtreme, using: &generator)
                var query = randomBytes(
                    bits.byteCount(dimensions) * bits.perByte,
                    using: &generator
                )
                .map { isExtreme ? ($0 < 128 ? 0x80 : 0x7f) : $0 }
                for position in dimensions..<query.count { query[position] = 0 }
                let signed = query.map { Int(Int8(bitPattern: $0)) }
                let table = randomFloats(BitTerms.groups, using: &generator)
                var terms = BitTerms(bits: bits)
                terms.termOffset = rows.termOffset
                terms.querySum = Int32(signed.reduce(0, +))
                terms.scale = generator.normal()
                for length in Self.lengths {
                    let ordinals = (0..<length).map { _ in
                        Ordinal.random(in: 0..<Ordinal(BitRows.count), using: &generator)
                    }
                    var found = [Float](repeating: .nan, count: length)
                    var span = found.mutableSpan
                    kernels.bitDistances(
                        query.span,
                        table: table.span,
                        dimensions: dimensions,
                        terms,
                        rows.arena,
                        ordinals.span,
                        into: &span
                    )
                    let expected = ordinals.map { rows.distance(signed, table, terms, Int($0)) }
                    #expect(found == expected, "\(dimensions) components, \(length) rows")
                }
            }
        }
    }

    @Test(arguments: levels, [CodeBits.one, .two])
    func `codes are packed, measured and unpacked as the oracle says`(
        level: KernelLevel,
        bits: CodeBits
    ) throws {
        let kernels = try #require(KernelTable.at(level))
        var generator = SeededGenerator(seed: testSeed())
        for count in Self.sizes {
            let vector = randomFloats(count, using: &generator)
            for threshold in [Float(0), 0.5, 1, 4] {
                let (codes, fit) = encode(vector, bits, threshold, kernels)
                let (expected, same) = encode(vector, bits, threshold, oracle)
                #expect(codes == expected)
                #expect(fit == same)
                #expect(kernels.bitFit(vector.span, bits, threshold: threshold) == fit)
                let odd = vector.map { oddNumber($0, bits, threshold) }
                var decoded = [Float](repeating: .nan, count: count)
                var span = decoded.mutableSpan
                kernels.oddNumbers(codes.span.bytes, bits, into: &span)
                #expect(decoded == odd.map { Float($0) })
                #expect(Int(fit.squares) == odd.reduce(0) { $0 + $1 * $1 })
                let product = zip(vector, odd).reduce(0) { $0 + Double($1.0) * Double($1.1) }
                let size = magnitude(vector, odd.map { Float($0) })
                #expect((Double(fit.product) - product).magnitude <= 2 * tolerance(count, size))
            }
        }
    }

    @Test(arguments: levels)
    func `a value on a threshold is below it`(level: KernelLevel) throws {
        let kernels = try #require(KernelTable.at(level))
        let values: [(Float, UInt8)] = [
            (-2, 0), (-1, 0), (-0.5, 1), (-0, 1), (0, 1), (0.5, 2), (1, 2), (1.5, 3),
            (.infinity, 3), (-.infinity, 0), (.nan, 0),
        ]
        // Enough copies that the vector part and the tail of every level see each value.
        let vector = (0..<20).flatMap { _ in values.map(\.0) }
        for bits in [CodeBits.one, .two] {
            let (codes, _) = encode(vector, bits, 1, kernels)
            let bytes = bits.byteCount(vector.count)
            for position in vector.indices {
                let shift = UInt8(position / bytes * Int(bits.rawValue))
                let code = codes[position % bytes] >> shift & UInt8(bits.top)
                let expected = values[position % values.count]
                #expect(code == (bits == .two ? expected.1 : expected.0 > 0 ? 1 : 0))
            }
        }
    }

    @Test func `a table too short for any group is refused`() async {
        await #expect(processExitsWith: .failure) {
            guard let arena = RowArena(stride: 16, capacity: 1) else { return }
            let query = [UInt8](repeating: 0, count: 8)
            let table = [Float](repeating: 0, count: 255)
            let ordinals: [Ordinal] = [0]
            var distances: [Float] = [0]
            var span = distances.mutableSpan
            var terms = BitTerms(bits: .one)
            terms.termOffset = 4
            KernelTable.best.bitDistances(
                query.span,
                table: table.span,
                dimensions: 8,
                terms,
                arena,
                ordinals.span,
                into: &span
            )
        }
    }

    private func oddNumber(_ value: Float, _ bits: CodeBits, _ threshold: Float) -> Int {
        guard bits == .two else { return value > 0 ? 1 : -1 }
        let size = value > threshold || value <= -threshold ? 3 : 1
        return value > 0 ? size : -size
    }

    private func encode(
        _ vector: [Float],
        _ bits: CodeBits,
        _ threshold: Float,
        _ kernels: KernelTable
    ) -> (codes: [UInt8], fit: BitFit) {
        var codes = [UInt8](repeating: 0xaa, count: bits.byteCount(vector.count) + 1)
        var span = codes.mutableSpan
        var raw = span.rawBytes
        let fit = kernels.encodeBits(vector.span, bits, threshold: threshold, into: &raw)
        // The byte behind the last code is not touched.
        #expect(codes.last == 0xaa)
        return (Array(codes.dropLast()), fit)
    }
}

/// Random rows of 1-bit or 2-bit codes with their terms, at an odd stride: every alignment occurs.
private struct BitRows {
    static let count = 29

    let arena: RowArena
    let codes: [[Int]]
    let terms: [(added: Float, factor: Float, group: Int)]
    let termOffset: Int

    init(
        _ dimensions: Int,
        _ bits: CodeBits,
        isExtreme: Bool,
        using generator: inout SeededGenerator
    ) throws {
        let bytes = bits.byteCount(dimensions)
        termOffset = bytes + 1
        let stride = bytes + 12 | 1
        arena = try #require(RowArena(stride: stride, capacity: Self.count))
        var codes: [[Int]] = []
        var terms: [(Float, Float, Int)] = []
        for row in 0..<Ordinal(Self.count) {
            let own = (0..<dimensions).map { _ in
                isExtreme
                    ? [0, bits.top].randomElement(using: &generator) ?? 0
                    : Int.random(in: 0...bits.top, using: &generator)
            }
            var bytesOfRow = randomBytes(stride, using: &generator)
            for position in 0..<bytes { bytesOfRow[position] = 0 }
            for (position, code) in own.enumerated() {
                bytesOfRow[position % bytes] |=
                    UInt8(code << (position / bytes * Int(bits.rawValue)))
            }
            let group = Int(bytesOfRow[termOffset + 8])
            let pair = (generator.normal(), generator.normal())
            var span = bytesOfRow.mutableSpan
            var raw = span.rawBytes
            raw.setInteger(pair.0.bitPattern, at: termOffset)
            raw.setInteger(pair.1.bitPattern, at: termOffset + 4)
            arena.store(row, raw.bytes)
            codes.append(own)
            terms.append((pair.0, pair.1, group))
        }
        self.codes = codes
        self.terms = terms
    }

    /// The documented formula.
    func distance(_ query: [Int], _ table: [Float], _ constants: BitTerms, _ row: Int) -> Float {
        let product = zip(query, codes[row]).reduce(0) {
            $0 + $1.0 * (2 * $1.1 - constants.bits.top)
        }
        // Past the components the query is 0, and so its codes count nothing.
        let own = terms[row]
        let scaled = (constants.scale * own.factor) * Float(product)
        return (table[own.group] + own.added) - scaled
    }
}
