/// Sorts keys whose upper halves say nearly all of their order: distances or rows, see
/// `CandidateKey` and `OffersBack`.
package struct KeySort: Sendable {
    /// The digits that upper halves are sorted by: two of 11 bits.
    private static let digitBits = 11
    private static let digits = 1 << digitBits

    /// Shape [>= count]: where a pass writes.
    private var spare: [UInt64] = []
    /// Shape [2 * digits]: keys of each digit, then where its next key goes.
    private var places = [Int32](repeating: 0, count: 2 * digits)

    /// Nothing sorted yet.
    package init() {}

    /// Sorts the first `count` keys.
    ///
    /// Radix sort by the leading 22 bits in which upper halves differ, then by insertion for the
    /// rest, which hardly ever moves anything.
    package mutating func sort(_ keys: inout [UInt64], count: Int) {
        guard count > 1 else { return }
        if spare.count < keys.count { spare = keys }
        let digit = Self.digit(of: keys, count, passes: 2)
        Self.tally(keys, count, digit, &places)
        Self.pass(keys, count, digit, &places, into: &spare)
        let second = Digit(base: digit.base, shift: digit.shift + Self.digitBits)
        Self.pass(spare, count, second, &places, second: true, into: &keys)
        Self.finish(&keys, count)
    }

    /// Moves keys among which are the `limit` least to the front, in their order.
    ///
    /// - Returns: how many they are: `limit`, and what shares the last one's leading 11 bits.
    package mutating func moveLeast(_ limit: Int, of keys: inout [UInt64], count: Int) -> Int {
        guard limit < count else { return count }
        let digit = Self.digit(of: keys, count, passes: 1)
        var keys = keys.mutableSpan
        var places = places.mutableSpan
        for place in 0..<Self.digits { places[place] = 0 }
        for position in 0..<count { places[digit.place(of: keys[position])] &+= 1 }
        var (last, below) = (0, Int(places[0]))
        while below < limit {
            last += 1
            below += Int(places[last])
        }
        var kept = 0
        for position in 0..<count {
            let key = keys[position]
            keys[kept] = key
            kept += digit.place(of: key) <= last ? 1 : 0
        }
        return kept
    }

    /// Which bits of an upper half are a digit.
    private struct Digit {
        /// The least upper half.
        let base: UInt64
        /// Bits of the difference to it that are below the digit.
        let shift: Int

        @inline(__always)
        func place(of key: UInt64) -> Int {
            Int(truncatingIfNeeded: (key >> 32 &- base) &>> UInt64(shift)) & (KeySort.digits - 1)
        }
    }

    /// The lower of so many digits that lead the differences between upper halves.
    private static func digit(of keys: [UInt64], _ count: Int, passes: Int) -> Digit {
        var (least, most) = (UInt64.max, UInt64.min)
        for position in 0..<count {
            least = min(least, keys[position])
            most = max(most, keys[position])
        }
        let (base, range) = (least >> 32, most >> 32 - least >> 32)
        let rangeBits = UInt64.bitWidth - range.leadingZeroBitCount
        return Digit(base: base, shift: max(0, rangeBits - passes * digitBits))
    }

    /// Counts the keys of each digit of both passes, and adds up.
    private static func tally(
        _ keys: [UInt64],
        _ count: Int,
        _ digit: Digit,
        _ places: inout [Int32]
    ) {
        var places = places.mutableSpan
        for place in 0..<(2 * digits) { places[place] = 0 }
        let second = Digit(base: digit.base, shift: digit.shift + digitBits)
        for position in 0..<count {
            places[digit.place(of: keys[position])] &+= 1
            places[digits + second.place(of: keys[position])] &+= 1
        }
        for first in [0, digits] {
            var sum: Int32 = 0
            for place in first..<(first + digits) {
                let here = places[place]
                places[place] = sum
                sum &+= here
            }
        }
    }

    private static func pass(
        _ source: [UInt64],
        _ count: Int,
        _ digit: Digit,
        _ places: inout [Int32],
        second: Bool = false,
        into target: inout [UInt64]
    ) {
        var places = places.mutableSpan
        var target = target.mutableSpan
        let first = second ? digits : 0
        for position in 0..<count {
            let key = source[position]
            let place = first + digit.place(of: key)
            target[Int(places[place])] = key
            places[place] &+= 1
        }
    }

    private static func finish(_ keys: inout [UInt64], _ count: Int) {
        var keys = keys.mutableSpan
        for position in 1..<count {
            let key = keys[position]
            var place = position
            while place > 0, keys[place - 1] > key {
                keys[place] = keys[place - 1]
                place -= 1
            }
            keys[place] = key
        }
    }
}
