import PalateModel
import TestKit

/// Float vectors behind a fixed address, written row by row while others read.
///
/// Nothing orders a row's write before its reads but the graph's own publication: what the
/// ThreadSanitizer run is about.
final class FloatRows: @unchecked Sendable {
    let dimensions: Int
    let capacity: Int
    private let base: UnsafeMutablePointer<Float>

    init(capacity: Int, dimensions: Int) {
        self.dimensions = dimensions
        self.capacity = capacity
        base = .allocate(capacity: capacity * dimensions)
    }

    deinit { base.deallocate() }

    convenience init(_ vectors: ClusteredVectors) {
        self.init(capacity: vectors.count, dimensions: vectors.dimensions)
        for row in 0..<vectors.count { store(vectors[row], at: row) }
    }

    func store(_ vector: some Collection<Float>, at row: Int) {
        for (column, value) in vector.enumerated() {
            (base + row * dimensions + column).initialize(to: value)
        }
    }

    subscript(row: Ordinal) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(start: base + Int(row) * dimensions, count: dimensions)
    }

    func distance(_ left: UnsafeBufferPointer<Float>, _ right: UnsafeBufferPointer<Float>) -> Float
    {
        var sum: Float = 0
        for column in 0..<dimensions {
            let difference = left[column] - right[column]
            sum += difference * difference
        }
        return sum
    }
}
