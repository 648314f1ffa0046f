import Dispatch
import PalateModel
import Testing

@Suite struct SharedMemoryTests {
    @Test func `a column gives back every id at every address`() throws {
        let column = try #require(ItemColumn(capacity: 100_000))
        for ordinal in stride(from: Ordinal(0), to: 100_000, by: 997) {
            column[ordinal] = ItemID(ordinal) &* 0x9e37_79b9_7f4a_7c15
        }
        for ordinal in stride(from: Ordinal(0), to: 100_000, by: 997) {
            #expect(column[ordinal] == ItemID(ordinal) &* 0x9e37_79b9_7f4a_7c15)
        }
        #expect(column[1] == 0, "fresh memory is zero")
    }

    @Test func `more address space than memory can be reserved`() {
        #expect(ReservedBytes(capacity: 1 << 40) != nil)
    }

    @Test func `an address space that cannot be is refused`() {
        #expect(ReservedBytes(capacity: 1 << 60) == nil)
    }

    @Test func `readers see a value before or after a change, never between`() {
        let lock = ReadWriteLock((0, 0))
        DispatchQueue.concurrentPerform(iterations: 4) { worker in
            for round in 0..<2_000 {
                if worker == 0 {
                    lock.withWriteLock { value in
                        value.0 = round
                        value.1 = -round
                    }
                } else {
                    let sum = lock.withReadLock { value in value.0 + value.1 }
                    #expect(sum == 0)
                }
            }
        }
    }
}
