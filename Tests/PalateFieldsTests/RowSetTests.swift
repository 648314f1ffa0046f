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
}
