import CLMDB
import PalateModel

/// What a transaction lends to the reads below: LMDB's handle, and whose it is.
@safe
package struct TransactionAccess {
    let handle: OpaquePointer
    let environment: UInt64
}

/// Reads that a read and a write transaction share.
///
/// Every span points into the map and borrows the transaction, so the compiler refuses to let it
/// outlive the transaction, or a later change in a write transaction. Values of up to about 2 KB
/// are 2-byte aligned, larger ones 16-byte: never rebind one to a wider type.
package protocol Transaction: ~Copyable, ~Escapable {
    /// The handle, of use to this target only.
    var access: TransactionAccess { get }
}

/// A consistent view of the last commit, for milliseconds: it pins the pages it can see.
package struct ReadTransaction: Transaction, ~Copyable {
    /// The handle, of use to this target only.
    package let access: TransactionAccess

    init(access: TransactionAccess) { self.access = access }
}

extension Transaction where Self: ~Copyable & ~Escapable {
    /// The value of `key`; nil when there is none.
    ///
    /// The corresponding C function is `mdb_get`.
    @_lifetime(borrow self)
    package func get<Key: TableKey>(
        _ table: Table<Key>,
        _ key: Key
    ) throws(StorageError) -> RawSpan? {
        try access.check(table)
        // SAFETY: the transaction is open as long as `self` is borrowed.
        let handle = unsafe access.handle
        var value = unsafe MDB_val()
        let status = try unsafe key.withValue { name in
            unsafe mdb_get(handle, table.index, &name, &value)
        }
        guard status != .notFound else { return nil }
        guard status == .success else { throw StorageError(status, "read", at: table.name) }
        // SAFETY: LMDB keeps the bytes in place until the transaction ends or changes, and the
        // result borrows the transaction.
        return unsafe _overrideLifetime(value.bytes, borrowing: self)
    }

    /// A copy of the value of `key`; nil when there is none.
    package func bytes<Key: TableKey>(
        _ table: Table<Key>,
        _ key: Key
    ) throws(StorageError) -> [UInt8]? {
        try get(table, key)?.copied
    }

    /// Whether `key` has a value.
    package func contains<Key: TableKey>(
        _ table: Table<Key>,
        _ key: Key
    ) throws(StorageError) -> Bool {
        try get(table, key) != nil
    }

    /// How many keys the table has; constant time.
    ///
    /// The corresponding C function is `mdb_stat`.
    package func count<Key: TableKey>(_ table: Table<Key>) throws(StorageError) -> Int {
        try access.check(table)
        var figures = MDB_stat()
        // SAFETY: the transaction is open as long as `self` is borrowed.
        let code = unsafe mdb_stat(access.handle, table.index, &figures)
        let status = StorageStatus(rawValue: code)
        guard status == .success else { throw StorageError(status, "count", at: table.name) }
        return Int(clamping: figures.ms_entries)
    }

    /// The lowest key; nil when the table is empty.
    package func firstKey<Key: TableKey>(_ table: Table<Key>) throws(StorageError) -> Key? {
        var cursor = try cursor(table)
        defer { cursor.close() }
        return try cursor.next()
    }

    /// The highest key; nil when the table is empty.
    package func lastKey<Key: TableKey>(_ table: Table<Key>) throws(StorageError) -> Key? {
        var cursor = try cursor(table)
        defer { cursor.close() }
        return try cursor.last()
    }

    /// A cursor before the first key that is not below `start`; nil is the table's beginning.
    ///
    /// The corresponding C function is `mdb_cursor_open`.
    @_lifetime(borrow self)
    package func cursor<Key: TableKey>(
        _ table: Table<Key>,
        from start: Key? = nil
    ) throws(StorageError) -> Cursor<Key> {
        try access.check(table)
        let cursor = try Cursor(access: access, table: table, start: start)
        // SAFETY: LMDB's cursor belongs to the transaction, which the result borrows.
        return unsafe _overrideLifetime(cursor, borrowing: self)
    }

    /// Visits entries in key order, from the first key not below `start`, until `body` says stop.
    package func forEach<Key: TableKey>(
        _ table: Table<Key>,
        from start: Key? = nil,
        _ body: (Key, RawSpan) throws(StorageError) -> Iteration
    ) throws(StorageError) {
        var cursor = try cursor(table, from: start)
        defer { cursor.close() }
        while let key = try cursor.next() {
            if try body(key, cursor.value) == .stop { return }
        }
    }
}

/// What the body of `forEach` answers.
package enum Iteration: Sendable {
    /// Go on.
    case proceed
    /// This was the last one.
    case stop
}

extension TransactionAccess {
    /// Refuses a table of another environment, whose index would mean another table here.
    func check<Key>(_ table: Table<Key>) throws(StorageError) {
        guard table.environment == environment else { throw .foreignTable(name: table.name) }
    }
}

extension MDB_val {
    /// The bytes LMDB points at.
    var bytes: RawSpan {
        @_lifetime(immortal)
        get {
            // SAFETY: start and size come from one LMDB call; the caller narrows the lifetime.
            guard let start = unsafe mv_data else { return RawSpan() }
            let bytes = unsafe RawSpan(_unsafeStart: start, byteCount: mv_size)
            return unsafe _overrideLifetime(bytes, borrowing: ())
        }
    }
}
