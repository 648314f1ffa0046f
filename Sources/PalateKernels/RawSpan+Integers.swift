/// Swift 6.3 has no safe way to read or write an integer in raw bytes; these are it for this side.
extension RawSpan {
    /// The little-endian integer at `offset`, any alignment; its bytes must lie inside.
    package func integer<Value: FixedWidthInteger & BitwiseCopyable>(
        at offset: Int,
        as type: Value.Type = Value.self
    ) -> Value {
        precondition(offset >= 0 && byteCount - offset >= MemoryLayout<Value>.size, "past the end")
        // SAFETY: the bytes lie inside, checked above; every bit pattern is an integer.
        return unsafe Value(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: type))
    }
}

extension MutableRawSpan {
    /// Zeroes a range of bytes, which must lie inside.
    package mutating func zero(_ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "past the end")
        // SAFETY: inside, checked above.
        unsafe withUnsafeMutableBytes { bytes in
            _ = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[range])
                .initializeMemory(as: UInt8.self, repeating: 0)
        }
    }

    /// Writes a little-endian integer at `offset`, any alignment; its bytes must lie inside.
    package mutating func setInteger<Value: FixedWidthInteger & BitwiseCopyable>(
        _ value: Value,
        at offset: Int
    ) {
        storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
    }
}
