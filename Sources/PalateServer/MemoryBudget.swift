import Glibc
import PalateModel
import PalateWire
import Synchronization

/// Refuses writes that add before the process is larger than it may be.
///
/// The resident set is read at most every 50 ms; what was accepted since counts on top, twice: a
/// row is here as it came and as codes, links and fields.
final class MemoryBudget: Sendable {
    private static let sampleNanoseconds: UInt64 = 50_000_000
    private static let bytesPerByteAccepted = 2

    private let resident = Atomic(0)
    private let accepted = Atomic(0)
    private let sampled = Atomic<UInt64>(0)

    /// Counts a write of so many bytes in, or refuses it.
    ///
    /// - Throws: `storageFull`, which deletes and reads are not answered with.
    func admit(_ byteCount: Int, max: Int) throws(RequestError) {
        guard max > 0 else { return }
        sampleIfStale()
        let added = (accepted.load(ordering: .relaxed) + byteCount) * Self.bytesPerByteAccepted
        let expected = resident.load(ordering: .relaxed) + added
        guard expected <= max else {
            throw .storageFull(
                reason: "\(expected) bytes of memory wanted, \(ServerLimit.memory.text(max))"
            )
        }
        accepted.wrappingAdd(byteCount, ordering: .relaxed)
    }

    private func sampleIfStale() {
        let now = monotonicNanoseconds()
        let last = sampled.load(ordering: .relaxed)
        // Another thread may have looked at the clock later and been here first.
        guard last == 0 || (now > last && now - last > Self.sampleNanoseconds) else { return }
        let won = sampled.compareExchange(expected: last, desired: now, ordering: .relaxed)
        guard won.exchanged else { return }
        accepted.store(0, ordering: .relaxed)
        resident.store(Self.residentBytes(), ordering: .relaxed)
    }

    /// The process's resident set: the second number of /proc/self/statm, in pages.
    static func residentBytes() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
        let text = String(
            decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)),
            as: UTF8.self
        )
        let numbers = text.split(separator: " ")
        guard numbers.count > 1, let pages = Int(numbers[1]) else { return 0 }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    private func monotonicNanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

extension Request {
    /// Whether the server is larger for it.
    var adds: Bool {
        switch self {
        case .upsert, .patch, .loadData, .events, .createCollection, .createGeneration: true
        default: false
        }
    }
}
