import CZstd

/// zstd frames to bytes, reusing one context: one per worker, not shared between threads.
///
/// Frames may come from a damaged disk or a hostile client: the declared size is checked before
/// anything is allocated, and one frame must fill the input exactly.
@safe
package final class PayloadDecompressor {
    // SAFETY: zstd's objects are made in init, freed once in deinit, also when init throws after
    // the first, and never handed out.

    private let context: OpaquePointer
    private var dictionaries: [UInt32: PreparedDictionary] = [:]

    /// Prepares a context that knows these dictionaries.
    package init(dictionaries: [[UInt8]] = []) throws(StorageError) {
        guard let context = unsafe ZSTD_createDCtx() else { throw .outOfMemory }
        unsafe self.context = context
        for dictionary in dictionaries { try add(dictionary) }
    }

    deinit {
        unsafe ZSTD_freeDCtx(context)
    }

    /// Makes frames of this dictionary readable; a second dictionary of its id replaces it.
    package func add(_ dictionary: [UInt8]) throws(StorageError) {
        guard let id = PayloadDictionary.id(of: dictionary) else { throw .invalidDictionary }
        dictionaries[id] = try PreparedDictionary(dictionary)
    }

    /// The content of one frame.
    ///
    /// The corresponding C function is `ZSTD_decompress_usingDDict`.
    ///
    /// - Parameters:
    ///   - frame: exactly one zstd frame that declares its content size.
    ///   - limit: the most bytes of content to allocate and return.
    /// - Returns: the content, of the size declared.
    /// - Throws: `frameDamaged`, `frameTooLarge`, `frameWithoutSize`, `unknownDictionary`.
    package func decompress(_ frame: RawSpan, limit: Int) throws(StorageError) -> [UInt8] {
        let header = try PayloadFrame(frame)
        guard header.contentSize <= UInt64(max(limit, 0)) else {
            throw .frameTooLarge(got: header.contentSize, expected: limit)
        }
        let expected = Int(header.contentSize)
        var content: [UInt8] = []
        try content.append(addingCapacity: expected) { room throws(StorageError) in
            // SAFETY: zstd writes at most the room it is given; the count is checked to be all of
            // it, so no byte stays uninitialised.
            try unsafe room.withUnsafeMutableBufferPointer { target, count throws(StorageError) in
                let written = try unsafe decompress(frame, header.dictionaryID, into: target)
                guard written == expected else {
                    throw .frameDamaged(reason: "\(written) bytes of \(expected) declared")
                }
                count = written
            }
        }
        return content
    }

    /// The content of one frame in an array.
    package func decompress(_ frame: [UInt8], limit: Int) throws(StorageError) -> [UInt8] {
        // SAFETY: bytes have no padding.
        try decompress(unsafe frame.span.bytes, limit: limit)
    }

    private func decompress(
        _ frame: RawSpan,
        _ dictionaryID: UInt32,
        into target: UnsafeMutableBufferPointer<UInt8>
    ) throws(StorageError) -> Int {
        let dictionary = dictionaries[dictionaryID]
        guard dictionaryID == 0 || dictionary != nil else {
            throw .unknownDictionary(id: dictionaryID)
        }
        let status = ZstdStatus(
            // SAFETY: both buffers live through the call; a nil dictionary means none.
            unsafe frame.withUnsafeBytes { source in
                unsafe ZSTD_decompress_usingDDict(
                    context,
                    target.baseAddress,
                    target.count,
                    source.baseAddress,
                    source.count,
                    dictionary?.prepared
                )
            }
        )
        guard status.isError else { return status.result }
        switch status.code {
        case ZSTD_error_memory_allocation: throw .outOfMemory
        case ZSTD_error_dictionary_wrong: throw .unknownDictionary(id: dictionaryID)
        default: throw .frameDamaged(reason: status.sentence)
        }
    }
}

/// A dictionary in the form zstd decompresses with.
@safe
private final class PreparedDictionary {
    // SAFETY: zstd copies the dictionary; freed once, in deinit.
    let prepared: OpaquePointer

    init(_ dictionary: [UInt8]) throws(StorageError) {
        let created = unsafe dictionary.withUnsafeBytes { buffer in
            unsafe ZSTD_createDDict(buffer.baseAddress, buffer.count)
        }
        guard let created = unsafe created else { throw .invalidDictionary }
        unsafe prepared = created
    }

    deinit { unsafe ZSTD_freeDDict(prepared) }
}

/// What a frame says about itself, before any of it is decompressed.
package struct PayloadFrame: Equatable, Sendable {
    /// Bytes of content; a claim until the content is there.
    package let contentSize: UInt64
    /// The dictionary it needs; 0 = none.
    package let dictionaryID: UInt32

    /// Reads the header of one frame that fills `frame` exactly.
    ///
    /// The corresponding C functions are `ZSTD_getFrameContentSize`, `ZSTD_getDictID_fromFrame` and
    /// `ZSTD_findFrameCompressedSize`.
    package init(_ frame: RawSpan) throws(StorageError) {
        // Skippable frames have sizes too, and no content.
        guard frame.byteCount >= 4, UInt32(littleEndian: Self.magic(frame)) == 0xfd2f_b528 else {
            throw .frameDamaged(reason: "not a zstd frame")
        }
        // SAFETY: zstd reads within the counted bytes of the buffer.
        let facts = unsafe frame.withUnsafeBytes { source in
            unsafe (
                content: ZSTD_getFrameContentSize(source.baseAddress, source.count),
                extent: ZstdStatus(ZSTD_findFrameCompressedSize(source.baseAddress, source.count)),
                dictionary: ZSTD_getDictID_fromFrame(source.baseAddress, source.count)
            )
        }
        // zstd's two markers in place of a size.
        let unknown = UInt64.max
        let error = UInt64.max - 1
        guard facts.content != error, !facts.extent.isError else {
            throw .frameDamaged(
                reason: facts.extent.isError ? facts.extent.sentence : "not a zstd frame"
            )
        }
        guard facts.content != unknown else { throw .frameWithoutSize }
        guard facts.extent.result == frame.byteCount else {
            let surplus = frame.byteCount - facts.extent.result
            throw .frameDamaged(reason: "\(surplus) bytes after the frame")
        }
        contentSize = facts.content
        dictionaryID = facts.dictionary
    }

    private static func magic(_ frame: RawSpan) -> UInt32 {
        // SAFETY: the caller checked that there are 4 bytes.
        unsafe frame.unsafeLoadUnaligned(as: UInt32.self)
    }
}
