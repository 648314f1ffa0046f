/// What a search scored and its beam had no room for.
///
/// A key is a distance in its upper half, in the order of integers, and a row: `CandidateKey`. Kept
/// beside the beam and sorted once: one sorted array of 800 for all that an insertion scores took
/// 29 % of a build of fashion-mnist, a beam of 100 and this take 10 %.
package struct RememberedKeys: Sendable {
    /// Shape [>= count].
    private var keys: [UInt64] = []
    private var order = KeySort()
    /// Keys held.
    package private(set) var count = 0

    /// None.
    package init() {}

    /// Forgets all keys.
    package mutating func removeAll() { count = 0 }

    /// Lets `body` write up to `more` keys behind those held, and say how many they are then.
    package mutating func withRoom<Result>(
        _ more: Int,
        _ body: (_ keys: inout MutableSpan<UInt64>, _ count: inout Int) -> Result
    ) -> Result {
        while keys.count < count + more { keys.append(contentsOf: repeatElement(0, count: 1_024)) }
        return Self.write(&keys, &count, body)
    }

    // A span of one field and another field are overlapping accesses; two parameters are not.
    private static func write<Result>(
        _ keys: inout [UInt64],
        _ count: inout Int,
        _ body: (_ keys: inout MutableSpan<UInt64>, _ count: inout Int) -> Result
    ) -> Result {
        var room = keys.mutableSpan
        return body(&room, &count)
    }

    /// The key at `position`.
    package subscript(position: Int) -> UInt64 { keys[position] }

    /// Sorts the nearest `limit`; keys that are farther than these may be forgotten.
    package mutating func sort(nearest limit: Int = .max) {
        count = order.moveLeast(max(0, limit), of: &keys, count: count)
        order.sort(&keys, count: count)
    }
}
