import PalateModel
import PalateStorage
import Synchronization
import TestKit
import Testing

@Suite struct ConcurrencyTests {
    /// Every commit sets all keys to one value, so a torn view would show two values.
    @Test func `shows every reader one commit at a time while a writer works`() throws {
        let fixture = Fixture()
        let environment = try fixture.open()
        let table = try environment.table("rows", key: UInt32.self, creates: true)
        let keys = 0..<40 as Range<UInt32>
        @Sendable func set(_ value: UInt8) throws(StorageError) {
            try environment.write { transaction throws(StorageError) in
                let bytes = [UInt8](repeating: value, count: 300 * Int(value % 20))
                for key in keys { try transaction.put(table, key, bytes + [value]) }
            }
        }
        try set(0)
        let isDone = Atomic(false)
        let reads = Atomic(0)
        let torn = Atomic(0)
        try withoutActuallyEscaping(set) { set in
            let readers = (0..<6).map { _ in
                startThread {
                    while !isDone.load(ordering: .relaxed) {
                        let values = try? environment.dump(table)
                        if Set((values ?? [:]).values).count != 1 || values?.count != keys.count {
                            torn.add(1, ordering: .relaxed)
                        }
                        reads.add(1, ordering: .relaxed)
                    }
                }
            }
            defer {
                isDone.store(true, ordering: .relaxed)
                for reader in readers { reader.join() }
            }
            for round in 1...60 as ClosedRange<UInt8> { try set(round) }
        }
        #expect(torn.load(ordering: .relaxed) == 0)
        #expect(reads.load(ordering: .relaxed) > 6)
    }

    @Test func `grows the map and opens tables under readers and writers`() throws {
        let fixture = Fixture(mapBytes: 4 << 20)
        let environment = try fixture.open()
        let table = try environment.table("rows", key: UInt64.self, creates: true)
        try environment.put(table, 0, [1])
        let isDone = Atomic(false)
        let failures = ReadWriteLock<[String]>([])
        let readers = (0..<4).map { number in
            startThread {
                while !isDone.load(ordering: .relaxed) {
                    do {
                        guard try environment.value(table, 0) != nil else {
                            failures.withWriteLock { $0.append("lost") }
                            return
                        }
                        _ = try environment.figures()
                    } catch {
                        failures.withWriteLock { $0.append("reader \(number): \(error)") }
                        return
                    }
                }
            }
        }
        let writers = (0..<2).map { (number: UInt64) in
            startThread {
                for round in 1...20 as ClosedRange<UInt64> {
                    do {
                        try environment.put(table, round * 2 + number, noise(3_000, seed: round))
                    } catch {
                        failures.withWriteLock { $0.append("writer \(number): \(error)") }
                    }
                }
            }
        }
        for step in 2...12 {
            try environment.growMap(to: (2 << 20) * step)
            if step <= 6 { _ = try environment.table("t\(step)", key: UInt64.self, creates: true) }
        }
        for writer in writers { writer.join() }
        isDone.store(true, ordering: .relaxed)
        for reader in readers { reader.join() }
        #expect(failures.withWriteLock { $0 } == [])
        #expect(try environment.figures().mapBytes == 24 << 20)
        #expect(try environment.dump(table).count == 41)
    }

    @Test func `refuses one reader too many and recovers`() throws {
        let fixture = Fixture()
        let environment = try fixture.open(readers: 2)
        let table = try environment.table("rows", key: UInt64.self, creates: true)
        try environment.put(table, 1, [1])
        let entered = Atomic(0)
        let done = Latch()
        let held = (0..<2).map { _ in
            startThread {
                try? environment.read { _ throws(StorageError) in
                    entered.add(1, ordering: .releasing)
                    done.wait()
                }
            }
        }
        while entered.load(ordering: .acquiring) < 2 {}
        #expect(throws: StorageError.readersFull(limit: 2)) { try environment.value(table, 1) }
        done.open()
        for thread in held { thread.join() }
        #expect(try environment.value(table, 1) == [1])
    }
}
