import CZstd

/// Bytes to zstd frames, reusing one context: one per worker, not shared between threads.
///
/// Every frame declares its content size, carries a checksum of its content, and names its
/// dictionary. A payload of 200 bytes compresses 3 to 5 times better with a dictionary.
@safe
package final class PayloadCompressor {
    // SAFETY: zstd's objects are made in init, freed once in deinit, also when init throws after
    // the first, and never handed out.

    /// zstd's levels; 3 is its default.
    package static let levels = 1...19

    private let context: OpaquePointer
    private let dictionary: OpaquePointer?

    /// Prepares a context.
    ///
    /// - Parameters:
    ///   - level: one of `levels`.
    ///   - dictionary: as `PayloadDictionary.train` returns it, or nil.
    /// - Throws: `compressionLevel`, `invalidDictionary`.
    package init(level: Int = 3, dictionary: [UInt8]? = nil) throws(StorageError) {
        guard Self.levels.contains(level) else {
            throw .compressionLevel(got: level, expected: Self.levels)
        }
        if let dictionary, PayloadDictionary.id(of: dictionary) == nil { throw .invalidDictionary }
        guard let context = unsafe ZSTD_createCCtx() else { throw .outOfMemory }
        unsafe self.context = context
        unsafe self.dictionary = unsafe dictionary.flatMap { bytes in
            // SAFETY: zstd copies the dictionary.
            unsafe bytes.withUnsafeBytes { buffer in
                unsafe ZSTD_createCDict(buffer.baseAddress, buffer.count, Int32(level))
            }
        }
        if dictionary != nil, unsafe self.dictionary == nil { throw .invalidDictionary }
        try set(ZSTD_c_compressionLevel, Int32(level))
        try set(ZSTD_c_contentSizeFlag, 1)
        try set(ZSTD_c_checksumFlag, 1)
        try set(ZSTD_c_dictIDFlag, 1)
        if let prepared = unsafe self.dictionary {
            // SAFETY: the context refers to the dictionary, and both live as long as `self`.
            try ZstdStatus(unsafe ZSTD_CCtx_refCDict(context, prepared)).check()
        }
    }

    deinit {
        unsafe ZSTD_freeCCtx(context)
        unsafe ZSTD_freeCDict(dictionary)
    }

    /// One frame.
    ///
    /// The corresponding C function is `ZSTD_compress2`.
    package func compress(_ bytes: RawSpan) throws(StorageError) -> [UInt8] {
        var frame: [UInt8] = []
        try compress(bytes, appendingTo: &frame)
        return frame
    }

    /// One frame of an array.
    package func compress(_ bytes: [UInt8]) throws(StorageError) -> [UInt8] {
        // SAFETY: bytes have no padding.
        try compress(unsafe bytes.span.bytes)
    }

    /// Appends one frame to `output`.
    package func compress(
        _ bytes: RawSpan,
        appendingTo output: inout [UInt8]
    ) throws(StorageError) {
        let bound = ZSTD_compressBound(bytes.byteCount)
        try ZstdStatus(bound).check()
        try output.append(addingCapacity: bound) { room throws(StorageError) in
            // SAFETY: zstd writes at most the room it is given, and says how much it wrote.
            try unsafe room.withUnsafeMutableBufferPointer { target, count throws(StorageError) in
                let written = unsafe bytes.withUnsafeBytes { source in
                    unsafe ZSTD_compress2(
                        context,
                        target.baseAddress,
                        target.count,
                        source.baseAddress,
                        source.count
                    )
                }
                try ZstdStatus(written).check()
                count = written
            }
        }
    }

    private func set(_ parameter: ZSTD_cParameter, _ value: Int32) throws(StorageError) {
        try ZstdStatus(unsafe ZSTD_CCtx_setParameter(context, parameter, value)).check()
    }
}

/// What a zstd function returned: a size, or an error in its place.
struct ZstdStatus {
    let result: Int

    init(_ result: Int) { self.result = result }

    var isError: Bool { ZSTD_isError(result) != 0 }

    var code: ZSTD_ErrorCode { ZSTD_getErrorCode(result) }

    /// The corresponding C function is `ZSTD_getErrorName`.
    var sentence: String {
        // SAFETY: zstd returns a NUL-terminated constant.
        guard let name = unsafe ZSTD_getErrorName(result) else { return "error \(result)" }
        return unsafe String(cString: name)
    }

    /// Throws when it is an error of compressing.
    func check() throws(StorageError) {
        guard isError else { return }
        throw code == ZSTD_error_memory_allocation
            ? .outOfMemory : .compressionFailed(reason: sentence)
    }
}
