import CLMDB
import PalateModel

/// The key type of a table: 1 to 511 bytes whose byte order is the order of the keys.
///
/// LMDB compares keys as bytes, so numbers are written big endian.
package protocol TableKey: Equatable, Sendable {
    /// Bytes that `encode` writes.
    var keyByteCount: Int { get }
    /// Writes the key.
    ///
    /// - Parameter bytes: shape [keyByteCount], zero.
    func encode(into bytes: inout MutableRawSpan)
    /// Reads a key back; nil when `bytes` cannot be one.
    init?(decoding bytes: RawSpan)
}

/// What LMDB takes as a key.
package let tableKeyBytes = 1...511

extension UInt32: TableKey {
    /// 4.
    package var keyByteCount: Int { 4 }

    /// Big endian.
    package func encode(into bytes: inout MutableRawSpan) {
        bytes.storeBytes(of: bigEndian, as: UInt32.self)
    }

    /// Nil unless 4 bytes.
    package init?(decoding bytes: RawSpan) {
        guard bytes.byteCount == 4 else { return nil }
        // SAFETY: the load is the 4 bytes just checked.
        self = UInt32(bigEndian: unsafe bytes.unsafeLoadUnaligned(as: UInt32.self))
    }
}

extension UInt64: TableKey {
    /// 8.
    package var keyByteCount: Int { 8 }

    /// Big endian.
    package func encode(into bytes: inout MutableRawSpan) {
        bytes.storeBytes(of: bigEndian, as: UInt64.self)
    }

    /// Nil unless 8 bytes.
    package init?(decoding bytes: RawSpan) {
        guard bytes.byteCount == 8 else { return nil }
        // SAFETY: the load is the 8 bytes just checked.
        self = UInt64(bigEndian: unsafe bytes.unsafeLoadUnaligned(as: UInt64.self))
    }
}

/// Two numbers, ordered by the first, then the second: an edge, or an owner and its sequence.
package struct PairKey: TableKey, Hashable {
    /// Ordered first.
    package var major: UInt64
    /// Ordered within `major`.
    package var minor: UInt64

    /// A pair.
    package init(_ major: UInt64, _ minor: UInt64) {
        self.major = major
        self.minor = minor
    }

    /// 16.
    package var keyByteCount: Int { 16 }

    /// Both big endian.
    package func encode(into bytes: inout MutableRawSpan) {
        bytes.storeBytes(of: major.bigEndian, toByteOffset: 0, as: UInt64.self)
        bytes.storeBytes(of: minor.bigEndian, toByteOffset: 8, as: UInt64.self)
    }

    /// Nil unless 16 bytes.
    package init?(decoding bytes: RawSpan) {
        guard bytes.byteCount == 16 else { return nil }
        // SAFETY: both loads lie inside the 16 bytes just checked.
        major = UInt64(bigEndian: unsafe bytes.unsafeLoadUnaligned(as: UInt64.self))
        minor = UInt64(
            bigEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt64.self)
        )
    }
}

extension String: TableKey {
    /// UTF-8 bytes; order is by code point.
    package var keyByteCount: Int { utf8.count }

    /// UTF-8.
    package func encode(into bytes: inout MutableRawSpan) {
        for (offset, byte) in utf8.enumerated() {
            bytes.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
        }
    }

    /// Nil unless valid UTF-8.
    package init?(decoding bytes: RawSpan) {
        self.init(validating: bytes.copied, as: UTF8.self)
    }
}

extension [UInt8]: TableKey {
    /// The bytes themselves.
    package var keyByteCount: Int { count }

    /// As they are.
    package func encode(into bytes: inout MutableRawSpan) {
        for (offset, byte) in enumerated() {
            bytes.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
        }
    }

    /// Never nil.
    package init?(decoding bytes: RawSpan) { self = bytes.copied }
}

extension TableKey {
    /// Runs `body` with the key as LMDB takes it, encoded on the stack.
    func withValue(_ body: (inout MDB_val) -> Int32) throws(StorageError) -> StorageStatus {
        let count = keyByteCount
        guard tableKeyBytes.contains(count) else {
            throw .keyLength(got: count, expected: tableKeyBytes)
        }
        // SAFETY: the buffer is zeroed before the span sees it, and outlives `body`; LMDB copies
        // the key or only compares it.
        return unsafe withUnsafeTemporaryAllocation(byteCount: count, alignment: 8) { buffer in
            unsafe buffer.initializeMemory(as: UInt8.self, repeating: 0)
            var bytes = unsafe MutableRawSpan(_unsafeBytes: buffer)
            encode(into: &bytes)
            var value = unsafe MDB_val(mv_size: count, mv_data: buffer.baseAddress)
            return StorageStatus(rawValue: unsafe body(&value))
        }
    }
}
