import Glibc

/// Spreads bytes evenly over time by sleeping after each portion.
package struct Pace: Sendable {
    /// Bytes a second that a backup takes unless told otherwise: a tenth of what an NVMe disk
    /// reads, so that queries keep the rest.
    package static let usualBytesPerSecond = 200_000_000
    /// The slowest: a portion of 1 MiB then takes a second, and stopping is noticed in that time.
    package static let rates = 1_000_000...1_000_000_000_000

    private let bytesPerSecond: Int
    private let started = ContinuousClock.now
    private var bytes = 0

    /// Starts the clock.
    package init(bytesPerSecond: Int) {
        self.bytesPerSecond = min(max(bytesPerSecond, Self.rates.lowerBound), Self.rates.upperBound)
    }

    /// Counts bytes that have passed, and sleeps until they are within the rate.
    package mutating func pass(_ byteCount: Int) {
        bytes += byteCount
        let due = Duration.seconds(Double(bytes) / Double(bytesPerSecond))
        let early = due - (ContinuousClock.now - started)
        guard early > .zero else { return }
        usleep(
            UInt32(
                clamping: early.components.seconds * 1_000_000
                    + early.components.attoseconds / 1_000_000_000_000
            )
        )
    }
}
