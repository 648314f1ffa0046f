import CZstd

/// zstd dictionaries: what many small payloads have in common, stored once.
package enum PayloadDictionary {
    /// Fewer samples than this teach nothing.
    package static let samplesMin = 16
    /// The size zstd's authors suggest; larger ones gain little.
    package static let capacity = 112 << 10
    /// The smallest dictionary zstd can write.
    package static let capacityMin = 256

    /// Learns a dictionary from payloads.
    ///
    /// zstd's paper rule: about a hundred times `capacity` of samples. The corresponding C function
    /// is `ZDICT_trainFromBuffer`.
    ///
    /// - Parameters:
    ///   - samples: whole payloads as they will be compressed.
    ///   - capacity: most bytes of the dictionary.
    /// - Returns: the dictionary with its id; nil when the samples have too little in common, or
    ///   are too few.
    /// - Throws: `outOfMemory`.
    package static func train(
        samples: [[UInt8]],
        capacity: Int = capacity
    ) throws(StorageError) -> [UInt8]? {
        guard samples.count >= samplesMin, samples.count <= Int(UInt32.max) else { return nil }
        guard capacity >= capacityMin else { return nil }
        let content = Array(samples.joined())
        let sizes = samples.map(\.count)
        var dictionary: [UInt8] = []
        try dictionary.append(addingCapacity: capacity) { room throws(StorageError) in
            // SAFETY: the sizes add up to the content; zstd writes at most the room it is given.
            try unsafe room.withUnsafeMutableBufferPointer { target, count throws(StorageError) in
                let status = ZstdStatus(
                    unsafe ZDICT_trainFromBuffer(
                        target.baseAddress,
                        target.count,
                        content,
                        sizes,
                        UInt32(sizes.count)
                    )
                )
                guard !status.isError else {
                    if status.code == ZSTD_error_memory_allocation { throw .outOfMemory }
                    return
                }
                count = status.result
            }
        }
        return id(of: dictionary) == nil ? nil : dictionary
    }

    /// The id that frames of this dictionary carry; nil when the bytes are not a dictionary.
    ///
    /// The corresponding C function is `ZDICT_getDictID`.
    package static func id(of dictionary: [UInt8]) -> UInt32? {
        // SAFETY: zstd reads within the counted bytes.
        let id = unsafe dictionary.withUnsafeBytes { buffer in
            unsafe ZDICT_getDictID(buffer.baseAddress, buffer.count)
        }
        return id == 0 ? nil : id
    }
}
