package import PalateFields
package import PalateModel
import PalateStorage

/// The fields' values in memory: read by filters, written by the collection's writer.
package final class FieldStore: Sendable {
    /// Rows written before readers get a turn.
    private static let rowsPerTurn = 256

    private let table: ReadWriteLock<FieldTable>
    private let directory: ItemDirectory
    private let cache = FilterCache()

    init(_ table: FieldTable, _ directory: ItemDirectory) {
        self.table = ReadWriteLock(table)
        self.directory = directory
    }

    // MARK: Reading

    /// Runs `body` with the values as they are now.
    package func read<Result, Failure: Error>(
        _ body: (borrowing FieldTable) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try table.withReadLock(body)
    }

    /// The rows that pass a filter now, and the version of the values they were found by.
    ///
    /// - Throws: `unknownField`, `fieldNotReady`, `wrongFieldType`.
    package func matches(
        _ filter: Filter
    ) throws(RequestError) -> (rows: RowSet, version: UInt64) {
        try table.withReadLock { table throws(RequestError) in
            if let rows = cache.rows(filter, version: table.version) {
                return (rows, table.version)
            }
            try table.check(filter)
            let rows = table.matches(filter) { items in
                var ordinals: [Ordinal] = []
                directory.appendOrdinals(of: items, to: &ordinals)
                return RowSet(ordinals.sorted())
            }
            cache.keep(rows, filter, version: table.version)
            return (rows, table.version)
        }
    }

    /// Whether the rows of a filter are known already.
    package func knows(_ filter: Filter) -> Bool {
        table.withReadLock { cache.rows(filter, version: $0.version) != nil }
    }

    /// Changes with every write.
    package var version: UInt64 { table.withReadLock { $0.version } }

    /// What is known of each field.
    package var figures: [FieldFigures] { table.withReadLock { $0.figures } }

    /// The declared fields.
    package var declarations: [FieldDeclaration] { table.withReadLock { $0.declarations } }

    /// Bytes of memory.
    package var byteCount: Int { table.withReadLock { $0.byteCount } + cache.byteCount }

    // MARK: Writing

    /// Takes over fields that were declared, or became ready.
    func adopt(_ record: FieldSchemeRecord) {
        table.withWriteLock { table in
            for field in record.declarations.dropFirst(table.declarations.count) {
                table.declare(field, isReady: false)
            }
            if record.isReady { table.makeReady() }
        }
    }

    /// Gives rows their fields, in order.
    func put(_ rows: [(row: Ordinal, fields: RowFields)]) {
        for first in stride(from: 0, to: rows.count, by: Self.rowsPerTurn) {
            table.withWriteLock { table in
                for entry in rows[first..<min(first + Self.rowsPerTurn, rows.count)] {
                    table.put(entry.row, entry.fields)
                }
            }
        }
        if !rows.isEmpty { table.withWriteLock { $0.settle() } }
    }

    /// Takes a row out.
    func remove(_ row: Ordinal) { table.withWriteLock { $0.remove(row) } }
}

extension FieldTable {
    /// The values of a generation that is being opened.
    ///
    /// - Parameters:
    ///   - store: of the generation.
    ///   - live: rows that stand for an item.
    /// - Throws: damage.
    init(reading store: GenerationStore, live: some Sequence<Ordinal>) throws(IndexError) {
        self.init()
        let scheme = try store.environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in try store.fieldScheme(transaction)
        }
        for (index, field) in scheme.declarations.enumerated() {
            declare(field, isReady: index < scheme.readyCount)
        }
        let none = RowFields()
        for row in live { put(row, none) }
        guard let table = store.fieldTable else { return }
        try store.environment.forEachSealed(table) { row, body throws(IndexError) in
            let fields = try RowFields(
                body: body,
                place: Sealed.place(table.name, Format.key(row))
            )
            guard present.contains(row) else {
                throw .corrupt(
                    place: Sealed.place(table.name, Format.key(row)),
                    reason: "fields of a row that is not live"
                )
            }
            try check(fields, of: row, table.name)
            put(row, fields)
        }
        settle()
    }

    /// Refuses stored fields that are not of their types.
    private func check(
        _ fields: RowFields,
        of row: Ordinal,
        _ table: String
    ) throws(IndexError) {
        for (id, entry) in fields.entries {
            let type = declarations.first { $0.id == id }?.type
            guard case .value(let value) = entry else {
                if type != nil { continue }
                throw .corrupt(
                    place: Sealed.place(table, Format.key(row)),
                    reason: "no field \(id) is declared"
                )
            }
            guard let type, ColumnRegistry.column(type).holds(value) else {
                throw .corrupt(
                    place: Sealed.place(table, Format.key(row)),
                    reason: "\(value) in field \(id), which is \(type?.name ?? "not declared")"
                )
            }
        }
    }
}
