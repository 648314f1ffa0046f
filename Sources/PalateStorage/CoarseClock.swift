import Glibc

/// The monotonic clock as the kernel's last tick left it: 1 to 4 ms behind, and 5 ns to read.
enum CoarseClock {
    /// Milliseconds since the machine started.
    static var milliseconds: UInt64 {
        let now = read(CLOCK_MONOTONIC_COARSE)
        return UInt64(now.tv_sec) * 1_000 + UInt64(now.tv_nsec) / 1_000_000
    }

    /// The moment after `duration` from now, as the monotonic clock counts.
    static func deadline(in duration: Duration) -> timespec {
        let now = read(CLOCK_MONOTONIC)
        let (seconds, attoseconds) = duration.components
        let nanoseconds = now.tv_nsec + Int(attoseconds / 1_000_000_000)
        return timespec(
            tv_sec: now.tv_sec + Int(seconds) + nanoseconds / 1_000_000_000,
            tv_nsec: nanoseconds % 1_000_000_000
        )
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var now = timespec()
        // SAFETY: the struct is ours.
        unsafe clock_gettime(clock, &now)
        return now
    }
}
