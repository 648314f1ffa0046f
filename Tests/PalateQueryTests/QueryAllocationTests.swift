import Glibc
import PalateIndex
import PalateModel
import PalateQuery
import TestKit
import Testing

/// The heap under plain queries.
@Suite(.serialized) struct QueryAllocationTests {
    @Test(arguments: ["float32", "sq8"])
    func `a plain query keeps no byte of the heap after warming up`(quantizer: String) throws {
        let fixture = try QueryFixture(count: 500, quantizer: quantizer)
        let requests = (0..<10).map { fixture.request([$0], k: 10) }
        for request in requests { _ = try fixture.answer(request) }
        let heap = try #require(HeapReport())
        // Other suites allocate meanwhile: one quiet round in many proves that queries do not.
        var isQuiet = false
        for _ in 0..<2_000 where !isQuiet {
            heap.take()
            for request in requests { _ = try fixture.answer(request) }
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
    private let texts: [UnsafeMutablePointer<CChar>]
    private let files: [UnsafeMutablePointer<FILE>]

    init?() {
        guard let symbol = dlsym(nil, "malloc_info") else { return nil }
        report = unsafeBitCast(symbol, to: MallocInfo.self)
        texts = (0..<2).map { _ in .allocate(capacity: Self.byteCount) }
        files = texts.compactMap { fmemopen($0, Self.byteCount, "w") }
        guard files.count == 2 else { return nil }
        // The first write allocates the stream's buffer.
        for index in 0..<2 { write(index) }
    }

    func take() { write(0) }

    func takeIsUnchanged() -> Bool {
        write(1)
        return strcmp(texts[0], texts[1]) == 0
    }

    private func write(_ index: Int) {
        rewind(files[index])
        _ = report(0, files[index])
        fputc(0, files[index])
        fflush(files[index])
    }

    deinit {
        for file in files { fclose(file) }
        for text in texts { text.deallocate() }
    }
}
