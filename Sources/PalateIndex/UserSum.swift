import PalateModel
import PalateStorage

/// A sum over all values of the `users` table, kept in the transaction that changes one.
///
/// A record carries its own checksum, yet a page that holds older records is as sound as a new one.
/// The sum tells: each value counts with a number drawn from its key and its checksum.
struct UserSum: FormatRecord, Equatable {
    private(set) var value: UInt64 = 0

    init() {}

    init(from reader: inout ByteReader) throws(ByteReaderError) {
        value = try reader.readUInt64()
    }

    func write(to writer: inout ByteWriter) { writer.write(value) }

    /// Counts a sealed value.
    mutating func add(_ sealed: RawSpan, of user: UserID) { value &+= Self.number(sealed, user) }

    /// Takes a sealed value out that is replaced.
    mutating func remove(_ sealed: RawSpan, of user: UserID) {
        value &-= Self.number(sealed, user)
    }

    private static func number(_ sealed: RawSpan, _ user: UserID) -> UInt64 {
        // A value too short for a seal is damage, which reading it names.
        let end = sealed.byteCount - Sealed.overhead
        return SplitMix64.number(end < 0 ? 0 : UInt64(Sealed.word(sealed, at: end)), seed: user)
    }
}
