import PalateChecksum

/// The one file of this target with `unsafe` in it: typed loads from, and stores to, raw bytes.
///
/// Swift 6.3 has no safe way to read an integer out of a `RawSpan` or to copy a whole column. Every
/// element type that comes through here is `BitwiseCopyable` and has no invalid bit pattern
/// (integers and floats); the functions trap on bounds, so a caller that forgot its own check is
/// stopped, not exploited. Hosts are little endian, as the protocol is: columns are copied as they
/// stand.
extension RawSpan {
    /// The integer at `offset`, little endian, at any alignment.
    ///
    /// - Parameters:
    ///   - type: what to read.
    ///   - offset: bytes from the start; `offset + size` must not pass the end.
    /// - Returns: the value.
    @inline(__always)
    func load<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: Value.Type,
        at offset: Int
    ) -> Value {
        // SAFETY: bounds are checked by the call (it traps), and every bit pattern is an integer.
        unsafe Value(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: type))
    }

    /// Copies a column out: one memcpy.
    ///
    /// - Parameters:
    ///   - type: what to read.
    ///   - count: elements; their bytes from `offset` on must not pass the end.
    ///   - offset: bytes from the start, at any alignment.
    /// - Returns: shape [count].
    func copy<Element: WireScalar>(
        _ type: Element.Type,
        count: Int,
        at offset: Int
    ) -> [Element] {
        let byteCount = count * MemoryLayout<Element>.stride
        precondition(offset >= 0 && count >= 0 && byteCount <= self.byteCount - offset)
        return unsafe withUnsafeBytes { source in
            unsafe [Element](unsafeUninitializedCapacity: count) { target, initialized in
                // SAFETY: the source range was checked above, the target has room for `count`, and
                // a WireScalar has no invalid bit pattern.
                if byteCount > 0 {
                    let part = unsafe UnsafeRawBufferPointer(
                        rebasing: source[offset..<offset + byteCount]
                    )
                    unsafe UnsafeMutableRawBufferPointer(target).copyMemory(from: part)
                }
                initialized = count
            }
        }
    }
}

/// What a column may hold: plain numbers whose every bit pattern is a value.
package protocol WireScalar: BitwiseCopyable {}

extension UInt8: WireScalar {}
extension Int8: WireScalar {}
extension UInt16: WireScalar {}
extension UInt32: WireScalar {}
extension UInt64: WireScalar {}
extension Int64: WireScalar {}
extension Float: WireScalar {}

extension [UInt8] {
    /// Appends the bytes of a column: one memcpy.
    mutating func appendColumn<Scalar: WireScalar>(_ column: Span<Scalar>) {
        // SAFETY: reads the initialised bytes of a borrowed span.
        unsafe column.withUnsafeBytes { unsafe append(contentsOf: $0) }
    }

    /// The CRC32C of a part.
    func checksum(of range: Range<Int>) -> UInt32 {
        // SAFETY: a byte has no padding, so every byte of the span is initialised.
        unsafe crc32c(span.bytes.extracting(range))
    }

    /// Appends one integer, little endian.
    @inline(__always)
    mutating func appendScalar<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
        // SAFETY: reads the initialised bytes of a local.
        unsafe Swift.withUnsafeBytes(of: value.littleEndian) { unsafe append(contentsOf: $0) }
    }

    /// Overwrites one integer, little endian.
    ///
    /// - Parameters:
    ///   - value: what to store.
    ///   - offset: bytes from the start; `offset + size` must not pass the end.
    @inline(__always)
    mutating func storeScalar<Value: FixedWidthInteger & BitwiseCopyable>(
        _ value: Value,
        at offset: Int
    ) {
        precondition(offset >= 0 && MemoryLayout<Value>.size <= count - offset)
        // SAFETY: the bounds were checked above.
        unsafe withUnsafeMutableBytes {
            unsafe $0.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
        }
    }
}

/// CRC32C over the ids of a load, in order, little endian: what LOAD_COMMIT is checked with.
package struct IDChecksum: Equatable, Sendable {
    /// The checksum of the ids so far.
    package private(set) var value: UInt32 = 0

    /// No ids yet.
    package init() {}

    /// Goes on from a stored value.
    package init(resuming value: UInt32) { self.value = value }

    /// Takes in the next ids.
    package mutating func append(_ ids: [UInt64]) {
        // SAFETY: an integer has no padding, so every byte of the span is initialised.
        value = unsafe crc32c(ids.span.bytes, seed: value)
    }
}
