import Glibc

/// What the kernel says of this process.
package struct ProcessFigures {
    /// Bytes in memory.
    var residentBytes = 0
    /// Files and sockets that are open.
    var openDescriptors = 0
    /// Files and sockets that may be open.
    var descriptorsMax = 0
    /// Seconds of processor time, of all threads.
    var processorSeconds = 0.0
    /// Threads.
    var threads = 0

    /// As it is now.
    init() {
        for line in Self.lines("/proc/self/status") {
            let parts = line.split(whereSeparator: \.isWhitespace)
            guard parts.count > 1 else { continue }
            if parts[0] == "VmRSS:" { residentBytes = (Int(parts[1]) ?? 0) * 1_024 }
            if parts[0] == "Threads:" { threads = Int(parts[1]) ?? 0 }
        }
        var usage = rusage()
        if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            processorSeconds = [usage.ru_utime, usage.ru_stime].reduce(0) {
                $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6
            }
        }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            descriptorsMax = Int(clamping: limit.rlim_cur)
        }
        if let folder = opendir("/proc/self/fd") {
            while readdir(folder) != nil { openDescriptors += 1 }
            closedir(folder)
            // The folder itself, its own descriptor, and the one above.
            openDescriptors -= 3
        }
    }

    /// Cores that it may run on, by the mask of its affinity; 0 where that cannot be read.
    package static var allowedCores: Int {
        for line in lines("/proc/self/status") {
            let parts = line.split(whereSeparator: \.isWhitespace)
            guard parts.count == 2, parts[0] == "Cpus_allowed:" else { continue }
            // Hexadecimal words with commas: `ff,ffffffff`.
            let words = parts[1].split(separator: ",").compactMap { UInt32($0, radix: 16) }
            return words.reduce(0) { $0 + $1.nonzeroBitCount }
        }
        return 0
    }

    private static func lines(_ path: String) -> [Substring] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
    }
}
