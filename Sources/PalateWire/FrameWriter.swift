/// Appends little-endian numbers and whole columns to a buffer that is reused from frame to frame.
package struct FrameWriter: Sendable {
    /// What has been written.
    package private(set) var bytes: [UInt8] = []

    /// An empty buffer.
    package init() {}

    /// Bytes written.
    package var count: Int { bytes.count }

    /// Bytes there is room for.
    package var capacity: Int { bytes.capacity }

    /// Forgets what has been written and keeps the memory.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
    }

    /// Forgets everything from `count` on: the way back from a frame that grew too large.
    package mutating func truncate(to count: Int) {
        bytes.removeLast(bytes.count - count)
    }

    /// Makes room for `byteCount` more, growing geometrically so that many frames stay linear.
    package mutating func reserve(_ byteCount: Int) {
        let needed = bytes.count + byteCount
        if needed > bytes.capacity { bytes.reserveCapacity(max(needed, bytes.capacity * 2)) }
    }

    /// Appends one integer.
    @inline(__always)
    package mutating func write<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
        bytes.appendScalar(value)
    }

    /// Appends one float.
    package mutating func write(_ value: Float) {
        bytes.appendScalar(value.bitPattern)
    }

    /// Overwrites an integer written before.
    package mutating func patch<Value: FixedWidthInteger & BitwiseCopyable>(
        _ value: Value,
        at offset: Int
    ) {
        bytes.storeScalar(value, at: offset)
    }

    /// Appends a column: one memcpy.
    package mutating func write<Element: WireScalar>(column: [Element]) {
        bytes.appendColumn(column.span)
    }

    /// The CRC32C of bytes written before.
    package func checksum(of range: Range<Int>) -> UInt32 {
        bytes.checksum(of: range)
    }

    /// Appends UTF-8 without a length.
    package mutating func write(text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    /// Appends zeros up to the next multiple of `alignment`, counted from `start`.
    package mutating func align(to alignment: Int, from start: Int) {
        while (bytes.count - start) % alignment != 0 { bytes.append(0) }
    }
}
