import PalateModel
import TestKit
import Testing

@Suite struct SortedTests {
    @Test(arguments: [0, 1, 2, 15, 16, 17, 1_000])
    func `a binary search agrees with one from the front`(count: Int) {
        var generator = SeededGenerator(seed: testSeed())
        let values = (0..<count).map { _ in Int.random(in: 0..<2 * count, using: &generator) }
            .sorted()
        for wanted in -1...2 * count + 1 {
            #expect(values.lowerBound(of: wanted) == values.firstIndex { $0 >= wanted } ?? count)
            #expect(values.sortedIndex(of: wanted) == values.firstIndex(of: wanted))
            #expect(values.containsSorted(wanted) == values.contains(wanted))
            #expect(
                values.sortedIndex(of: -wanted) { -$0 } == nil
                    || values.contains(wanted)
            )
        }
    }
}
