import PalateStorage
import TestKit

/// An environment in a directory of its own, reopened at will.
struct Fixture {
    let directory = TemporaryDirectory()
    var mapBytes = 16 << 20

    var path: String { "\(directory.path)/env" }

    func open(
        readOnly: Bool = false,
        creates: Bool = true,
        checksPages: Bool = true,
        readers: Int = 126
    ) throws(StorageError) -> Environment {
        try Environment(
            path: path,
            mapBytes: mapBytes,
            tables: 8,
            readers: readers,
            readOnly: readOnly,
            creates: creates,
            checksPages: checksPages
        )
    }
}

/// Bytes that depend on a seed, and compress badly.
func noise(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
}

extension Environment {
    /// All entries of a table.
    func dump<Key: TableKey & Hashable>(
        _ table: Table<Key>
    ) throws(StorageError) -> [Key: [UInt8]] {
        try read { transaction throws(StorageError) in
            var all: [Key: [UInt8]] = [:]
            try transaction.forEach(table) { key, bytes in
                all[key] = copied(bytes)
                return .proceed
            }
            return all
        }
    }

    /// One value in a transaction of its own.
    func put<Key: TableKey>(
        _ table: Table<Key>,
        _ key: Key,
        _ bytes: [UInt8],
        _ intent: WriteIntent = .grow
    ) throws(StorageError) {
        try write(intent) { transaction throws(StorageError) in
            try transaction.put(table, key, bytes.span.bytes)
        }
    }

    /// One value.
    func value<Key: TableKey>(
        _ table: Table<Key>,
        _ key: Key
    ) throws(StorageError) -> [UInt8]? {
        try read { transaction throws(StorageError) in try transaction.bytes(table, key) }
    }
}

/// A copy of borrowed bytes.
func copied(_ bytes: RawSpan) -> [UInt8] {
    bytes.withUnsafeBytes { [UInt8]($0) }
}
