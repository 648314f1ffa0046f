import PalateModel
import PalateStorage

/// A closed store's environment, for what no server does to it.
func openTables(_ path: String) throws -> Environment {
    try Environment(path: path, mapBytes: 1 << 28, tables: 12)
}

/// Flips a bit in the value of the `index`th entry; false where there are fewer.
func flip(_ name: String, index: Int, in path: String) throws -> Bool {
    let environment = try openTables(path)
    let table = try environment.table(name, key: [UInt8].self)
    return try environment.write { transaction throws(StorageError) in
        guard let (key, value) = try entry(index, of: table, transaction) else { return false }
        var bytes = value
        bytes[bytes.count / 2] ^= 0x10
        try transaction.put(table, key, bytes)
        return true
    }
}

private func entry(
    _ index: Int,
    of table: Table<[UInt8]>,
    _ transaction: borrowing WriteTransaction
) throws(StorageError) -> (key: [UInt8], value: [UInt8])? {
    var cursor = try transaction.cursor(table)
    var position = 0
    while let key = try cursor.next() {
        if position == index { return (key, cursor.value.copied) }
        position += 1
    }
    return nil
}
