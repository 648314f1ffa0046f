import PalateGraph
import TestKit
import Testing

/// The oracle is the standard library's sort.
@Suite struct KeySortTests {
    /// Upper halves spread over all bits, over few, over the lower ones alone, and all equal.
    @Test(
        arguments: [0, 1, 2, 3, 1_023, 1_024, 1_025, 3_000],
        [UInt32.max, 0xff00_0000, 0xfff, 0]
    )
    func `sorts keys, and moves the least to the front`(count: Int, mask: UInt32) {
        var generator = SeededGenerator(seed: testSeed())
        var order = KeySort()
        for limit in [0, 1, count / 3, count - 1, count, count + 1] where limit >= 0 {
            let base = UInt32.random(in: 0...(.max), using: &generator) & ~mask
            let keys = (0..<count).map { row in
                let upper = base | UInt32.random(in: 0...(.max), using: &generator) & mask
                return UInt64(upper) << 32 | UInt64(row) << 1
            }.shuffled(using: &generator)
            let sorted = keys.sorted()

            var moved = keys
            let kept = order.moveLeast(limit, of: &moved, count: count)
            #expect(kept >= min(limit, count) && kept <= count)
            #expect(moved.prefix(kept).sorted().prefix(limit) == sorted.prefix(limit))
            let isKept = Set(moved.prefix(kept))
            #expect(Array(moved.prefix(kept)) == keys.filter { isKept.contains($0) })

            var whole = keys + [0, .max, 7]
            order.sort(&whole, count: count)
            #expect(whole == sorted + [0, .max, 7])
        }
    }
}
