import PalateModel
package import PalateStorage

extension IndexError: StorageFailure {
    /// Wraps what the storage layer says.
    package init(_ error: StorageError) { self = .storage(error) }
}

extension Transaction where Self: ~Copyable {
    /// The raw value of `key`.
    @_lifetime(borrow self)
    func value<Key: TableKey>(_ table: Table<Key>, _ key: Key) throws(IndexError) -> RawSpan? {
        do {
            return try get(table, key)
        } catch {
            throw .storage(error)
        }
    }

    /// The record of `key`, its checksum checked.
    func record<Record: FormatRecord, Key: FormatKey>(
        _ type: Record.Type,
        _ table: Table<Key>,
        _ key: Key
    ) throws(IndexError) -> Record? {
        guard let value = try value(table, key) else { return nil }
        let body = try Sealed.open(value, table: table.name, key: key.keyBytes)
        return try Record(body: body, place: Sealed.place(table.name, key.keyBytes))
    }
}

extension WriteTransaction {
    /// Stores `body` with its checksum.
    mutating func putSealed<Key: FormatKey>(
        _ table: Table<Key>,
        _ key: Key,
        _ body: [UInt8]
    ) throws(IndexError) {
        do {
            try put(table, key, Sealed.seal(body, key: key.keyBytes).span.rawBytes)
        } catch {
            throw .storage(error)
        }
    }
}

extension WriteTransaction {
    /// Stores bytes that carry their own checksums.
    mutating func putRaw<Key: TableKey>(
        _ table: Table<Key>,
        _ key: Key,
        _ bytes: RawSpan
    ) throws(IndexError) {
        do {
            try put(table, key, bytes)
        } catch {
            throw .storage(error)
        }
    }

    /// Removes a key; false where it was not there.
    @discardableResult
    mutating func remove<Key: TableKey>(
        _ table: Table<Key>,
        _ key: Key
    ) throws(IndexError) -> Bool {
        do {
            return try delete(table, key)
        } catch {
            throw .storage(error)
        }
    }
}

extension Environment {
    /// Visits the checked bodies of a table in key order, `chunk` per read transaction, so that a
    /// long table pins no pages.
    func forEachSealed<Key: FormatKey>(
        _ table: Table<Key>,
        chunk: Int = 4_096,
        _ body: (Key, RawSpan) throws(IndexError) -> Void
    ) throws(IndexError) {
        var start: Key?
        repeat {
            start = try read(failingWith: IndexError.self) { transaction throws(IndexError) in
                var cursor = try transaction.sealedCursor(table, from: start)
                defer { cursor.close() }
                for _ in 0..<chunk {
                    guard let key = try cursor.step() else { return nil }
                    let value = cursor.value
                    try body(
                        key,
                        try Sealed.open(value, table: table.name, key: key.keyBytes)
                    )
                }
                return try cursor.step()
            }
        } while start != nil
    }
}

extension Transaction where Self: ~Copyable {
    /// A cursor whose failures are this layer's.
    @_lifetime(borrow self)
    func sealedCursor<Key: TableKey>(
        _ table: Table<Key>,
        from start: Key?
    ) throws(IndexError) -> Cursor<Key> {
        do {
            return try cursor(table, from: start)
        } catch {
            throw .storage(error)
        }
    }
}

extension Cursor {
    /// The next key; nil at the end.
    @_lifetime(self: copy self)
    mutating func step() throws(IndexError) -> Key? {
        do {
            return try next()
        } catch {
            throw .storage(error)
        }
    }
}

/// Keys whose bytes go into a seal.
protocol FormatKey: TableKey {
    var keyBytes: [UInt8] { get }
}

extension UInt32: FormatKey { var keyBytes: [UInt8] { Format.key(self) } }
extension UInt64: FormatKey { var keyBytes: [UInt8] { Format.key(self) } }
extension [UInt8]: FormatKey { var keyBytes: [UInt8] { self } }
