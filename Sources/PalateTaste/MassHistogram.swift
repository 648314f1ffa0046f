/// Counts positive floats by size, to find a threshold in two linear passes without sorting.
///
/// A bucket is the exponent and the first 3 bits of the significand: 12 % wide.
struct MassHistogram: Sendable {
    private var counts: [UInt32] = []

    /// Buckets of all non-negative floats.
    static let bucketCount = 1 << 11

    /// The bucket of a value of 0 or above; larger values have larger buckets.
    static func bucket(of value: Float) -> Int { Int(value.bitPattern >> 20) % bucketCount }

    /// The least value of a bucket.
    static func lowest(of bucket: Int) -> Float { Float(bitPattern: UInt32(bucket) << 20) }

    /// Starts over in the same buffer.
    mutating func reset() {
        counts.removeAll(keepingCapacity: true)
        counts.append(contentsOf: repeatElement(0, count: Self.bucketCount))
    }

    /// Counts `value` as `weight` things.
    mutating func add(_ value: Float, weight: Int = 1) {
        counts[Self.bucket(of: value)] += UInt32(weight)
    }

    /// Starts over with `values`, each as one thing.
    mutating func count(_ values: Span<Float>) {
        reset()
        var counts = counts.mutableSpan
        for index in values.indices { counts[Self.bucket(of: values[index])] += 1 }
    }

    /// The largest bucket such that it and all above hold more than `limit`; 0 when nothing does.
    func floor(limit: Int) -> Int {
        var total = 0
        for bucket in counts.indices.reversed() {
            total += Int(counts[bucket])
            if total > limit { return bucket }
        }
        return 0
    }
}
