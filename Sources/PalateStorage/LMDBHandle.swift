import CLMDB

/// LMDB's environment handle, closed with the object.
@safe
final class LMDBHandle: @unchecked Sendable {
    // SAFETY: LMDB's handle may be used by many threads; it is closed once, here.
    let raw: OpaquePointer

    fileprivate init(raw: OpaquePointer) { unsafe self.raw = raw }

    deinit { unsafe mdb_env_close(raw) }

    /// The map and the last commit.
    ///
    /// The corresponding C function is `mdb_env_info`.
    var info: LMDBInfo {
        var info = unsafe MDB_envinfo()
        // SAFETY: the handle is open; LMDB fills the struct.
        _ = unsafe mdb_env_info(raw, &info)
        return unsafe LMDBInfo(
            mapBytes: info.me_mapsize,
            lastPage: info.me_last_pgno,
            lastTransaction: UInt64(info.me_last_txnid),
            readersMax: Int(info.me_maxreaders)
        )
    }

    /// Bytes of a page.
    ///
    /// The corresponding C function is `mdb_env_stat`.
    var pageBytes: Int {
        var figures = MDB_stat()
        // SAFETY: the handle is open; LMDB fills the struct.
        _ = unsafe mdb_env_stat(raw, &figures)
        return Int(figures.ms_psize)
    }
}

/// What LMDB says about an open environment (`MDB_envinfo`).
struct LMDBInfo {
    /// Most bytes the file can grow to.
    let mapBytes: Int
    /// The last page ever used, as of the last commit.
    let lastPage: Int
    /// The number of the last commit.
    let lastTransaction: UInt64
    /// Most reader slots.
    let readersMax: Int
}

/// A read transaction that is reset between uses: it keeps its slot and sees nothing.
@safe
final class Reader: @unchecked Sendable {
    // SAFETY: a reader is either idle in the gate's pool or owned by one running transaction.
    let handle: OpaquePointer
    let record: OpenTransaction

    init(handle: OpaquePointer, environment: UInt64) {
        unsafe self.handle = handle
        record = OpenTransaction(environment: environment)
    }

    /// Gives the slot back.
    ///
    /// The reader must not be used again.
    func end() {
        // SAFETY: called once, by whoever removed the reader from the pool.
        unsafe mdb_txn_abort(handle)
    }
}

/// How to open an environment, kept to open it again.
struct LMDBSettings: Sendable {
    let path: String
    var mapBytes: Int
    let tables: Int
    let readers: Int
    var readOnly: Bool

    /// Pages are 4 KiB here and at most 64 KiB elsewhere; LMDB wants whole ones.
    static let mapUnit = 64 << 10

    /// Rounds up to whole pages.
    static func roundedMapBytes(_ bytes: Int) -> Int {
        let units = (max(bytes, 1) - 1) / mapUnit + 1
        return units.multipliedReportingOverflow(by: mapUnit).overflow ? bytes : units * mapUnit
    }

    /// Gives the lock file its blocks: LMDB maps it sparse, and a reader whose slot is on a page
    /// that a full disk cannot back would end the process with SIGBUS.
    func reserveLockFile() throws(StorageError) {
        guard !readOnly else { return }
        // 64 bytes a reader (`MDB_reader`), three times that before them (`MDB_txninfo`).
        let bytes = (readers + 3) * 64
        _ = try FileSystem.allocate(0..<bytes, of: "\(path)/lock.mdb", creates: true)
    }

    /// Opens the environment and frees the slots of dead readers.
    ///
    /// Never `MDB_NOSYNC`, never `MDB_WRITEMAP`: either could corrupt the file.
    func open() throws(StorageError) -> LMDBHandle {
        let handle = try open(path, MDB_NOTLS | (readOnly ? MDB_RDONLY : 0))
        var dead: Int32 = 0
        // SAFETY: the handle is open.
        try check(unsafe mdb_reader_check(handle.raw, &dead), "check readers")
        return handle
    }

    /// Makes the file of a new environment: whole and durable before it has its name.
    ///
    /// LMDB syncs the meta pages of a new file with the first commit. A power cut before that would
    /// leave a file that cannot be opened, and cannot be told from a damaged one.
    func makeFile() throws(StorageError) {
        let draft = path + "/new"
        try FileTree.remove(draft)
        try FileTree.makeDirectory(draft)
        _ = try open(draft, MDB_NOLOCK)
        try FileSystem.sync(file: DataFile.path(in: draft))
        try FileSystem.rename(DataFile.path(in: draft), to: DataFile.path(in: path))
        try FileTree.remove(draft)
    }

    private func open(_ path: String, _ flags: Int32) throws(StorageError) -> LMDBHandle {
        var created: OpaquePointer?
        // SAFETY: LMDB fills the pointer; `LMDBHandle` closes it on every path below.
        try check(unsafe mdb_env_create(&created), "create")
        guard let created = unsafe created else { throw .outOfMemory }
        let handle = unsafe LMDBHandle(raw: created)
        let raw = unsafe handle.raw
        try check(unsafe mdb_env_set_mapsize(raw, Self.roundedMapBytes(mapBytes)), "map")
        try check(unsafe mdb_env_set_maxdbs(raw, UInt32(clamping: tables)), "set tables")
        try check(unsafe mdb_env_set_maxreaders(raw, UInt32(clamping: readers)), "set readers")
        try check(unsafe mdb_env_open(raw, path, UInt32(flags), 0o640), "open")
        return handle
    }

    /// Opens one table in a transaction of its own.
    func openTable(
        _ name: String,
        in handle: LMDBHandle,
        creates: Bool
    ) throws(StorageError) -> UInt32 {
        var begun: OpaquePointer?
        let kind = UInt32(creates ? 0 : MDB_RDONLY)
        // SAFETY: the transaction is committed or aborted exactly once before this returns.
        try check(unsafe mdb_txn_begin(handle.raw, nil, kind, &begun), "open table \(name)")
        guard let transaction = unsafe begun else { throw .outOfMemory }
        var index: MDB_dbi = 0
        let code = unsafe mdb_dbi_open(
            transaction,
            name,
            UInt32(creates ? MDB_CREATE : 0),
            &index
        )
        guard code == MDB_SUCCESS else {
            unsafe mdb_txn_abort(transaction)
            if StorageStatus(rawValue: code) == .notFound { throw .unknownTable(name: name) }
            try check(code, "open table \(name)")
            throw .unknownTable(name: name)
        }
        try check(unsafe mdb_txn_commit(transaction), "open table \(name)")
        return index
    }

    private func check(_ code: Int32, _ operation: String) throws(StorageError) {
        let status = StorageStatus(rawValue: code)
        switch status {
        case .success: return
        case .readersFull: throw .readersFull(limit: readers)
        case .tablesFull: throw .tablesFull(limit: tables)
        case .mapFull: throw .mapFull(usedBytes: mapBytes, mapBytes: mapBytes)
        default: throw StorageError(status, operation, at: path)
        }
    }
}
