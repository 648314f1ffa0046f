import Synchronization

/// How long things took: counts by bucket, added to from any thread without a lock.
package final class LatencyHistogram: Sendable {
    /// Upper bounds in microseconds; beyond the last is one bucket more.
    package static let bounds: [UInt32] = [
        10, 20, 50, 100, 200, 300, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000, 20_000,
        50_000, 100_000, 500_000, 1_000_000, 10_000_000,
    ]

    private let counts = InlineArray<21, Atomic<UInt64>> { _ in Atomic(0) }
    private let sum = Atomic<UInt64>(0)

    /// Nothing was added.
    package init() {}

    /// Adds one.
    package func add(_ duration: Duration) { add(duration.frameMicroseconds) }

    /// Adds one, of so many microseconds.
    func add(_ microseconds: UInt32) {
        var bucket = 0
        while bucket < Self.bounds.count, microseconds > Self.bounds[bucket] { bucket += 1 }
        counts[bucket].wrappingAdd(1, ordering: .relaxed)
        sum.wrappingAdd(UInt64(microseconds), ordering: .relaxed)
    }

    /// What was added so far.
    package var reading: Reading {
        var reading = Reading()
        for bucket in 0...Self.bounds.count {
            reading.counts.append(counts[bucket].load(ordering: .relaxed))
        }
        reading.sumMicroseconds = sum.load(ordering: .relaxed)
        return reading
    }

    /// A histogram at one moment.
    package struct Reading: Sendable {
        /// By bucket, shape [bounds + 1].
        package var counts: [UInt64] = []
        /// Of all.
        package var sumMicroseconds: UInt64 = 0
        /// All of them.
        package var count: UInt64 { counts.reduce(0, +) }
    }
}
