import PalateModel
import PalateTaste
import TestKit
import Testing

/// Milliseconds since 1970 of "now" in these tests.
let testNow: Int64 = 1_700_000_000_000
/// Milliseconds of one day.
let day: Int64 = 86_400_000

/// Unit vectors by item id, and their cosines in the shape the graph asks for.
struct Vectors {
    let values: ClusteredVectors
    let norms: [Float]

    init(_ values: ClusteredVectors) {
        self.values = values
        norms = (0..<values.count).map { row in
            values[row].reduce(0) { $0 + $1 * $1 }.squareRoot()
        }
    }

    func cosine(_ left: ItemID, _ right: ItemID) -> Float {
        let product = zip(values[Int(left)], values[Int(right)]).reduce(Float(0)) {
            $0 + $1.0 * $1.1
        }
        return product / (norms[Int(left)] * norms[Int(right)])
    }

    /// Row-major unit rows.
    var units: [Float] {
        (0..<values.count).flatMap { row in values[row].map { $0 / norms[row] } }
    }

    var similarity: SimilarityList {
        { item, others, similarities in
            guard Int(item) < values.count else { return false }
            similarities = others.map { cosine(item, $0) }
            return true
        }
    }
}

/// Nobody has a vector.
func noVectors(_ item: ItemID, _ others: [ItemID], _ similarities: inout [Float]) -> Bool {
    false
}

/// The record of somebody who must have one; `#require` cannot hold a graph, which has no copies.
func requiredRecord(_ graph: borrowing TasteGraph, _ user: UserID) throws -> UserRecord {
    let record = graph.record(of: user)
    return try #require(record)
}

/// Events of `users` people with `items` items over `days` days before `testNow`.
func randomEvents(
    _ count: Int,
    users: Int,
    items: Int,
    days: Int64 = 100,
    types: [EventType] = EventType.allCases,
    using generator: inout SeededGenerator
) -> [Event] {
    (0..<count).map { _ in
        Event(
            user: UInt64.random(in: 0..<UInt64(users), using: &generator),
            item: UInt64.random(in: 0..<UInt64(items), using: &generator),
            type: types[Int.random(in: 0..<types.count, using: &generator)],
            timeMilliseconds: testNow - Int64.random(in: 0..<days * day, using: &generator)
        )
    }
}

/// Whether two numbers agree to `tolerance`, relative above 1.
func agree(_ left: Float, _ right: Float, _ tolerance: Float = 1e-4) -> Bool {
    abs(left - right) <= tolerance * max(1, abs(left), abs(right))
}

/// The record of somebody who saved `items` at `testNow`, through its stored form: quicker in a
/// debug build than an event each.
func recordOfSaves(_ items: [ItemID]) throws -> UserRecord {
    var writer = ByteWriter()
    writer.write(UInt32(UserRecord.formatVersion))
    writer.write(UInt32(items.count))
    for item in items.sorted() {
        writer.write(item)
        writer.write(testNow)
        writer.write(Float(1))
        writer.write(Float(0))
        writer.write(Signal.unclustered)
        writer.write(UInt16(EventType.save.rawValue))
    }
    return try UserRecord(bytes: writer.bytes.span.bytes)
}
