/// A named table of an open environment.
///
/// Values are bytes; the format's owner gives them a meaning.
///
/// Opened once, by `Environment.table`, and valid until the environment closes.
package struct Table<Key: TableKey>: Sendable {
    /// The name in the file.
    package let name: String
    /// LMDB's `MDB_dbi`.
    let index: UInt32
    /// Which environment the index means something to.
    let environment: UInt64
}
