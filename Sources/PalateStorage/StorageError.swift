import Glibc

/// Why the store, or a compressed frame, could not be used.
package enum StorageError: Error, Equatable, Sendable {
    /// Opened read-only, and there is nothing at this path.
    case notFound(path: String)
    /// This process has the environment open already; LMDB allows one handle per process.
    case alreadyOpen(path: String)
    /// Another process holds the lock; its id, 0 when it could not be read.
    case inUse(path: String, processID: Int32)
    /// The path is on a network file system, where neither mmap nor locks can be trusted.
    case networkFileSystem(path: String, kind: String)
    /// The file was written by another major version of LMDB, or on a machine of another kind.
    case versionMismatch(where: String)
    /// Stored bytes are not what the format promises.
    case corrupt(where: String)
    /// The map has no room for this; deletes still work while the map is above the soft limit.
    case mapFull(usedBytes: Int, mapBytes: Int)
    /// ENOSPC, EDQUOT or EFBIG; the transaction was dropped and writes resume when space returns.
    case diskFull(status: StorageStatus)
    /// A read, write or flush failed.
    case ioFailed(operation: String, status: StorageStatus)
    /// An earlier commit failed in a way that cannot be retried; reads go on, writes need a reopen.
    case failedForWriting(status: StorageStatus)
    /// A commit that was reported as failed reached the disk after all: what is in memory lacks it.
    case unacknowledgedCommit(got: UInt64, expected: UInt64)
    /// All reader slots are taken.
    case readersFull(limit: Int)
    /// The environment was opened for fewer tables.
    case tablesFull(limit: Int)
    /// More than 131,071 dirty pages in one transaction: it must be split.
    case transactionFull
    /// The transaction met an error earlier and cannot go on.
    case transactionFailed
    /// Another process grew the map; reopen.
    case mapResized
    /// The system refused memory or address space.
    case outOfMemory
    /// A write to an environment opened read-only.
    case readOnly
    /// This thread has a transaction of the same environment open already.
    case nestedTransaction
    /// No table of this name, and it was not to be created.
    case unknownTable(name: String)
    /// The table's handle belongs to another environment.
    case foreignTable(name: String)
    /// LMDB's keys are 1 to 511 bytes.
    case keyLength(got: Int, expected: ClosedRange<Int>)
    /// An appended key is not above the table's last one.
    case keyOrder(table: String)
    /// An inserted key is there already.
    case keyExists(table: String)
    /// The value is above `Environment.valueBytesMax`.
    case valueTooLarge(got: Int, expected: Int)
    /// A copy gave way to a growing map too often.
    case copyInterrupted(path: String)
    /// The map cannot shrink below what it is.
    case mapTooSmall(got: Int, expected: Int)
    /// The bytes are not one whole zstd frame, or its content fails its checksum.
    case frameDamaged(reason: String)
    /// The frame declares more content than the caller allows.
    case frameTooLarge(got: UInt64, expected: Int)
    /// The frame does not declare the size of its content.
    case frameWithoutSize
    /// The frame was compressed with a dictionary that is not loaded.
    case unknownDictionary(id: UInt32)
    /// The bytes are not a trained zstd dictionary with an id.
    case invalidDictionary
    /// The level is not one of zstd's.
    case compressionLevel(got: Int, expected: ClosedRange<Int>)
    /// zstd refused; its sentence.
    case compressionFailed(reason: String)
    /// Anything else, with the library's own status.
    case other(operation: String, status: StorageStatus)
}

/// An error that can stand for a `StorageError`: the one upward conversion of the layer above.
package protocol StorageFailure: Error {
    /// Wraps the store's error.
    init(_ error: StorageError)
}

extension StorageError: StorageFailure {
    /// Itself.
    package init(_ error: StorageError) { self = error }
}

extension StorageError {
    /// Names a status that needs no more context than the operation and the place.
    init(_ status: StorageStatus, _ operation: String, at place: String) {
        switch status {
        case .corrupted, .pageNotFound, .invalid, .incompatible, .badTable:
            self = .corrupt(where: "\(place): \(operation): \(status)")
        case .cursorFull, .pageFull: self = .corrupt(where: "\(place): \(operation): \(status)")
        case .versionMismatch: self = .versionMismatch(where: place)
        case .transactionFull: self = .transactionFull
        case .badTransaction, .badReaderSlot: self = .transactionFailed
        case .mapResized: self = .mapResized
        case .panic: self = .failedForWriting(status: status)
        case StorageStatus(rawValue: ENOMEM): self = .outOfMemory
        case StorageStatus(rawValue: EROFS), StorageStatus(rawValue: EACCES):
            self = .ioFailed(operation: "\(operation) \(place)", status: status)
        case _ where status.isDiskFull: self = .diskFull(status: status)
        case StorageStatus(rawValue: EIO):
            self = .ioFailed(operation: "\(operation) \(place)", status: status)
        default: self = .other(operation: "\(operation) \(place)", status: status)
        }
    }

    /// The last failed system call, by `errno`.
    init(errno code: Int32, _ operation: String, at path: String) {
        let status = StorageStatus(rawValue: code)
        if status.isDiskFull {
            self = .diskFull(status: status)
        } else if code == ENOMEM {
            self = .outOfMemory
        } else {
            self = .ioFailed(operation: "\(operation) \(path)", status: status)
        }
    }
}

extension StorageStatus {
    /// ENOSPC, EDQUOT or EFBIG: more room makes the same write succeed.
    var isDiskFull: Bool { rawValue == ENOSPC || rawValue == EDQUOT || rawValue == EFBIG }
}
