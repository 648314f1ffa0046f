package import PalateGraph
package import PalateModel
package import PalateQuantization
package import PalateStorage

/// Why a data directory could not be opened, read or written.
package enum IndexError: Error, Equatable, Sendable {
    /// Stored bytes fail a check: the table, the key, and what is wrong.
    case corrupt(place: String, reason: String)
    /// The format on disk is not one this build reads.
    case unsupportedFormat(place: String, got: UInt32, expected: UInt32)
    /// A table misses a value it must have.
    case missing(place: String)
    /// The kernel refused address space for an arena.
    case outOfAddressSpace(bytes: Int)
    /// LMDB, zstd or the file system.
    case storage(StorageError)
    /// A name or parameter the quantizer or metric registry refuses.
    case quantization(QuantizationError)
    /// Links that cannot be: the block says which.
    case graph(GraphError)
    /// The request itself was wrong.
    case request(RequestError)
}

extension RequestError {
    /// What a caller learns of `error`: the one upward conversion of this layer.
    package init(_ error: IndexError) {
        switch error {
        case .corrupt(let place, let reason): self = .corrupt(place: "\(place): \(reason)")
        case .unsupportedFormat(let place, let got, let expected):
            self = .corrupt(place: "\(place): format \(got), expected \(expected)")
        case .missing(let place): self = .corrupt(place: "\(place): missing")
        case .outOfAddressSpace(let bytes):
            self = .storageFull(reason: "no address space for \(bytes) bytes")
        case .storage(let error): self = Self.storage(error)
        case .quantization(let error): self = .internalFailure(reason: "\(error)")
        case .graph(let error): self = .corrupt(place: "links: \(error)")
        case .request(let error): self = error
        }
    }

    /// The store's failures in a caller's terms: full, damaged, or failed.
    private static func storage(_ error: StorageError) -> RequestError {
        switch error {
        case .mapFull(let usedBytes, let mapBytes):
            .storageFull(reason: "\(usedBytes) of \(mapBytes) bytes of the map are used")
        case .diskFull(let status): .storageFull(reason: "\(status)")
        case .outOfMemory: .storageFull(reason: "out of memory")
        case .corrupt(let place): .corrupt(place: place)
        case .frameDamaged(let reason): .corrupt(place: "payload: \(reason)")
        case .frameTooLarge(let got, let expected):
            .corrupt(place: "payload: \(got) bytes, expected at most \(expected)")
        case .unknownDictionary(let id): .corrupt(place: "payload: no dictionary \(id)")
        default: .storageFailed(reason: "\(error)")
        }
    }
}
