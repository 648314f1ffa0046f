import PalateKernels
import PalateModel
import TestKit
import Testing

@Suite struct SketchTests {
    private static let linkCounts = [1, 2, 15, 16, 17, 31, 32, 33, 48, 63, 64]

    /// Sketches of some links, and what they were made of.
    private struct Links {
        let signs: [UInt64]
        let offsets: [Float]
        let factors: [Float]
        let arena: RowArena

        init(_ count: Int, using generator: inout SeededGenerator) throws {
            signs = (0..<count).map { _ in generator.next() }
            // Both are halves already: packing loses nothing.
            offsets = (0..<count).map { _ in
                Float(Int.random(in: -512...512, using: &generator)) / 64
            }
            factors = (0..<count).map { _ in Float(Int.random(in: 0...512, using: &generator)) / 128
            }
            let byteCount = KernelTable.sketchBytes(links: count)
            arena = try #require(RowArena(stride: byteCount, capacity: 1))
            var bytes = [UInt8](repeating: 0xAA, count: byteCount)
            var packed = bytes.mutableSpan
            oracle.packSketches(
                signs: signs.span,
                offsets: offsets.span,
                factors: factors.span,
                into: &packed
            )
            arena.store(0, packed.span.bytes)
        }

        /// e - f * (<u, x> + shift), exactly.
        func estimate(_ link: Int, _ query: [Float], shift: Float) -> Double {
            var product = 0.0
            for (column, component) in query.enumerated() {
                let isSet = signs[link] >> UInt64(column) & 1 != 0
                product += Double(isSet ? component : -component)
            }
            return Double(offsets[link]) - Double(factors[link]) * (product + Double(shift))
        }
    }

    @Test(arguments: levels, linkCounts)
    func `links pass where the formula says so`(level: KernelLevel, count: Int) throws {
        let kernels = try #require(KernelTable.at(level))
        var generator = SeededGenerator(seed: testSeed())
        var decided = 0
        for _ in 0..<20 {
            let links = try Links(count, using: &generator)
            let vector = randomFloats(SketchQuery.signCount, using: &generator)
            var query = SketchQuery()
            query.prepare(vector.span)
            let (shift, room) = (generator.normal(), 8 * generator.normal())
            let passing =
                kernels.passingLinks(links.arena.row(0), query, shift: shift, room: room)
            #expect(
                passing == oracle.passingLinks(links.arena.row(0), query, shift: shift, room: room)
            )
            for link in 0..<count {
                let estimate = links.estimate(link, vector, shift: shift)
                // Half a step of the table for each of 16 groups, and float rounding.
                let error = Double(links.factors[link]) * (8 * Double(query.scale) + 1e-4) + 1e-4
                guard (estimate - Double(room)).magnitude > error else { continue }
                decided += 1
                #expect((passing >> UInt64(link) & 1 != 0) == (estimate <= Double(room)))
            }
        }
        #expect(decided > 15 * count)
    }

    @Test(arguments: levels)
    func `a query's table adds up to its product with any signs`(level: KernelLevel) throws {
        var generator = SeededGenerator(seed: testSeed())
        for scale in [Float(0), 1e-20, 1, 1e15] {
            let vector = randomFloats(SketchQuery.signCount, using: &generator).map { $0 * scale }
            var query = SketchQuery()
            query.prepare(vector.span)
            for _ in 0..<100 {
                let signs: UInt64 = generator.next()
                var (sum, product) = (0, 0.0)
                for group in 0..<16 {
                    sum += Int(query.table[16 * group + Int(signs >> UInt64(4 * group) & 15)])
                }
                for (column, component) in vector.enumerated() {
                    product += Double(signs >> UInt64(column) & 1 != 0 ? component : -component)
                }
                let found = Double(query.offset) + Double(query.scale) * Double(sum)
                let total = vector.reduce(0.0) { $0 + Double($1.magnitude) }
                #expect((found - product).magnitude <= 8 * Double(query.scale) + 1e-5 * total)
            }
        }
    }

    @Test(arguments: [Float.infinity, -.infinity, .nan, 3e38, -3e38])
    func `a query of any numbers is prepared`(number: Float) {
        var query = SketchQuery()
        var vector = [Float](repeating: 1, count: SketchQuery.signCount)
        vector[5] = number
        query.prepare(vector.span)
        query.prepare([Float](repeating: number, count: SketchQuery.signCount).span)
    }

    @Test func `signs of a link are those of its components' differences`() {
        var generator = SeededGenerator(seed: testSeed())
        for _ in 0..<50 {
            let from = randomFloats(SketchQuery.signCount, using: &generator)
            var to = randomFloats(SketchQuery.signCount, using: &generator)
            to[3] = from[3]
            let link = KernelTable.linkSigns(from: from.span, to: to.span)
            var (signs, total, along) = (UInt64(0), 0.0, 0.0)
            for column in from.indices {
                let isLarger = to[column] > from[column]
                if isLarger { signs |= 1 << UInt64(column) }
                total += Double((to[column] - from[column]).magnitude)
                along += Double(isLarger ? from[column] : -from[column])
            }
            #expect(link.signs == signs)
            #expect((Double(link.total) - total).magnitude < 1e-4)
            #expect((Double(link.along) - along).magnitude < 1e-4)
        }
    }

    @Test(arguments: levels)
    func `what is no number passes, and what is too large for halves does`(
        level: KernelLevel
    ) throws {
        let kernels = try #require(KernelTable.at(level))
        let arena = try #require(RowArena(stride: KernelTable.sketchBytes(links: 2), capacity: 1))
        var bytes = [UInt8](repeating: 0, count: arena.stride)
        var packed = bytes.mutableSpan
        let (signs, offsets) = ([UInt64](repeating: 5, count: 2), [Float(1e9), -1e9])
        kernels.packSketches(
            signs: signs.span,
            offsets: offsets.span,
            factors: [Float(0), 0].span,
            into: &packed
        )
        arena.store(0, packed.span.bytes)
        let query = SketchQuery()
        func passing(_ room: Float) -> UInt64 {
            kernels.passingLinks(arena.row(0), query, shift: 0, room: room) & 3
        }
        #expect(passing(.nan) == 3)
        #expect(passing(65_504) == 3)
        #expect(passing(65_503) == 2)
        #expect(passing(-65_505) == 0)
    }
}
