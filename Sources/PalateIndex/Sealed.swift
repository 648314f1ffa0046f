import PalateChecksum
import PalateModel

/// Checksummed values: the body, then the CRC32C of the key and the body.
///
/// LMDB 0.9 has no page checksums. Mixing the key in also tells a good value in the wrong place.
enum Sealed {
    /// Bytes a seal adds.
    static let overhead = 4

    /// The body with its checksum behind it.
    static func seal(_ body: [UInt8], key: [UInt8]) -> [UInt8] {
        var sealed = body
        let checksum = checksum(body.span.rawBytes, key: key)
        for shift in 0..<4 { sealed.append(UInt8(truncatingIfNeeded: checksum >> (8 * shift))) }
        return sealed
    }

    /// The checksum of a body under a key.
    static func checksum(_ body: RawSpan, key: [UInt8]) -> UInt32 {
        crc32c(body, seed: crc32c(key.span.rawBytes))
    }

    /// The body inside `value`.
    ///
    /// - Throws: `corrupt` naming `table` and `key`.
    @_lifetime(copy value)
    static func open(
        _ value: RawSpan,
        table: String,
        key: [UInt8]
    ) throws(IndexError) -> RawSpan {
        guard value.byteCount >= overhead else {
            throw .corrupt(
                place: place(table, key),
                reason: "\(value.byteCount) bytes, expected >= 4"
            )
        }
        let body = value.extracting(0..<(value.byteCount - overhead))
        let expected = word(value, at: body.byteCount)
        let got = checksum(body, key: key)
        guard got == expected else {
            throw .corrupt(
                place: place(table, key),
                reason: "checksum \(got), expected \(expected)"
            )
        }
        return body
    }

    /// `table[key]`, the key in hexadecimal.
    static func place(_ table: String, _ key: [UInt8]) -> String {
        let digits = key.map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }
        return "\(table)[\(digits.joined())]"
    }

    /// The four little-endian bytes at `offset`; the caller has checked the length.
    static func word(_ bytes: RawSpan, at offset: Int) -> UInt32 {
        var value: UInt32 = 0
        for index in 0..<4 { value |= UInt32(bytes.byte(at: offset + index)) << (8 * index) }
        return value
    }
}
