import PalateStorage

extension Environment {
    /// Visits every entry of a table as bytes, whatever its key and value are, `chunk` per read
    /// transaction.
    func forEachEntry(
        _ name: String,
        chunk: Int = 4_096,
        _ body: ([UInt8], RawSpan, borrowing ReadTransaction) throws(IndexError) -> Void
    ) throws(IndexError) {
        let table = try stored { () throws(StorageError) in
            try self.table(name, key: [UInt8].self)
        }
        var start: [UInt8]?
        repeat {
            start = try read(failingWith: IndexError.self) { transaction throws(IndexError) in
                var cursor = try transaction.sealedCursor(table, from: start)
                defer { cursor.close() }
                for _ in 0..<chunk {
                    guard let key = try cursor.step() else { return nil }
                    try body(key, cursor.value, transaction)
                }
                return try cursor.step()
            }
        } while start != nil
    }
}
