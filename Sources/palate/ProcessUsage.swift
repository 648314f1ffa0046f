import Glibc

/// Bytes of this process in physical memory (`/proc/self/statm`); 0 where that cannot be read.
func residentBytes() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 256)
    guard fgets(&buffer, Int32(buffer.count), file) != nil else { return 0 }
    let text = String(
        decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)),
        as: UTF8.self
    )
    let fields = text.split(separator: " ").compactMap { Int($0) }
    return fields.count > 1 ? fields[1] * sysconf(Int32(_SC_PAGESIZE)) : 0
}

/// Bytes of this process in physical memory that no file stands behind; 0 where unknown.
func anonymousBytes() -> Int {
    guard let file = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 256)
    while fgets(&buffer, Int32(buffer.count), file) != nil {
        let line = String(
            decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)),
            as: UTF8.self
        )
        guard line.hasPrefix("RssAnon:") else { continue }
        return 1_024
            * (line.split(whereSeparator: { !$0.isNumber }).compactMap { Int($0) }.first ?? 0)
    }
    return 0
}

/// Gives what the allocator holds and nobody uses back to the system.
func releaseFreeMemory() {
    // `malloc_trim`, which Swift's module of the C library does not show.
    guard let symbol = dlsym(nil, "malloc_trim") else { return }
    typealias Trim = @convention(c) (Int) -> Int32
    _ = unsafeBitCast(symbol, to: Trim.self)(0)
}

/// Seconds of processor time that all threads of this process took.
func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
