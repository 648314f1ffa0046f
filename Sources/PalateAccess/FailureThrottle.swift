import Glibc
import PalateModel

/// How long an address waits that fails again and again: guessing is slow, one slip is free.
///
/// With four free ones, the fifth failure within ten minutes makes the address wait a second, each
/// further one twice as long, up to a minute; a success ends it. IPv6 counts by /64, which is what
/// one customer has.
final class FailureThrottle: Sendable {
    /// Addresses remembered; beyond, the quarter that failed longest ago is forgotten.
    static let addressesMax = 65_536
    private static let memoryMilliseconds: Int64 = 600_000
    private static let firstWaitMilliseconds: Int64 = 1_000
    private static let longestWaitMilliseconds: Int64 = 60_000

    private struct Failures {
        var count = 0
        var newest: Int64 = 0
        var until: Int64 = 0
    }

    /// Failures that cost nothing.
    let freeFailures: Int
    private let failures = ReadWriteLock<[String: Failures]>([:])

    init(freeFailures: Int) { self.freeFailures = freeFailures }

    /// How long the address has to wait; nil = it may try.
    func wait(_ address: String, now: Int64) -> Int? {
        let until = failures.withReadLock { $0[Self.key(address)]?.until ?? 0 }
        return until > now ? Int(until - now) : nil
    }

    /// Notes what became of a try.
    func note(_ address: String, isGood: Bool, now: Int64) {
        let key = Self.key(address)
        failures.withWriteLock { failures in
            guard !isGood else {
                failures.removeValue(forKey: key)
                return
            }
            if failures.count >= Self.addressesMax, failures[key] == nil { Self.forget(&failures) }
            var entry = failures[key] ?? Failures()
            if now - entry.newest > Self.memoryMilliseconds { entry = Failures() }
            entry.count += 1
            entry.newest = now
            let further = entry.count - freeFailures - 1
            if further >= 0 {
                let wait = Self.firstWaitMilliseconds << Int64(min(further, 6))
                entry.until = now + min(wait, Self.longestWaitMilliseconds)
            }
            failures[key] = entry
        }
    }

    private static func forget(_ failures: inout [String: Failures]) {
        let oldest = failures.sorted { $0.value.newest < $1.value.newest }
        for entry in oldest.prefix(addressesMax / 4) { failures.removeValue(forKey: entry.key) }
    }

    /// The address, or the network of 64 bits that an IPv6 address is in.
    private static func key(_ address: String) -> String {
        var bytes = in6_addr()
        guard address.contains(":"), inet_pton(AF_INET6, address, &bytes) == 1 else {
            return address
        }
        return withUnsafeBytes(of: bytes) { APIKey.hexadecimal($0.prefix(8)) }
    }
}
