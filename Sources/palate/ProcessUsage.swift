import Glibc

/// Bytes of this process in physical memory; 0 where that cannot be read.
func residentBytes() -> Int { memoryPages().map { $0.resident * pageBytes } ?? 0 }

/// Those of them that are no pages of files; 0 where that cannot be read.
func anonymousBytes() -> Int { memoryPages().map { ($0.resident - $0.shared) * pageBytes } ?? 0 }

private var pageBytes: Int { sysconf(Int32(_SC_PAGESIZE)) }

/// The second and third number of `/proc/self/statm`.
private func memoryPages() -> (resident: Int, shared: Int)? {
    guard let file = fopen("/proc/self/statm", "r") else { return nil }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 256)
    guard fgets(&buffer, Int32(buffer.count), file) != nil else { return nil }
    let text = String(
        decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)),
        as: UTF8.self
    )
    let fields = text.split(separator: " ").compactMap { Int($0) }
    return fields.count > 2 ? (fields[1], fields[2]) : nil
}

/// Seconds of processor time that all threads of this process took.
func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
