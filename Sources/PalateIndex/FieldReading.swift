import PalateFields
import PalateModel
import PalateStorage

/// What the fields of stored rows are by their payloads.
struct FieldReading {
    let store: GenerationStore
    let scheme: FieldScheme
    let payloads: PayloadReader

    /// What a row has, and what it is to have: the fields in its payload as they are there, the
    /// others as they are stored.
    func fields(
        of record: RowRecord,
        at slot: Ordinal,
        _ transaction: borrowing some Transaction & ~Copyable
    ) throws(IndexError) -> (stored: RowFields, expected: RowFields) {
        let stored = try store.rowFields(slot, transaction)
        guard scheme.readsPayloads else { return (stored, stored) }
        let payload = try payloads.payload(of: record, at: slot, store, transaction) ?? []
        let expected = scheme.fields(payload: payload, columns: [], at: 0, over: stored)
        return (stored, expected)
    }

    /// Stores the fields of live rows that have others than their payloads say.
    ///
    /// - Parameters:
    ///   - slots: whose rows.
    ///   - transaction: of the store.
    /// - Returns: what was stored.
    /// - Throws: damage, and what the disk says.
    func store(
        _ slots: Range<Ordinal>,
        _ transaction: inout WriteTransaction
    ) throws(IndexError) -> [(row: Ordinal, fields: RowFields)] {
        var changes: [(row: Ordinal, fields: RowFields)] = []
        for slot in slots {
            let record = try store.row(slot, transaction)
            guard !record.isDeleted else { continue }
            let (stored, expected) = try fields(of: record, at: slot, transaction)
            guard stored != expected else { continue }
            try store.put(expected, of: slot, &transaction)
            changes.append((slot, expected))
        }
        return changes
    }
}
