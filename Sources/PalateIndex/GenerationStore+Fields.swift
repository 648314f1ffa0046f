import PalateFields
import PalateModel
import PalateStorage

// The fields of rows: the declarations in `meta`, a record per row that has any in `fields`.
extension GenerationStore {
    /// Finds the table in the file, or makes it: with the first field, so that opening a full disk
    /// does not need room for it.
    func openFields(creating: Bool) throws(IndexError) {
        guard fieldTable == nil else { return }
        let name = Format.Table.fields.rawValue
        do throws(StorageError) {
            if !creating {
                guard try environment.tableNames().contains(name) else { return }
            }
            let table = try environment.table(name, key: UInt32.self, creates: creating)
            fieldPlace.withWriteLock { $0 = table }
        } catch {
            throw .storage(error)
        }
    }

    /// The rows' fields; nil while no field was ever declared.
    var fieldTable: Table<UInt32>? { fieldPlace.withReadLock { $0 } }

    /// The declared fields.
    func fieldScheme(
        _ transaction: borrowing some Transaction & ~Copyable
    ) throws(IndexError) -> FieldSchemeRecord {
        let key = Format.MetaKey.fields
        return try transaction.record(FieldSchemeRecord.self, meta, key) ?? FieldSchemeRecord()
    }

    /// The stored fields of a row.
    func rowFields(
        _ slot: Ordinal,
        _ transaction: borrowing some Transaction & ~Copyable
    ) throws(IndexError) -> RowFields {
        guard let fieldTable else { return RowFields() }
        return try transaction.record(RowFields.self, fieldTable, slot) ?? RowFields()
    }

    /// Stores the fields of a row; none take no room.
    func put(
        _ fields: RowFields,
        of slot: Ordinal,
        _ transaction: inout WriteTransaction
    ) throws(IndexError) {
        guard let fieldTable else { return }
        if fields.entries.isEmpty {
            try transaction.remove(fieldTable, slot)
        } else {
            try transaction.putSealed(fieldTable, slot, fields.bytes)
        }
    }
}
