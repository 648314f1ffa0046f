import Dispatch
import PalateIndex
import PalateModel
import Synchronization
import TestKit
import Testing

/// The directory against a dictionary, alone and with readers beside the writer.
@Suite struct ItemDirectoryTests {
    @Test(arguments: [ItemID.max, 40, 1_000])
    func `random changes leave what a dictionary would hold`(range: ItemID) throws {
        var generator = SeededGenerator(seed: testSeed())
        let column = try #require(ItemColumn(capacity: 20_000))
        let directory = ItemDirectory(column: column)
        var oracle: [ItemID: Ordinal] = [:]
        var known: [ItemID] = []
        var next: Ordinal = 0
        for step in 0..<12_000 {
            let isKnown = !known.isEmpty && Int.random(in: 0..<3, using: &generator) == 0
            let item =
                isKnown
                ? known[Int.random(in: known.indices, using: &generator)]
                : ItemID.random(in: 0..<range, using: &generator)
            // Phases of growth and of removal, so that slots fill with removed ones too.
            if Int.random(in: 0..<10, using: &generator) < (step / 2_000 % 2 == 0 ? 8 : 3) {
                column[next] = item
                #expect(directory.insert(item, at: next) == oracle[item])
                oracle[item] = next
                known.append(item)
                next += 1
            } else {
                #expect(directory.remove(item) == oracle.removeValue(forKey: item))
            }
            let asked = ItemID.random(in: 0..<range, using: &generator)
            #expect(directory.ordinal(of: asked) == oracle[asked])
        }
        let items = Array(Set(known)).sorted()
        #expect(directory.ordinals(of: items) == items.map { oracle[$0] ?? Ordinal.max })
        var found: [Ordinal] = []
        directory.appendOrdinals(of: items, to: &found)
        #expect(found == items.compactMap { oracle[$0] })
    }

    @Test func `readers beside a writer see every item at one of its rows`() throws {
        let column = try #require(ItemColumn(capacity: 40_000))
        let directory = ItemDirectory(column: column)
        for item in 0..<ItemID(500) {
            column[Ordinal(item)] = item
            directory.insert(item, at: Ordinal(item))
        }
        let isDone = Atomic<Bool>(false)
        let wrong = Atomic<Int>(0)
        DispatchQueue.concurrentPerform(iterations: 3) { thread in
            if thread == 0 {
                for round in 1..<Ordinal(20) {
                    for item in 0..<ItemID(500) {
                        let ordinal = round * 500 + Ordinal(item)
                        column[ordinal] = item
                        directory.insert(item, at: ordinal)
                    }
                    for item in 10_000..<ItemID(10_200) { directory.remove(item) }
                    for item in 10_000..<ItemID(10_200) {
                        let ordinal = 20_000 + round * 200 + Ordinal(item - 10_000)
                        column[ordinal] = item
                        directory.insert(item, at: ordinal)
                    }
                }
                isDone.store(true, ordering: .releasing)
                return
            }
            let items = (0..<ItemID(500)).map { $0 }
            while !isDone.load(ordering: .acquiring) {
                for (item, ordinal) in zip(items, directory.ordinals(of: items))
                where ordinal == Ordinal.max || ordinal % 500 != Ordinal(item) {
                    wrong.add(1, ordering: .relaxed)
                }
            }
        }
        #expect(wrong.load(ordering: .relaxed) == 0)
    }
}
