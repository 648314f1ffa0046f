import PalateTaste
import TestKit
import Testing

/// Numbers against a dictionary.
@Suite struct DenseIDTests {
    @Test(arguments: [UInt64.max, 40, 1_000])
    func `random changes leave what a dictionary would hold`(range: UInt64) {
        var generator = SeededGenerator(seed: testSeed())
        var numbers = DenseIDs()
        var oracle: [UInt64: Int] = [:]
        var most = 0
        for step in 0..<12_000 {
            let isKnown = Int.random(in: 0..<3, using: &generator) == 0
            let known = isKnown ? oracle.keys.randomElement(using: &generator) : nil
            let id = known ?? UInt64.random(in: 0..<range, using: &generator)
            // Phases of growth and of removal.
            if Int.random(in: 0..<10, using: &generator) < (step / 2_000 % 2 == 0 ? 8 : 3) {
                let number = numbers.numberAdding(id)
                #expect(oracle[id] == nil || oracle[id] == number)
                oracle[id] = number
            } else {
                numbers.remove(id)
                oracle[id] = nil
            }
            most = max(most, oracle.count)
            #expect(numbers.count == oracle.count)
            let asked = UInt64.random(in: 0..<range, using: &generator)
            #expect(numbers.number(of: asked) == oracle[asked])
        }
        #expect(numbers.everyID == oracle.keys.sorted())
        for (id, number) in oracle {
            #expect(numbers.number(of: id) == number)
            #expect(numbers.id(of: number) == id)
        }
        // Dense: a number is given out again before a new one is.
        #expect(numbers.capacity == most)
        #expect(Set(oracle.values).count == oracle.count)
    }

    @Test func `ids that start at one slot all stay to be found`() {
        var numbers = DenseIDs()
        // Equal halves cancel in the hash: all of these start at slot 0.
        let ids = (1...200 as ClosedRange<UInt64>).map { $0 << 32 | $0 }
        for id in ids { _ = numbers.numberAdding(id) }
        for (place, id) in ids.enumerated() where place % 3 != 1 { numbers.remove(id) }
        for (place, id) in ids.enumerated() {
            #expect((numbers.number(of: id) != nil) == (place % 3 == 1))
        }
    }
}
