import Glibc
import PalateGraph
import PalateModel
import TestKit
import Testing

@Suite(.serialized) struct SearchAllocationTests {
    @Test(arguments: [false, true])
    func `keeps no byte of the heap per query after warming up`(isGated: Bool) throws {
        let fixture = try Fixture(count: 1_000, seed: testSeed())
        fixture.linkAll()
        if isGated {
            for row in stride(from: 0, to: 1_000, by: 3) { _ = fixture.graph.delete(Ordinal(row)) }
        }
        let scorers = fixture.queries.map { FloatScorer(fixture.rows, $0) }
        let heap = try #require(HeapReport())
        var scratch = SearchScratch()
        for scorer in scorers { fixture.graph.search(scorer, beamWidth: 50, scratch: &scratch) }
        // Other suites allocate meanwhile: one quiet round in many proves that searches do not.
        var isQuiet = false
        for _ in 0..<2_000 where !isQuiet {
            heap.take()
            for scorer in scorers.prefix(5) {
                fixture.graph.search(scorer, beamWidth: 50, scratch: &scratch)
            }
            isQuiet = heap.takeIsUnchanged()
        }
        #expect(isQuiet)
    }
}

/// glibc's own account of all arenas, written to fixed memory.
private final class HeapReport {
    private typealias MallocInfo = @convention(c) (CInt, UnsafeMutablePointer<FILE>) -> CInt
    private static let byteCount = 1 << 20

    private let report: MallocInfo
    private let before = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 16)
    private let after = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 16)
    private let beforeFile: UnsafeMutablePointer<FILE>
    private let afterFile: UnsafeMutablePointer<FILE>

    init?() {
        guard let symbol = dlsym(nil, "malloc_info"),
            let beforeFile = fmemopen(before, Self.byteCount, "w"),
            let afterFile = fmemopen(after, Self.byteCount, "w")
        else { return nil }
        report = unsafeBitCast(symbol, to: MallocInfo.self)
        self.beforeFile = beforeFile
        self.afterFile = afterFile
        // The first write allocates the stream's buffer.
        write(to: beforeFile)
        write(to: afterFile)
    }

    func take() { write(to: beforeFile) }

    func takeIsUnchanged() -> Bool {
        write(to: afterFile)
        return strcmp(
            before.assumingMemoryBound(to: CChar.self),
            after.assumingMemoryBound(to: CChar.self)
        ) == 0
    }

    private func write(to file: UnsafeMutablePointer<FILE>) {
        rewind(file)
        _ = report(0, file)
        fputc(0, file)
        fflush(file)
    }

    deinit {
        fclose(beforeFile)
        fclose(afterFile)
        before.deallocate()
        after.deallocate()
    }
}
