import PalateStorage
import TestKit
import Testing

@Suite struct RandomProgramTests {
    /// Keys are few, so that programs overwrite, delete and re-insert; values cross page borders.
    @Test(arguments: 0..<4)
    func `agrees with a dictionary through any program of writes, aborts and reopens`(
        round: Int
    ) throws {
        var generator = SeededGenerator(seed: testSeed() &+ UInt64(round))
        let fixture = Fixture(mapBytes: 64 << 20)
        var oracle: [[UInt64: [UInt8]]] = [[:], [:]]
        for _ in 0..<6 {
            let environment = try fixture.open(checksPages: true)
            let tables = [
                try environment.table("left", key: UInt64.self, creates: true),
                try environment.table("right", key: UInt64.self, creates: true),
            ]
            for (table, expected) in zip(tables, oracle) {
                #expect(try environment.dump(table) == expected)
            }
            for _ in 0..<12 {
                var next = oracle
                let aborts = Int.random(in: 0..<5, using: &generator) == 0
                do {
                    try environment.write { transaction throws(StorageError) in
                        for _ in 0..<Int.random(in: 0..<60, using: &generator) {
                            let side = Int.random(in: 0...1, using: &generator)
                            try step(&transaction, tables[side], &next[side], &generator)
                        }
                        for (table, expected) in zip(tables, next) {
                            #expect(try transaction.count(table) == expected.count)
                            #expect(try transaction.lastKey(table) == expected.keys.max())
                        }
                        if aborts { throw StorageError.frameWithoutSize }
                    }
                    oracle = next
                } catch StorageError.frameWithoutSize {}
            }
        }
        let census = try #require(try PageCensus.take(directory: fixture.path))
        #expect(census.entries == oracle[0].count + oracle[1].count)
        #expect(census.tables == 2)
        #expect(census.leakedPages == 0)
    }

    private func step(
        _ transaction: inout WriteTransaction,
        _ table: Table<UInt64>,
        _ oracle: inout [UInt64: [UInt8]],
        _ generator: inout SeededGenerator
    ) throws(StorageError) {
        let key = UInt64.random(in: 0..<400, using: &generator)
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<50:
            let sizes = [0, 7, 100, 2_100, 4_080, 20_000]
            let size = sizes[Int.random(in: 0..<sizes.count, using: &generator)]
            let bytes = noise(size, seed: generator.next())
            try transaction.put(table, key, bytes.span.bytes)
            oracle[key] = bytes
        case 50..<60:
            try transaction.reserve(table, key, byteCount: 3_000) { room in
                room.storeBytes(of: key, as: UInt64.self)
            }
            let tail = [UInt8](repeating: 0, count: 2_992)
            oracle[key] = withUnsafeBytes(of: key) { [UInt8]($0) } + tail
        case 60..<98:
            let removed = oracle.removeValue(forKey: key) != nil
            #expect(try transaction.delete(table, key) == removed)
        default:
            try transaction.removeAll(table)
            oracle = [:]
        }
    }
}
