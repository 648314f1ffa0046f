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

/// The same by table alone: the fallback of processors without the instruction, for tests.
///
/// - Parameters:
///   - bytes: any length, any alignment.
///   - seed: the checksum of the bytes before; 0 at the start.
/// - Returns: the checksum so far.
package func crc32cByTable(_ bytes: RawSpan, seed: UInt32 = 0) -> UInt32 {
    // SAFETY: as above.
    unsafe bytes.withUnsafeBytes { buffer in
        unsafe pk_crc32c_table(seed, buffer.baseAddress, buffer.count)
    }
}
