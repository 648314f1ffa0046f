import Glibc
import PalateStorage
import TestKit
import Testing

/// A whole file.
private func readFile(_ path: String) throws -> [UInt8] {
    let file = try #require(fopen(path, "r"))
    defer { fclose(file) }
    fseek(file, 0, SEEK_END)
    let count = ftell(file)
    rewind(file)
    var bytes = [UInt8](repeating: 0, count: count)
    try #require(fread(&bytes, 1, count, file) == count)
    return bytes
}

private func writeFile(_ path: String, _ bytes: [UInt8]) throws {
    let file = try #require(fopen(path, "w"))
    defer { fclose(file) }
    try #require(fwrite(bytes, 1, bytes.count, file) == bytes.count)
}

/// A small file with all kinds of pages, and what is in it.
private struct Specimen {
    let fixture = Fixture()
    let bytes: [UInt8]
    let content: [UInt64: [UInt8]]
    /// What the commit before the last one left.
    let previous: [UInt64: [UInt8]]

    var path: String { "\(fixture.path)/data.mdb" }

    init() throws {
        let environment = try fixture.open()
        let rows = try environment.table("rows", key: UInt64.self, creates: true)
        _ = try environment.table("empty", key: UInt64.self, creates: true)
        try environment.write { transaction throws(StorageError) in
            for key in 0..<600 as Range<UInt64> {
                try transaction.put(rows, key, noise(key % 50 == 0 ? 9_000 : 40, seed: key))
            }
        }
        try environment.write { transaction throws(StorageError) in
            for key in stride(from: 0, to: 600, by: 7) as StrideTo<UInt64> {
                try transaction.delete(rows, key)
            }
        }
        previous = try environment.dump(rows)
        try environment.put(rows, 1, noise(5_000, seed: 99))
        content = try environment.dump(rows)
        bytes = try readFile("\(fixture.path)/data.mdb")
    }

    enum Outcome { case refused, intact, changed }

    /// Opens damaged bytes, reads everything, and where `writes` writes a little.
    func outcome(of damaged: [UInt8], writes: Bool) throws -> Outcome {
        try writeFile(path, damaged)
        do throws(StorageError) {
            // Read-only, an open flushes nothing: thousands of them stay quick.
            let environment = try fixture.open(readOnly: !writes)
            let rows = try environment.table("rows", key: UInt64.self)
            let found = try environment.dump(rows)
            if writes { try environment.put(rows, 100_000, noise(9_000, seed: 1)) }
            return found == content || found == previous ? .intact : .changed
        } catch {
            switch error {
            case .corrupt, .versionMismatch, .unknownTable: return .refused
            default: throw error
            }
        }
    }
}

@Suite struct DamageTests {
    @Test func `refuses every truncation, at every page and between`() throws {
        let specimen = try Specimen()
        let pages = specimen.bytes.count / 4_096
        #expect(pages > 30)
        for page in 0..<pages {
            for surplus in [0, 2_048] where page * 4_096 + surplus > 0 {
                let cut = Array(specimen.bytes.prefix(page * 4_096 + surplus))
                let outcome = try specimen.outcome(of: cut, writes: true)
                // Only the free pages at the very end may be missing.
                if outcome != .refused {
                    #expect(outcome == .intact)
                    #expect(page > pages - 8)
                }
            }
        }
        #expect(try specimen.outcome(of: specimen.bytes, writes: true) == .intact)
    }

    @Test func `never believes a flipped bit of a meta page`() throws {
        var generator = SeededGenerator(seed: testSeed())
        let specimen = try Specimen()
        var refused = 0
        for page in 0..<2 {
            for half in 0..<152 * 2 {
                let bit = 4 * half + Int.random(in: 0..<4, using: &generator)
                var damaged = specimen.bytes
                damaged[page * 4_096 + bit / 8] ^= 1 << (bit % 8)
                switch try specimen.outcome(of: damaged, writes: half % 16 == 0) {
                case .refused: refused += 1
                case .intact: break
                case .changed: Issue.record("meta page \(page), bit \(bit)")
                }
            }
        }
        // The address, the map's size and three header fields (28 bytes) mean nothing at open, and
        // a page that is one commit old is checked less than the current one.
        #expect(refused > 250)
    }

    @Test func `names the damage of any page, or reads on, but never ends the process`() throws {
        var generator = SeededGenerator(seed: testSeed())
        let specimen = try Specimen()
        var refused = 0
        for round in 0..<300 {
            var damaged = specimen.bytes
            let page = Int.random(in: 2..<damaged.count / 4_096, using: &generator)
            // Half of the flips hit the header and the node offsets.
            let span = Bool.random(using: &generator) ? 64 : 4_096
            let offset = page * 4_096 + Int.random(in: 0..<span, using: &generator)
            damaged[offset] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            if try specimen.outcome(of: damaged, writes: round % 8 == 0) == .refused {
                refused += 1
            }
        }
        #expect(refused > 10)
        for round in 0..<75 {
            var damaged = specimen.bytes
            let pages = damaged.count / 4_096
            let target = Int.random(in: 0..<pages, using: &generator) * 4_096
            let source = Int.random(in: 0..<pages, using: &generator) * 4_096
            let stray = Array(damaged[source..<source + 4_096])
            let zeros = [UInt8](repeating: 0, count: 4_096)
            damaged.replaceSubrange(
                target..<target + 4_096,
                with: Bool.random(using: &generator) ? stray : zeros
            )
            _ = try specimen.outcome(of: damaged, writes: round % 8 == 0)
        }
    }

    @Test func `refuses files that LMDB did not write`() throws {
        let fixture = Fixture()
        #expect(mkdir(fixture.path, 0o755) == 0)
        for bytes in [[1], noise(8_192, seed: 3), [UInt8](repeating: 0, count: 16_384)] {
            try writeFile("\(fixture.path)/data.mdb", bytes)
            let error = #expect(throws: StorageError.self) { try fixture.open() }
            guard case .corrupt = error else {
                Issue.record("unexpected \(String(describing: error))")
                continue
            }
        }
    }
}
