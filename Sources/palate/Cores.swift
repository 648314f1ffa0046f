import Glibc
import NIOCore

/// Cores that this process may use: by the mask of its affinity (`taskset`, cpusets), and by the
/// quota of its container.
func availableCores() -> Int {
    let quota = System.coreCount
    guard let mask = statusLine("Cpus_allowed:") else { return quota }
    // Hexadecimal words with commas: `ff,ffffffff`.
    let words = mask.split(separator: ",").compactMap { UInt32($0, radix: 16) }
    let allowed = words.reduce(0) { $0 + $1.nonzeroBitCount }
    return allowed > 0 ? min(allowed, quota) : quota
}

/// What `/proc/self/status` says behind a name.
private func statusLine(_ name: String) -> Substring? {
    guard let file = fopen("/proc/self/status", "r") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 14)
    let count = fread(&bytes, 1, bytes.count, file)
    let lines = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
    let words = lines.map { $0.split(whereSeparator: \.isWhitespace) }
    return words.first { $0.count == 2 && $0[0] == name }?[1]
}
