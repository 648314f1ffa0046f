import Glibc
import PalateAccess

/// A loader's lasting id, from what it loads: the same files, unchanged, give the same number.
struct LoadIdentity {
    /// FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv.
    private(set) var number: UInt64 = 0xcbf2_9ce4_8422_2325

    /// A load of `rowsPerFrame` rows per frame: with other frames a sequence would mean other rows.
    init(_ collection: String, rowsPerFrame: Int) {
        add(text: collection)
        add(text: "\(rowsPerFrame)")
    }

    /// Adds a file's place, size and time of change; nil is no file.
    mutating func add(_ path: String?) throws {
        guard let path else { return add(text: "") }
        guard let resolved = realpath(path, nil), let facts = FileStamp(path) else {
            throw CommandFailure("\(path): \(String(cString: strerror(errno)))")
        }
        defer { free(resolved) }
        add(text: String(cString: resolved))
        add(text: "\(facts.byteCount) \(facts.seconds) \(facts.nanoseconds)")
    }

    private mutating func add(text: String) {
        // A zero behind each text: "ab" and "c" are not "a" and "bc".
        for byte in Array(text.utf8) + [0] {
            number = (number ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
        }
    }
}
