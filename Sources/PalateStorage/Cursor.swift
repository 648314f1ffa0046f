import CLMDB
import Synchronization

/// Cursors that are open now, in all environments.
package enum OpenCursors {
    fileprivate static let opened = Atomic<Int>(0)

    /// 0 where every cursor was closed: LMDB frees those of read transactions by nothing else.
    package static var count: Int { opened.load(ordering: .relaxed) }
}

/// A position in one table, moving in key order.
///
/// The value it shows borrows the cursor. Whoever makes one closes it, by `defer`: in
/// release builds by Swift 6.3.1 the deinitialiser did not run for 3,872 of a scrubber's 3,878.
@safe
package struct Cursor<Key: TableKey>: ~Copyable, ~Escapable {
    // SAFETY: the cursor borrows its transaction, so LMDB's handle and the bytes of `current` are
    // valid as long as `self` is, and `current` is replaced whenever the cursor moves.

    /// nil once closed.
    private var handle: OpaquePointer?
    private let table: String
    private let start: Key?
    private var current = unsafe MDB_val()
    private var isPlaced = false
    private var isAtEnd = false

    @_lifetime(immortal)
    init(access: TransactionAccess, table: Table<Key>, start: Key?) throws(StorageError) {
        var opened: OpaquePointer?
        let code = unsafe mdb_cursor_open(access.handle, table.index, &opened)
        let status = StorageStatus(rawValue: code)
        guard status == .success, let opened = unsafe opened else {
            throw StorageError(status, "iterate", at: table.name)
        }
        unsafe handle = opened
        OpenCursors.opened.wrappingAdd(1, ordering: .relaxed)
        self.table = table.name
        self.start = start
    }

    deinit { unsafe Self.close(handle) }

    /// Gives the position up; nothing comes after it.
    @_lifetime(self: copy self)
    package mutating func close() {
        unsafe Self.close(handle)
        unsafe handle = nil
        unsafe current = MDB_val()
        isAtEnd = true
    }

    private static func close(_ handle: OpaquePointer?) {
        guard let handle = unsafe handle else { return }
        // SAFETY: closed once, and before its transaction, which the cursor borrows.
        unsafe mdb_cursor_close(handle)
        OpenCursors.opened.wrappingSubtract(1, ordering: .relaxed)
    }

    /// The value at the position; empty before the first `next` and after the last.
    package var value: RawSpan {
        @_lifetime(borrow self)
        get {
            // SAFETY: LMDB keeps the bytes until the cursor moves or the transaction changes.
            unsafe _overrideLifetime(current.bytes, borrowing: self)
        }
    }

    /// Moves to the next key; nil at the end, and from then on.
    ///
    /// The corresponding C function is `mdb_cursor_get`.
    @_lifetime(self: copy self)
    package mutating func next() throws(StorageError) -> Key? {
        guard !isAtEnd else { return nil }
        if isPlaced { return try move(MDB_NEXT) }
        guard let start else { return try move(MDB_FIRST) }
        return try seek(start)
    }

    /// Moves to the previous key, from the end when not placed yet; nil at the beginning.
    @_lifetime(self: copy self)
    package mutating func previous() throws(StorageError) -> Key? {
        guard !isAtEnd else { return nil }
        return try move(isPlaced ? MDB_PREV : MDB_LAST)
    }

    /// Moves to the highest key; nil when the table is empty.
    @_lifetime(self: copy self)
    package mutating func last() throws(StorageError) -> Key? {
        isAtEnd = false
        return try move(MDB_LAST)
    }

    /// Moves to the first key that is not below `key`; nil when all are.
    @_lifetime(self: copy self)
    package mutating func seek(_ key: Key) throws(StorageError) -> Key? {
        isAtEnd = false
        var found = unsafe MDB_val()
        var value = unsafe MDB_val()
        let handle = unsafe handle
        let status = try unsafe key.withValue { bytes in
            unsafe found = bytes
            let code = unsafe mdb_cursor_get(handle, &found, &value, MDB_SET_RANGE)
            return code
        }
        return try unsafe land(status, found, value)
    }

    @_lifetime(self: copy self)
    private mutating func move(_ operation: MDB_cursor_op) throws(StorageError) -> Key? {
        var found = unsafe MDB_val()
        var value = unsafe MDB_val()
        // SAFETY: the cursor is open; LMDB sets both values when it answers success.
        let code = unsafe mdb_cursor_get(handle, &found, &value, operation)
        return try unsafe land(StorageStatus(rawValue: code), found, value)
    }

    @_lifetime(self: copy self)
    private mutating func land(
        _ status: StorageStatus,
        _ found: MDB_val,
        _ value: MDB_val
    ) throws(StorageError) -> Key? {
        guard status == .success else {
            isAtEnd = true
            unsafe current = MDB_val()
            guard status == .notFound else { throw StorageError(status, "iterate", at: table) }
            return nil
        }
        isPlaced = true
        unsafe current = value
        // SAFETY: on success `found` points at the key inside the map.
        guard let key = Key(decoding: unsafe found.bytes) else {
            throw .corrupt(where: "\(table): a key of \(unsafe found.mv_size) bytes")
        }
        return key
    }
}
