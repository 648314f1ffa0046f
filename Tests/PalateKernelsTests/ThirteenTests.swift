import PalateKernels
import PalateModel
import TestKit
import Testing

@Suite struct ThirteenTests {
    private static let rowCount = 19
    private static let lengths = [0, 1, 3, 4, 5, 8, 19]

    /// Rows of upper bits, and rows of lower bits and terms behind `lowOffset` other bytes.
    private struct Rows {
        let nibbles: RowArena
        let arena: RowArena
        let lowOffset: Int
        let dimensions: Int
        /// a and s by row.
        var terms: [(added: Float, size: Float)] = []

        init(_ dimensions: Int, lowOffset: Int, using generator: inout SeededGenerator) throws {
            self.dimensions = dimensions
            self.lowOffset = lowOffset
            let half = (dimensions + 1) / 2
            let lowBytes = KernelTable.thirteenBytes(dimensions: dimensions)
            nibbles = try #require(RowArena(stride: half + 3, capacity: rowCount))
            arena = try #require(RowArena(stride: lowOffset + lowBytes, capacity: rowCount))
            for row in 0..<Ordinal(rowCount) {
                let vector = randomFloats(dimensions, using: &generator)
                // From cells that hold everything to cells that most components lie beyond.
                let factor = [Float(0), 0.5, 3, 20][Int(row) % 4]
                var upper = [UInt8](repeating: 0, count: half + 3)
                var lower = randomBytes(lowOffset + lowBytes, using: &generator)
                encode(vector, factor, &upper, &lower, lowOffset)
                terms.append((generator.normal(), generator.normal()))
                var written = lower.mutableSpan
                var bytes = written.rawBytes
                bytes.setInteger(terms[Int(row)].added.bitPattern, at: lowOffset + lowBytes - 12)
                bytes.setInteger(terms[Int(row)].size.bitPattern, at: lowOffset + lowBytes - 8)
                arena.store(row, bytes.bytes)
                nibbles.store(row, upper.span.bytes)
            }
        }

        func values(_ row: Ordinal) -> [Float] {
            var values = [Float](repeating: .nan, count: dimensions)
            var span = values.mutableSpan
            let upper = nibbles.row(row)
            let lower = arena.row(row)
            let low = lower.extracting(lowOffset..<lower.byteCount)
            KernelTable.decodeThirteens(upper, low, into: &span)
            return values
        }
    }

    @Test(arguments: levels, awkwardSizes.dropFirst() + [2, 8, 9, 30, 33, 256])
    func `lists equal the formula, and the plain kernel to the bit`(
        level: KernelLevel,
        dimensions: Int
    ) throws {
        let kernels = try #require(KernelTable.at(level))
        var generator = SeededGenerator(seed: testSeed())
        for lowOffset in [0, 5] {
            let rows = try Rows(dimensions, lowOffset: lowOffset, using: &generator)
            let query = randomFloats(dimensions, using: &generator)
            let (offset, scale) = (generator.normal(), generator.normal())
            for length in Self.lengths {
                let ordinals = (0..<length).map { _ in
                    Ordinal.random(in: 0..<Ordinal(Self.rowCount), using: &generator)
                }
                func distances(_ kernels: KernelTable) -> [Float] {
                    var found = [Float](repeating: .nan, count: length)
                    var span = found.mutableSpan
                    kernels.thirteenDistances(
                        query.span,
                        offset: offset,
                        scale: scale,
                        nibbles: rows.nibbles,
                        rows.arena,
                        at: lowOffset,
                        ordinals.span,
                        into: &span
                    )
                    return found
                }
                let found = distances(kernels)
                #expect(found == distances(oracle))
                for (ordinal, distance) in zip(ordinals, found) {
                    let (added, size) = rows.terms[Int(ordinal)]
                    let values = rows.values(ordinal)
                    let product = zip(query, values).reduce(0) { $0 + Double($1.0 * $1.1) }
                    let factor = Double(scale * size)
                    let exact = Double(offset + added) - factor * product
                    let sizes = magnitude(query, values) * factor.magnitude + exact.magnitude
                    #expect(
                        (Double(distance) - exact).magnitude <= tolerance(dimensions, sizes + 1)
                    )
                }
            }
        }
    }

    @Test(arguments: awkwardSizes)
    func `a component is within half a code of what its code stands for`(count: Int) {
        var generator = SeededGenerator(seed: testSeed())
        let vector = randomFloats(count, using: &generator)
        for factor in [Float(0), 0.5, 3, 40] {
            let half = (count + 1) / 2
            var upper = [UInt8](repeating: 0, count: half)
            var lower = [UInt8](
                repeating: 0xAA,
                count: KernelTable.thirteenBytes(dimensions: count)
            )
            let product = encode(vector, factor, &upper, &lower, 0)
            var values = [Float](repeating: .nan, count: count)
            var span = values.mutableSpan
            KernelTable.decodeThirteens(upper.span.bytes, lower.span.bytes, into: &span)
            let width = vector.reduce(1) { max($0, ($1 * factor).magnitude - 7) }
            var sum = 0.0
            for (component, value) in zip(vector, values) {
                let error = (component * factor - value).magnitude
                let isOutermost = (component * factor).magnitude >= 7
                // Half of a 512th; floats near 8 have 21 bits behind the point.
                #expect(error <= (isOutermost ? width : 1) / 1_024 + 1e-5 * width)
                sum += Double(component * value)
            }
            let bound = tolerance(8 * count, magnitude(vector, values))
            #expect((Double(product) - sum).magnitude <= bound + 1e-6)
        }
    }
}

/// Encodes by the plain kernels; returns <vector, z>.
@discardableResult
private func encode(
    _ vector: [Float],
    _ factor: Float,
    _ upper: inout [UInt8],
    _ lower: inout [UInt8],
    _ lowOffset: Int
) -> Float {
    var upperSpan = upper.mutableSpan
    var upperBytes = upperSpan.rawBytes
    _ = oracle.encodeNibbles(vector.span, by: factor, into: &upperBytes)
    var lowerSpan = lower.mutableSpan
    var lowerBytes = lowerSpan.rawBytes
    var low = lowerBytes._mutatingExtracting(lowOffset..<lowerBytes.byteCount)
    return KernelTable.encodeThirteens(vector.span, by: factor, into: &low)
}
