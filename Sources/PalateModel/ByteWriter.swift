/// Appends little-endian values to bytes.
///
/// For records of tens of bytes and for columns; the buffer is kept between uses.
package struct ByteWriter: Sendable {
    /// What has been written.
    package private(set) var bytes: [UInt8]

    /// Nothing written yet, room for `capacity` bytes.
    package init(capacity: Int = 64) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Starts over in the same buffer.
    package mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    /// Appends one byte.
    package mutating func write(_ value: UInt8) { bytes.append(value) }

    /// Appends two bytes.
    package mutating func write(_ value: UInt16) { append(UInt64(value), byteCount: 2) }

    /// Appends four bytes.
    package mutating func write(_ value: UInt32) { append(UInt64(value), byteCount: 4) }

    /// Appends eight bytes.
    package mutating func write(_ value: UInt64) { append(value, byteCount: 8) }

    /// Appends eight bytes, two's complement.
    package mutating func write(_ value: Int64) { append(UInt64(bitPattern: value), byteCount: 8) }

    /// Appends the four bytes of the bit pattern.
    package mutating func write(_ value: Float) { write(value.bitPattern) }

    /// Appends the eight bytes of the bit pattern.
    package mutating func write(_ value: Double) { write(value.bitPattern) }

    /// Appends bytes as they are.
    package mutating func write(_ raw: [UInt8]) { bytes.append(contentsOf: raw) }

    /// Appends a 32-bit byte count and the bytes.
    package mutating func writeCounted(_ raw: [UInt8]) {
        write(UInt32(raw.count))
        bytes.append(contentsOf: raw)
    }

    /// Appends a 32-bit byte count and the UTF-8 bytes.
    package mutating func write(_ text: String) { writeCounted(Array(text.utf8)) }

    private mutating func append(_ value: UInt64, byteCount: Int) {
        for shift in 0..<byteCount { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * shift))) }
    }
}
