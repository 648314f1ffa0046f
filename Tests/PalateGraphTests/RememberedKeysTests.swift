import PalateGraph
import TestKit
import Testing

/// The oracle is a stable sort by the upper half.
struct RememberedKeysTests {
    /// Of distances spread over all bits, over few, over the lower ones alone, and all equal.
    @Test(
        arguments: [0, 1, 2, 3, 1_023, 1_024, 1_025, 3_000],
        [UInt32.max, 0xff00_0000, 0xfff, 0]
    )
    func `sorts by distance, of equals the first one first`(count: Int, mask: UInt32) {
        var generator = SeededGenerator(seed: testSeed())
        var remembered = RememberedKeys()
        for _ in 0..<2 {
            let base = UInt32.random(in: 0...(.max), using: &generator) & ~mask
            let keys = (0..<count).map { row in
                let distance = base | UInt32.random(in: 0...(.max), using: &generator) & mask
                return UInt64(distance) << 32 | UInt64(row) << 1
            }
            remembered.removeAll()
            remembered.reserve(count)
            for key in keys.shuffled(using: &generator) { remembered.append(key) }
            let came = (0..<count).map { remembered[$0] }
            remembered.sort()
            let expected = came.enumerated().sorted {
                ($0.element >> 32, $0.offset) < ($1.element >> 32, $1.offset)
            }
            #expect((0..<count).map { remembered[$0] } == expected.map(\.element))
        }
    }
}
