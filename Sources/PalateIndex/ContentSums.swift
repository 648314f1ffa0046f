import PalateChecksum
import PalateModel
import PalateStorage

/// The checksums of what a row stands for, kept in its record.
///
/// A slot is used again and payloads are patched, so a page of an older commit holds a vector or a
/// payload that is sound, and of another row or another time. The record tells.
struct ContentSums: Equatable {
    /// Of the vector as its block has it.
    var vector: UInt32
    /// Of the payload's frame as its table has it; 0 without one.
    var payload: UInt32

    /// The checksum behind a vector in its block.
    static func vector(_ vector: Span<Float>, at slot: Ordinal) -> UInt32 {
        crc32c(vector.rawBytes, seed: slot)
    }

    /// The seal of a payload's frame.
    static func payload(_ frame: [UInt8]?, at slot: Ordinal) -> UInt32 {
        frame.map { Sealed.checksum($0.span.rawBytes, key: Format.key(slot)) } ?? 0
    }
}

extension RowRecord {
    /// - Throws: where a vector is not the one the row was written with.
    func check(_ vector: Span<Float>, at slot: Ordinal) throws(IndexError) {
        guard let sums, ContentSums.vector(vector, at: slot) != sums.vector else { return }
        throw .corrupt(
            place: "vector of " + Sealed.place("rows", Format.key(slot)),
            reason: "an older one"
        )
    }

    /// - Throws: where a sealed payload is not the one the row was written with.
    func check(sealedPayload value: RawSpan, at slot: Ordinal) throws(IndexError) {
        guard let sums else { return }
        let got = Sealed.word(value, at: value.byteCount - Sealed.overhead)
        guard got != sums.payload else { return }
        throw .corrupt(
            place: Sealed.place("payloads", Format.key(slot)),
            reason: "checksum \(got), the row has \(sums.payload): an older one"
        )
    }
}
