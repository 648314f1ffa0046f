/// The bytes ended, or promised more than there is.
package struct ByteReaderError: Error, Equatable {
    /// Where in the bytes.
    package var offset: Int
    /// Bytes that were needed from there.
    package var needed: Int

    /// Bytes that were needed and are not there.
    package init(offset: Int, needed: Int) {
        self.offset = offset
        self.needed = needed
    }
}

/// Reads little-endian values from bytes it does not trust: every read is checked.
package struct ByteReader: ~Escapable {
    private let bytes: RawSpan
    /// Bytes read so far.
    package private(set) var offset: Int

    /// Starts at the first byte.
    @_lifetime(copy bytes)
    package init(_ bytes: RawSpan) {
        self.bytes = bytes
        offset = 0
    }

    /// Bytes not read yet.
    package var remaining: Int { bytes.byteCount - offset }

    /// One byte.
    @_lifetime(self: copy self)
    package mutating func readUInt8() throws(ByteReaderError) -> UInt8 {
        UInt8(truncatingIfNeeded: try load(byteCount: 1))
    }

    /// Two bytes.
    @_lifetime(self: copy self)
    package mutating func readUInt16() throws(ByteReaderError) -> UInt16 {
        UInt16(truncatingIfNeeded: try load(byteCount: 2))
    }

    /// Four bytes.
    @_lifetime(self: copy self)
    package mutating func readUInt32() throws(ByteReaderError) -> UInt32 {
        UInt32(truncatingIfNeeded: try load(byteCount: 4))
    }

    /// Eight bytes.
    @_lifetime(self: copy self)
    package mutating func readUInt64() throws(ByteReaderError) -> UInt64 {
        try load(byteCount: 8)
    }

    /// Eight bytes, two's complement.
    @_lifetime(self: copy self)
    package mutating func readInt64() throws(ByteReaderError) -> Int64 {
        Int64(bitPattern: try load(byteCount: 8))
    }

    /// Four bytes, any bit pattern.
    @_lifetime(self: copy self)
    package mutating func readFloat() throws(ByteReaderError) -> Float {
        Float(bitPattern: try readUInt32())
    }

    /// Eight bytes, any bit pattern.
    @_lifetime(self: copy self)
    package mutating func readDouble() throws(ByteReaderError) -> Double {
        Double(bitPattern: try readUInt64())
    }

    /// The next `count` bytes, copied.
    @_lifetime(self: copy self)
    package mutating func readBytes(_ count: Int) throws(ByteReaderError) -> [UInt8] {
        guard count >= 0, count <= remaining else {
            throw ByteReaderError(offset: offset, needed: count)
        }
        let start = offset
        offset += count
        return bytes.extracting(start..<offset).copied
    }

    /// A 32-bit byte count and that many bytes.
    @_lifetime(self: copy self)
    package mutating func readCounted() throws(ByteReaderError) -> [UInt8] {
        let count = Int(try readUInt32())
        return try readBytes(count)
    }

    /// A 32-bit byte count and that many bytes of UTF-8; wrong UTF-8 is repaired.
    @_lifetime(self: copy self)
    package mutating func readString() throws(ByteReaderError) -> String {
        String(decoding: try readCounted(), as: UTF8.self)
    }

    @_lifetime(self: copy self)
    private mutating func load(byteCount: Int) throws(ByteReaderError) -> UInt64 {
        guard byteCount <= remaining else {
            throw ByteReaderError(offset: offset, needed: byteCount)
        }
        var value: UInt64 = 0
        for index in 0..<byteCount {
            value |= UInt64(bytes.byte(at: offset + index)) << (8 * index)
        }
        offset += byteCount
        return value
    }
}
