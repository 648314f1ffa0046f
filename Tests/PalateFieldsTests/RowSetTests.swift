import PalateFields
import PalateModel
import TestKit
import Testing

@Suite struct RowSetTests {
    @Test(arguments: [1, 3, 20, 4_096, 4_097, isOptimisedBuild ? 200_000 : 9_000])
    func `a set agrees with the standard library's through insertions and removals`(
        count: Int
    ) {
        var generator = SeededGenerator(seed: testSeed())
        var rows = RowSet()
        var oracle: Set<Ordinal> = []
        for _ in 0..<count {
            let row = Ordinal.random(in: 0..<150_000, using: &generator)
            let isNew = rows.insert(row)
            let isNewToOracle = oracle.insert(row).inserted
            #expect(isNew == isNewToOracle)
        }
        for row in oracle.sorted().prefix(count / 2) {
            let wasMember = rows.remove(row)
            #expect(wasMember)
            oracle.remove(row)
        }
        var members: [Ordinal] = []
        rows.forEach { members.append($0) }
        #expect(members == oracle.sorted())
        #expect(rows.count == oracle.count)
        var words: [UInt64] = []
        rows.copyBits(to: &words, rowCount: 150_000)
        func isSet(_ row: Int) -> Bool { words[row / 64] >> UInt64(row % 64) & 1 == 1 }
        let bits = (0..<150_000).filter(isSet).map { Ordinal($0) }
        #expect(bits == oracle.sorted())
    }

    @Test(arguments: [0, 1, 63, 64, 65, 65_535, 65_536, 65_537, 131_075])
    func `bits end with the last row that is asked for`(rowCount: Int) {
        let rows = RowSet(
            [0, 1, 62, 63, 64, 65, 66, 127, 128, 65_534, 65_535, 65_536, 65_537, 131_074, 131_075]
        )
        // What was there before is gone, whether the room is as large or not.
        var words = [UInt64](repeating: .max, count: (rowCount + 63) / 64)
        var others: [UInt64] = [7]
        rows.copyBits(to: &words, rowCount: rowCount)
        rows.copyBits(to: &others, rowCount: rowCount)
        #expect(words == others && words.count == (rowCount + 63) / 64)
        for row in 0..<words.count * 64 {
            let isSet = words[row / 64] >> UInt64(row % 64) & 1 == 1
            #expect(isSet == (row < rowCount && rows.contains(Ordinal(row))))
        }
    }
}
