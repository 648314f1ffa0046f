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

extension RawSpan {
    /// Copies the leading floats into `values`.
    ///
    /// - Precondition: there are at least `4 * values.count` bytes.
    package func copyFloats(into values: inout MutableSpan<Float>) {
        let byteCount = 4 * values.count
        precondition(byteCount <= self.byteCount, "too few bytes for the floats")
        // SAFETY: both sides hold `byteCount` bytes by the line above; any bits are a Float.
        unsafe withUnsafeBytes { source in
            unsafe values.withUnsafeMutableBytes { target in
                unsafe target.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: source[0..<byteCount])
                )
            }
        }
    }
}

extension RawSpan {
    /// Appends all bytes to `buffer` in one move.
    package func append(to buffer: inout [UInt8]) {
        // SAFETY: the pointer does not leave the closure.
        unsafe withUnsafeBytes { source in unsafe buffer.append(contentsOf: source) }
    }
}

extension Span where Element == UInt8 {
    /// The elements' bytes.
    package var rawBytes: RawSpan {
        @_lifetime(copy self)
        get {
            // SAFETY: a UInt8 has no padding.
            unsafe bytes
        }
    }
}

extension Span where Element == UInt64 {
    /// The elements' bytes, in the machine's order: little endian on every machine we run on.
    package var rawBytes: RawSpan {
        @_lifetime(copy self)
        get {
            // SAFETY: a UInt64 has no padding.
            unsafe bytes
        }
    }
}

extension Span where Element == Float {
    /// The elements' bytes, in the machine's order: little endian on every machine we run on.
    package var rawBytes: RawSpan {
        @_lifetime(copy self)
        get {
            // SAFETY: a Float has no padding.
            unsafe bytes
        }
    }
}
