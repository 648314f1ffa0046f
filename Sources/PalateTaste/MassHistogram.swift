/// Counts positive floats by size, to find a threshold in two linear passes without sorting.
///
/// A bucket is the exponent and the first 3 bits of the significand: 12 % wide.
struct MassHistogram: Sendable {
    private var counts: [Int] = []

    /// Buckets of all non-negative floats.
    static let bucketCount = 1 << 11

    /// The bucket of a value of 0 or above; larger values have larger buckets.
    static func bucket(of value: Float) -> Int { Int(value.bitPattern >> 20) % bucketCount }

    /// Starts over in the same buffer.
    mutating func reset() {
        counts.removeAll(keepingCapacity: true)
        counts.append(contentsOf: repeatElement(0, count: Self.bucketCount))
    }

    /// Counts `value` as `weight` things.
    mutating func add(_ value: Float, weight: Int = 1) {
        counts[Self.bucket(of: value)] += weight
    }

    /// The largest bucket such that it and all above hold more than `limit`; 0 when nothing does.
    func floor(limit: Int) -> Int {
        var total = 0
        for bucket in counts.indices.reversed() {
            total += counts[bucket]
            if total > limit { return bucket }
        }
        return 0
    }
}
