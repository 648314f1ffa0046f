extension RawSpan {
    /// The byte at `offset`, bounds checked.
    package func byte(at offset: Int) -> UInt8 {
        // SAFETY: `unsafeLoad` checks the bounds itself and every bit pattern is a UInt8.
        unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    /// All bytes, copied in one move.
    package var copied: [UInt8] {
        // SAFETY: the array is initialised by a copy of exactly `byteCount` bytes.
        unsafe withUnsafeBytes { source in unsafe [UInt8](source) }
    }
}
