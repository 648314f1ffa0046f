/// What a search scored and its beam had no room for, in the order in which it came.
///
/// A key is a distance in its upper half, in the order of integers, and a row: `CandidateKey`. Kept
/// beside the beam and sorted once: one sorted array of 800 for all that an insertion scores took
/// 29 % of a build of fashion-mnist, a beam of 100 and this take 10 %.
package struct RememberedKeys: Sendable {
    /// The digits that a key's distance is sorted by: two of 11 bits.
    private static let digitBits = 11
    private static let digits = 1 << digitBits

    /// Shape [>= count].
    private var keys: [UInt64] = []
    /// As `keys`: where a pass of sorting writes.
    private var spare: [UInt64] = []
    /// Shape [2 * digits]: keys of each digit, then where its next key goes.
    private var places = [Int32](repeating: 0, count: 2 * digits)
    /// Keys held.
    package private(set) var count = 0

    /// None.
    package init() {}

    /// Forgets all keys.
    package mutating func removeAll() { count = 0 }

    /// Makes room for `more` keys.
    package mutating func reserve(_ more: Int) {
        while keys.count < count + more { keys.append(contentsOf: repeatElement(0, count: 1_024)) }
    }

    /// Adds a key for which there is room.
    @inline(__always)
    package mutating func append(_ key: UInt64) {
        keys[count] = key
        count += 1
    }

    /// The key at `position`.
    package subscript(position: Int) -> UInt64 { keys[position] }

    /// Sorts by distance; of equals, the one that came first is first.
    ///
    /// Radix sort by the leading 22 bits in which distances differ, then by insertion for the rest,
    /// which hardly ever moves anything.
    package mutating func sort() {
        guard count > 1 else { return }
        var (least, most) = (UInt64.max, UInt64.min)
        for position in 0..<count {
            least = min(least, keys[position])
            most = max(most, keys[position])
        }
        let (base, range) = (least >> 32, most >> 32 - least >> 32)
        let rangeBits = UInt64.bitWidth - range.leadingZeroBitCount
        let shift = UInt64(max(0, rangeBits - 2 * Self.digitBits))
        if spare.count < keys.count { spare = keys }
        Self.tally(keys, count, base, shift, &places)
        Self.pass(keys, count, base, shift, &places, into: &spare)
        let next = shift + UInt64(Self.digitBits)
        Self.pass(spare, count, base, next, &places, second: true, into: &keys)
        Self.finish(&keys, count)
    }

    /// Counts the keys of each digit of both passes, and adds up.
    private static func tally(
        _ keys: [UInt64],
        _ count: Int,
        _ base: UInt64,
        _ shift: UInt64,
        _ places: inout [Int32]
    ) {
        var places = places.mutableSpan
        for digit in 0..<(2 * digits) { places[digit] = 0 }
        let mask = UInt64(digits - 1)
        for position in 0..<count {
            let value = (keys[position] >> 32 - base) >> shift
            places[Int(value & mask)] &+= 1
            places[digits + Int(value >> UInt64(digitBits) & mask)] &+= 1
        }
        for first in [0, digits] {
            var sum: Int32 = 0
            for digit in first..<(first + digits) {
                let here = places[digit]
                places[digit] = sum
                sum &+= here
            }
        }
    }

    private static func pass(
        _ source: [UInt64],
        _ count: Int,
        _ base: UInt64,
        _ shift: UInt64,
        _ places: inout [Int32],
        second: Bool = false,
        into target: inout [UInt64]
    ) {
        var places = places.mutableSpan
        var target = target.mutableSpan
        let first = second ? digits : 0
        for position in 0..<count {
            let key = source[position]
            let place = first + Int((key >> 32 - base) >> shift & UInt64(digits - 1))
            target[Int(places[place])] = key
            places[place] &+= 1
        }
    }

    private static func finish(_ keys: inout [UInt64], _ count: Int) {
        var keys = keys.mutableSpan
        for position in 1..<count {
            let key = keys[position]
            var place = position
            while place > 0, keys[place - 1] >> 32 > key >> 32 {
                keys[place] = keys[place - 1]
                place -= 1
            }
            keys[place] = key
        }
    }
}
