import PalateModel

/// A scored row as one word, so that one integer comparison orders by distance and then by row.
///
/// From the top: 32 bits of distance in an order-preserving form, 31 of ordinal, 1 `checked`.
/// NaN sorts last (or first when its sign is set): a defective scorer gives bad results, no crash.
struct CandidateKey: Equatable, Comparable {
    /// The packed form.
    var bits: UInt64

    /// Later than every real candidate.
    static let last = CandidateKey(bits: .max)

    private static let checkedBit: UInt64 = 1

    init(bits: UInt64) { self.bits = bits }

    /// Packs an unchecked candidate.
    init(distance: Float, ordinal: Ordinal) {
        let raw = Int32(bitPattern: distance.bitPattern)
        // Negative floats order backwards as integers: turn their magnitude round, then lift all.
        let ordered = UInt32(bitPattern: raw ^ ((raw >> 31) & 0x7fff_ffff)) ^ 0x8000_0000
        bits = UInt64(ordered) << 32 | UInt64(ordinal) << 1
    }

    /// The row.
    var ordinal: Ordinal { Ordinal(truncatingIfNeeded: bits) >> 1 }

    /// The distance it was packed with, bit for bit.
    var distance: Float {
        let lowered = Int32(bitPattern: UInt32(truncatingIfNeeded: bits >> 32) ^ 0x8000_0000)
        return Float(bitPattern: UInt32(bitPattern: lowered ^ ((lowered >> 31) & 0x7fff_ffff)))
    }

    /// Whether its links have been followed.
    var isChecked: Bool { bits & Self.checkedBit != 0 }

    /// The same candidate, followed.
    var checked: CandidateKey { CandidateKey(bits: bits | Self.checkedBit) }

    static func < (left: CandidateKey, right: CandidateKey) -> Bool { left.bits < right.bits }
}
