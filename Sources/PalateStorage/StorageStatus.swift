import CLMDB
import Glibc

/// A status as LMDB returns it: 0, one of its own negative codes, or an `errno`.
package struct StorageStatus: RawRepresentable, Equatable, Hashable, Sendable {
    /// The C value.
    package let rawValue: Int32

    /// Wraps a C value.
    package init(rawValue: Int32) { self.rawValue = rawValue }

    static let success = StorageStatus(rawValue: MDB_SUCCESS)
    static let fileTooLarge = StorageStatus(rawValue: EFBIG)
    static let keyExists = StorageStatus(rawValue: MDB_KEYEXIST)
    static let notFound = StorageStatus(rawValue: MDB_NOTFOUND)
    static let pageNotFound = StorageStatus(rawValue: MDB_PAGE_NOTFOUND)
    static let corrupted = StorageStatus(rawValue: MDB_CORRUPTED)
    static let panic = StorageStatus(rawValue: MDB_PANIC)
    static let versionMismatch = StorageStatus(rawValue: MDB_VERSION_MISMATCH)
    static let invalid = StorageStatus(rawValue: MDB_INVALID)
    static let mapFull = StorageStatus(rawValue: MDB_MAP_FULL)
    static let tablesFull = StorageStatus(rawValue: MDB_DBS_FULL)
    static let readersFull = StorageStatus(rawValue: MDB_READERS_FULL)
    static let transactionFull = StorageStatus(rawValue: MDB_TXN_FULL)
    static let cursorFull = StorageStatus(rawValue: MDB_CURSOR_FULL)
    static let pageFull = StorageStatus(rawValue: MDB_PAGE_FULL)
    static let mapResized = StorageStatus(rawValue: MDB_MAP_RESIZED)
    static let incompatible = StorageStatus(rawValue: MDB_INCOMPATIBLE)
    static let badReaderSlot = StorageStatus(rawValue: MDB_BAD_RSLOT)
    static let badTransaction = StorageStatus(rawValue: MDB_BAD_TXN)
    static let badValueSize = StorageStatus(rawValue: MDB_BAD_VALSIZE)
    static let badTable = StorageStatus(rawValue: MDB_BAD_DBI)
}

extension StorageStatus: CustomStringConvertible {
    /// The library's sentence.
    ///
    /// The corresponding C function is `mdb_strerror`.
    package var description: String {
        // SAFETY: mdb_strerror returns a NUL-terminated string that outlives this copy of it.
        guard let sentence = unsafe mdb_strerror(rawValue) else { return "status \(rawValue)" }
        return unsafe String(cString: sentence)
    }
}
