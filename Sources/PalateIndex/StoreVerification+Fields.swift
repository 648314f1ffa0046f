import PalateFields
import PalateModel
import PalateStorage

// Fields: every live row has those that its payload says, and nobody else has any.
extension StoreVerification {
    mutating func checkFields() throws(IndexError) {
        let store = store
        let scheme = try store.environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in try store.fieldScheme(transaction)
        }
        guard store.fieldTable != nil else {
            if !scheme.declarations.isEmpty { find("fields", "", "missing", "a table") }
            return
        }
        try checkFieldEntries(scheme)
        try checkPayloadFields(scheme)
    }

    /// What is stored belongs to live rows, and is of declared fields and their types.
    private mutating func checkFieldEntries(_ scheme: FieldSchemeRecord) throws(IndexError) {
        let store = store
        let types = Dictionary(uniqueKeysWithValues: scheme.declarations.map { ($0.id, $0.type) })
        try store.environment.forEachEntry("fields") { key, value, transaction throws(IndexError) in
            guard let ordinal = self.ordinal(key, "fields", below: rowCount) else { return }
            note { pass throws(IndexError) in
                let body = try Sealed.open(value, table: "fields", key: key)
                let fields = try RowFields(body: body, place: Sealed.place("fields", key))
                pass.collection.fields += fields.entries.count
                if (try? store.row(ordinal, transaction))?.isDeleted == true {
                    pass.find("fields", key, "an entry", "none: its row is deleted")
                }
                for (id, entry) in fields.entries {
                    guard let type = types[id] else {
                        pass.find("fields", key, "field \(id)", "a declared field")
                        continue
                    }
                    if case .value(let value) = entry, !ColumnRegistry.column(type).holds(value) {
                        pass.find("fields", key, "\(value)", type.name)
                    }
                }
            }
        }
    }

    /// Fields in payloads are as the payloads have them, where rows have been read for them.
    private mutating func checkPayloadFields(_ scheme: FieldSchemeRecord) throws(IndexError) {
        let store = store
        let reading = FieldReading(
            store: store,
            scheme: FieldScheme(scheme),
            payloads: PayloadReader()
        )
        let read = scheme.isReady ? rowCount : min(rowCount, scheme.builtSlots)
        for first in stride(from: 0, to: read, by: CodeTraining.rowsPerRead) {
            let end = min(read, first + UInt32(CodeTraining.rowsPerRead))
            try store.environment.read(failingWith: IndexError.self) {
                transaction throws(IndexError) in
                for slot in first..<end {
                    // Rows and payloads that cannot be read have findings of their own.
                    guard let record = try? store.row(slot, transaction), !record.isDeleted,
                        let fields = try? reading.fields(of: record, at: slot, transaction),
                        fields.stored != fields.expected
                    else { continue }
                    find(
                        "fields",
                        Format.key(slot),
                        "\(fields.stored.entries.count) fields",
                        "\(fields.expected.entries.count), as in the payload"
                    )
                }
            }
        }
    }
}
