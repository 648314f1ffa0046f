import CPalateKernels

/// CRC-32C (Castagnoli) of bytes, by the processor's instruction where it has one.
///
/// Continuable: `crc32c(b, seed: crc32c(a))` is the checksum of `a` followed by `b`.
///
/// - Parameters:
///   - bytes: any length, any alignment.
///   - seed: the checksum of the bytes before; 0 at the start.
/// - Returns: the checksum so far.
package func crc32c(_ bytes: RawSpan, seed: UInt32 = 0) -> UInt32 {
    // SAFETY: the C function reads `count` bytes from the base and keeps nothing.
    unsafe bytes.withUnsafeBytes { buffer in
        unsafe pk_crc32c(seed, buffer.baseAddress, buffer.count)
    }
}

/// A way to compute the checksum, for tests: `crc32c` uses the last that the processor has.
package enum ChecksumMethod: UInt32, CaseIterable, Sendable {
    /// By tables, eight bytes at a time.
    case table
    /// By the processor's instruction, three blocks side by side.
    case instruction
    /// By carry-less products of 512 bits.
    case folding

    /// Whether this processor has it.
    package var isAvailable: Bool { pk_crc32c_has(pk_crc32c_method(rawValue)) }
}

/// The checksum by one way; by table where the processor has no such way.
///
/// - Parameters:
///   - bytes: any length, any alignment.
///   - seed: the checksum of the bytes before; 0 at the start.
///   - method: which way.
/// - Returns: the checksum so far.
package func crc32c(_ bytes: RawSpan, seed: UInt32 = 0, by method: ChecksumMethod) -> UInt32 {
    // SAFETY: as above.
    unsafe bytes.withUnsafeBytes { buffer in
        unsafe pk_crc32c_by(
            pk_crc32c_method(method.rawValue),
            seed,
            buffer.baseAddress,
            buffer.count
        )
    }
}
