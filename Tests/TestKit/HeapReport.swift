import Glibc

/// glibc's own account of all arenas, written to fixed memory.
package final class HeapReport {
    private typealias MallocInfo = @convention(c) (CInt, UnsafeMutablePointer<FILE>) -> CInt
    private static let byteCount = 1 << 20

    private let report: MallocInfo
    private let before = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 16)
    private let after = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 16)
    private let beforeFile: UnsafeMutablePointer<FILE>
    private let afterFile: UnsafeMutablePointer<FILE>

    /// Nil where this C library has no `malloc_info`.
    package init?() {
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

    /// Takes the account to compare with.
    package func take() { write(to: beforeFile) }

    /// Whether the account is still the same.
    package func takeIsUnchanged() -> Bool {
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
