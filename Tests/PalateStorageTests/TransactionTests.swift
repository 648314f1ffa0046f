import PalateStorage
import TestKit
import Testing

/// Sizes around the borders of inline values, overflow pages and whole pages.
private let awkwardSizes = [
    0, 1, 2, 15, 16, 17, 63, 64, 65, 768, 1_500, 2_020, 2_030, 2_040, 4_079, 4_080, 4_081, 4_096,
    8_176, 8_177, 65_536, 1_000_003,
]

@Suite struct TransactionTests {
    let fixture = Fixture()

    @Test(arguments: awkwardSizes)
    func `returns values of every size as written`(byteCount: Int) throws {
        let environment = try fixture.open()
        let table = try environment.table("values", key: UInt32.self, creates: true)
        let bytes = noise(byteCount, seed: UInt64(byteCount))
        try environment.write { transaction throws(StorageError) in
            try transaction.put(table, 1, bytes.span.bytes)
            try transaction.reserve(table, 2, byteCount: byteCount) { room throws(StorageError) in
                #expect(room.byteCount == byteCount)
                for (offset, byte) in bytes.enumerated() {
                    room.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
                }
            }
            try transaction.reserve(table, 3, byteCount: byteCount) { _ in }
            #expect(transaction.writtenByteCount == 3 * (byteCount + 4))
        }
        try environment.read { transaction throws(StorageError) in
            if let value = try transaction.get(table, 1) {
                #expect(value.byteCount == byteCount)
            } else {
                Issue.record("no value")
            }
            #expect(try transaction.bytes(table, 1) == bytes)
            #expect(try transaction.bytes(table, 2) == bytes)
            #expect(try transaction.bytes(table, 3) == [UInt8](repeating: 0, count: byteCount))
            #expect(try transaction.bytes(table, 4) == nil)
            #expect(try transaction.contains(table, 3))
            #expect(try !transaction.contains(table, 4))
        }
    }

    @Test func `zeroes reserved room that recycled memory would fill`() throws {
        let environment = try fixture.open()
        let table = try environment.table("values", key: UInt32.self, creates: true)
        for round in 0..<4 as Range<UInt32> {
            try environment.write { transaction throws(StorageError) in
                let dirt = [UInt8](repeating: 0xff, count: 20_000)
                try transaction.put(table, 1, dirt)
                try transaction.delete(table, 1)
                try transaction.reserve(table, round + 2, byteCount: 20_000) { _ in }
            }
            let zeros = [UInt8](repeating: 0, count: 20_000)
            #expect(try environment.value(table, round + 2) == zeros)
        }
    }

    @Test func `fails the whole transaction when a reserved value is not finished`() throws {
        let environment = try fixture.open()
        let table = try environment.table("values", key: UInt32.self, creates: true)
        let failure = StorageError.corrupt(where: "source")
        #expect(throws: failure) {
            try environment.write { transaction throws(StorageError) in
                try transaction.put(table, 1, [1])
                do {
                    try transaction.reserve(table, 2, byteCount: 8) { _ throws(StorageError) in
                        throw failure
                    }
                } catch {}
            }
        }
        #expect(try environment.dump(table) == [:])
    }

    @Test func `inserts only new keys and appends only behind the last`() throws {
        let environment = try fixture.open()
        let table = try environment.table("values", key: UInt64.self, creates: true)
        let bytes = [1 as UInt8]
        try environment.write { transaction throws(StorageError) in
            try transaction.put(table, 10, bytes, mode: .append)
            try transaction.put(table, 20, bytes.span.bytes, mode: .append)
            #expect(throws: StorageError.keyOrder(table: "values")) {
                try transaction.put(table, 20, bytes.span.bytes, mode: .append)
            }
            #expect(throws: StorageError.keyOrder(table: "values")) {
                try transaction.put(table, 15, bytes.span.bytes, mode: .append)
            }
            #expect(throws: StorageError.keyExists(table: "values")) {
                try transaction.put(table, 10, bytes, mode: .insert)
            }
            try transaction.put(table, 15, bytes.span.bytes, mode: .insert)
            try transaction.put(table, 10, [2])
        }
        #expect(try environment.dump(table) == [10: [2], 15: [1], 20: [1]])
    }

    @Test func `refuses keys and values outside the limits, and goes on`() throws {
        let environment = try fixture.open()
        let table = try environment.table("names", key: String.self, creates: true)
        let long = String(repeating: "k", count: 511)
        try environment.write { transaction throws(StorageError) in
            #expect(throws: StorageError.keyLength(got: 0, expected: 1...511)) {
                try transaction.put(table, "", [1])
            }
            #expect(throws: StorageError.keyLength(got: 512, expected: 1...511)) {
                try transaction.put(table, long + "k", [1])
            }
            let limit = Environment.valueBytesMax
            #expect(throws: StorageError.valueTooLarge(got: limit + 1, expected: limit)) {
                try transaction.reserve(table, "big", byteCount: limit + 1) { _ in }
            }
            #expect(throws: StorageError.valueTooLarge(got: -1, expected: limit)) {
                try transaction.reserve(table, "negative", byteCount: -1) { _ in }
            }
            try transaction.put(table, long, [3])
        }
        #expect(throws: StorageError.keyLength(got: 0, expected: 1...511)) {
            try environment.value(table, "")
        }
        #expect(try environment.dump(table) == [long: [3]])
    }

    @Test func `sees its own changes, and others do not until the commit`() throws {
        let environment = try fixture.open()
        let table = try environment.table("values", key: UInt32.self, creates: true)
        try environment.put(table, 1, [1])
        try environment.write { transaction throws(StorageError) in
            try transaction.put(table, 1, [2])
            try transaction.put(table, 2, [3])
            #expect(try transaction.bytes(table, 1) == [2])
            #expect(try transaction.count(table) == 2)
            #expect(try transaction.lastKey(table) == 2)
            let outside = Latch()
            startThread {
                let seen = try? environment.dump(table)
                #expect(seen == [1: [1]])
                outside.open()
            }.join()
            outside.wait()
            #expect(try transaction.delete(table, 1))
            #expect(try !transaction.delete(table, 1))
        }
        #expect(try environment.dump(table) == [2: [3]])
    }

    @Test func `empties a table and keeps the others`() throws {
        let environment = try fixture.open()
        let full = try environment.table("full", key: UInt32.self, creates: true)
        let kept = try environment.table("kept", key: UInt32.self, creates: true)
        try environment.write { transaction throws(StorageError) in
            for key in 0..<500 as Range<UInt32> {
                try transaction.put(full, key, noise(5_000, seed: 1))
            }
            try transaction.put(kept, 1, [1])
        }
        try environment.write(.shrink) { transaction throws(StorageError) in
            try transaction.removeAll(full)
            #expect(try transaction.count(full) == 0)
        }
        #expect(try environment.dump(full) == [:])
        #expect(try environment.dump(kept) == [1: [1]])
        #expect(try environment.figures().freeBytes > 2_000_000)
    }
}

@Suite struct CursorTests {
    let fixture = Fixture()

    @Test func `walks in key order from any start, both ways`() throws {
        let environment = try fixture.open()
        let table = try environment.table("values", key: UInt64.self, creates: true)
        let keys: [UInt64] = [0, 1, 255, 256, 65_535, 1 << 32, .max - 1, .max]
        try environment.write { transaction throws(StorageError) in
            for key in keys.shuffled() {
                try transaction.put(table, key, Array("\(key)".utf8))
            }
        }
        try environment.read { transaction throws(StorageError) in
            for start in keys + [2, 300, 1 << 40] {
                var cursor = try transaction.cursor(table, from: start)
                #expect(cursor.value.byteCount == 0)
                var walked: [UInt64] = []
                while let key = try cursor.next() {
                    #expect(copied(cursor.value) == Array("\(key)".utf8))
                    walked.append(key)
                }
                #expect(walked == keys.filter { $0 >= start })
                #expect(try cursor.next() == nil)
                #expect(cursor.value.byteCount == 0)
            }
            var cursor = try transaction.cursor(table)
            var backwards: [UInt64] = []
            while let key = try cursor.previous() { backwards.append(key) }
            #expect(backwards == keys.reversed())
            #expect(try cursor.seek(257) == 65_535)
            #expect(try cursor.previous() == 256)
            #expect(try cursor.next() == 65_535)
            #expect(try cursor.last() == .max)
            #expect(try cursor.next() == nil)
            #expect(try transaction.firstKey(table) == 0)
            #expect(try transaction.lastKey(table) == .max)
            #expect(try transaction.count(table) == keys.count)
        }
    }

    @Test func `finds nothing in an empty table`() throws {
        let environment = try fixture.open()
        let table = try environment.table("values", key: UInt64.self, creates: true)
        try environment.read { transaction throws(StorageError) in
            #expect(try transaction.firstKey(table) == nil)
            #expect(try transaction.lastKey(table) == nil)
            var cursor = try transaction.cursor(table, from: 1)
            #expect(try cursor.next() == nil)
            #expect(try cursor.previous() == nil)
            #expect(try cursor.seek(0) == nil)
        }
    }

    @Test func `stops when told, and passes errors on`() throws {
        let environment = try fixture.open()
        let table = try environment.table("values", key: UInt32.self, creates: true)
        for key in 1...5 as ClosedRange<UInt32> { try environment.put(table, key, []) }
        try environment.read { transaction throws(StorageError) in
            var visited: [UInt32] = []
            try transaction.forEach(table, from: 2) { key, _ in
                visited.append(key)
                return key == 4 ? .stop : .proceed
            }
            #expect(visited == [2, 3, 4])
            #expect(throws: StorageError.corrupt(where: "3")) {
                try transaction.forEach(table, from: 3) { key, _ throws(StorageError) in
                    throw StorageError.corrupt(where: "\(key)")
                }
            }
        }
    }

    @Test func `reports a key of another type as damage`() throws {
        let environment = try fixture.open()
        let table = try environment.table("values", key: [UInt8].self, creates: true)
        try environment.put(table, [1, 2, 3], [1])
        let wrong = try environment.table("values", key: UInt64.self)
        #expect(throws: StorageError.corrupt(where: "values: a key of 3 bytes")) {
            try environment.read { transaction throws(StorageError) in
                try transaction.firstKey(wrong)
            }
        }
    }

    @Test func `orders every key type as its values`() throws {
        let environment = try fixture.open()
        let pairs = try environment.table("pairs", key: PairKey.self, creates: true)
        let names = try environment.table("names", key: String.self, creates: true)
        let order: [PairKey] = [.init(0, .max), .init(1, 0), .init(1, 256), .init(256, 1)]
        let words = ["a", "aa", "b", "z", "\u{e9}", "\u{1f600}"]
        for pair in order.shuffled() { try environment.put(pairs, pair, []) }
        for word in words.shuffled() { try environment.put(names, word, []) }
        try environment.read { transaction throws(StorageError) in
            var seen: [PairKey] = []
            try transaction.forEach(pairs) { key, _ in
                seen.append(key)
                return .proceed
            }
            #expect(seen == order)
            var read: [String] = []
            try transaction.forEach(names) { key, _ in
                read.append(key)
                return .proceed
            }
            #expect(read == words)
        }
    }
}
