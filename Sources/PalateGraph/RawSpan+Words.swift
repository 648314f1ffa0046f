/// Little-endian reads of stored blocks, one place for the unsafe word.
extension RawSpan {
    /// The byte at `offset`; nil beyond the end.
    func byte(at offset: Int) -> UInt8? {
        guard offset >= 0, offset < byteCount else { return nil }
        // SAFETY: within bounds; every bit pattern is a UInt8.
        return unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    /// The word at `offset`, aligned or not; nil beyond the end.
    func word(at offset: Int) -> UInt32? {
        guard offset >= 0, offset <= byteCount - 4 else { return nil }
        // SAFETY: within bounds; every bit pattern is a UInt32.
        return UInt32(
            littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
        )
    }
}
