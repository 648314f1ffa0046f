import CLMDB

/// How `put` treats what is there.
package enum PutMode: Sendable {
    /// Replaces the value of an existing key.
    case replace
    /// Refuses an existing key with `keyExists`.
    case insert
    /// Writes behind the last key, filling pages to the end; refuses other keys with `keyOrder`.
    case append
}

/// Changes that become visible and durable together, or not at all.
///
/// Changing needs exclusive access, so a span read from this transaction cannot be used after a
/// change: LMDB may have moved what it points at.
@safe
package struct WriteTransaction: Transaction, ~Copyable {
    // SAFETY: LMDB's transaction is open as long as the body that was lent `self` runs, and a
    // change has `self` alone: no cursor and no span is around.

    /// The handle, of use to this target only.
    package let access: TransactionAccess
    /// Bytes of keys and values written so far: split the work at `Environment.transactionBytes`.
    package private(set) var writtenByteCount = 0
    /// Keys written or deleted.
    private var changeCount = 0
    /// The first failure; the commit reports it even when the body swallowed it.
    private(set) var failure: StorageError?
    private let mapBytes: Int

    init(access: TransactionAccess, mapBytes: Int) {
        self.access = access
        self.mapBytes = mapBytes
    }

    /// Writes the value of `key`.
    ///
    /// The corresponding C function is `mdb_put`.
    package mutating func put<Key: TableKey>(
        _ table: Table<Key>,
        _ key: Key,
        _ bytes: RawSpan,
        mode: PutMode = .replace
    ) throws(StorageError) {
        try checkSize(bytes.byteCount, of: table)
        let handle = unsafe access.handle
        let status = try unsafe key.withValue { name in
            // SAFETY: LMDB copies the value before it returns and never writes through the pointer.
            unsafe bytes.withUnsafeBytes { buffer in
                var value = unsafe MDB_val(
                    mv_size: buffer.count,
                    mv_data: UnsafeMutableRawPointer(mutating: buffer.baseAddress)
                )
                return unsafe mdb_put(handle, table.index, &name, &value, mode.flags)
            }
        }
        try finish(status, "write", table, mode: mode)
        writtenByteCount += key.keyByteCount + bytes.byteCount
    }

    /// Writes the value of `key` from an array.
    package mutating func put<Key: TableKey>(
        _ table: Table<Key>,
        _ key: Key,
        _ bytes: [UInt8],
        mode: PutMode = .replace
    ) throws(StorageError) {
        // SAFETY: bytes have no padding.
        try put(table, key, unsafe bytes.span.bytes, mode: mode)
    }

    /// Makes room for the value of `key` and lets `body` write it in place, which saves a copy.
    ///
    /// - Parameters:
    ///   - table: where.
    ///   - key: whose value.
    ///   - byteCount: size of the value.
    ///   - mode: as for `put`.
    ///   - body: gets shape [byteCount], zero.
    /// - Throws: as `put`, and what `body` throws: then the whole transaction fails.
    package mutating func reserve<Key: TableKey>(
        _ table: Table<Key>,
        _ key: Key,
        byteCount: Int,
        mode: PutMode = .replace,
        _ body: (inout MutableRawSpan) throws(StorageError) -> Void
    ) throws(StorageError) {
        try checkSize(byteCount, of: table)
        let handle = unsafe access.handle
        var value = unsafe MDB_val(mv_size: byteCount, mv_data: nil)
        let flags = mode.flags | UInt32(MDB_RESERVE)
        let status = try unsafe key.withValue { name in
            unsafe mdb_put(handle, table.index, &name, &value, flags)
        }
        try finish(status, "write", table, mode: mode)
        writtenByteCount += key.keyByteCount + byteCount
        guard let start = unsafe value.mv_data else { return }
        // SAFETY: LMDB owns `byteCount` bytes at `start` until the next change, and `self` is
        // exclusively held while `body` runs. The memory may be recycled, so it is zeroed first.
        unsafe start.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        var bytes = unsafe MutableRawSpan(_unsafeStart: start, byteCount: byteCount)
        do {
            try body(&bytes)
        } catch {
            // The key would be left with half a value.
            failure = failure ?? error
            throw error
        }
    }

    /// Removes `key`; false when it was not there.
    ///
    /// The corresponding C function is `mdb_del`.
    @discardableResult
    package mutating func delete<Key: TableKey>(
        _ table: Table<Key>,
        _ key: Key
    ) throws(StorageError) -> Bool {
        try access.check(table)
        let handle = unsafe access.handle
        let status = try unsafe key.withValue { name in
            unsafe mdb_del(handle, table.index, &name, nil)
        }
        guard status != .notFound else { return false }
        try finish(status, "delete", table, mode: .replace)
        writtenByteCount += key.keyByteCount
        return true
    }

    /// Removes every entry and keeps the table.
    ///
    /// The corresponding C function is `mdb_drop`.
    package mutating func removeAll<Key: TableKey>(_ table: Table<Key>) throws(StorageError) {
        try access.check(table)
        // SAFETY: the transaction is open, and no cursor is: cursors borrow `self`.
        let code = unsafe mdb_drop(access.handle, table.index, 0)
        try finish(StorageStatus(rawValue: code), "empty", table, mode: .replace)
    }

    /// Bytes that the commit may add to the file.
    ///
    /// A page for every key, which may have a leaf of its own, or twice what was written where that
    /// is more; loads add 1.4 times what they write.
    func growthBound(pageBytes: Int) -> Int { max(changeCount * pageBytes, 2 * writtenByteCount) }

    private func checkSize<Key>(_ byteCount: Int, of table: Table<Key>) throws(StorageError) {
        try access.check(table)
        guard (0...Environment.valueBytesMax).contains(byteCount) else {
            throw .valueTooLarge(got: byteCount, expected: Environment.valueBytesMax)
        }
    }

    private mutating func finish<Key>(
        _ status: StorageStatus,
        _ operation: String,
        _ table: Table<Key>,
        mode: PutMode
    ) throws(StorageError) {
        switch status {
        case .success:
            changeCount += 1
            return
        case .keyExists:
            // Not a failure of the transaction: nothing was changed.
            throw mode == .append ? .keyOrder(table: table.name) : .keyExists(table: table.name)
        case .mapFull:
            failure = failure ?? .mapFull(usedBytes: mapBytes, mapBytes: mapBytes)
        default:
            failure = failure ?? StorageError(status, operation, at: table.name)
        }
        if let failure { throw failure }
    }
}

extension PutMode {
    fileprivate var flags: UInt32 {
        switch self {
        case .replace: 0
        case .insert: UInt32(MDB_NOOVERWRITE)
        case .append: UInt32(MDB_APPEND)
        }
    }
}
