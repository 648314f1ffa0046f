package import PalateModel

/// Every field's values in memory, and the filters that read them.
///
/// A value, kept behind a lock by whoever owns it: read for the microseconds that a filter takes,
/// written in batches. `present` is maintained even where no field is declared: `not` and lists of
/// items are relative to it.
package struct FieldTable: Sendable {
    /// One field.
    private struct Field: Sendable {
        var declaration: FieldDeclaration
        var column: any Column
        var mistyped = RowSet()
        var isReady: Bool
    }

    private var fields: [Field] = []
    /// Rows that stand for an item.
    package private(set) var present = RowSet()
    /// Changes with every write.
    package private(set) var version: UInt64 = 0

    /// No fields and no rows.
    package init() {}

    // MARK: Fields

    /// Adds a field; until it is ready, filters may not name it.
    package mutating func declare(_ declaration: FieldDeclaration, isReady: Bool) {
        let column = ColumnRegistry.column(declaration.type).init()
        fields.append(Field(declaration: declaration, column: column, isReady: isReady))
    }

    /// Lets filters name every field declared.
    package mutating func makeReady() {
        for index in fields.indices { fields[index].isReady = true }
    }

    /// The fields, in the order of their declaration.
    package var declarations: [FieldDeclaration] { fields.map(\.declaration) }

    /// Whether all fields may be named.
    package var isReady: Bool { fields.allSatisfy(\.isReady) }

    /// What is known of each field.
    package var figures: [FieldFigures] {
        fields.map { field in
            let valued = field.column.presence.count
            return FieldFigures(
                declaration: field.declaration,
                isReady: field.isReady,
                valued: UInt64(valued),
                missing: UInt64(present.count - valued - field.mistyped.count),
                mistyped: UInt64(field.mistyped.count),
                distinct: UInt64(field.column.distinctCount),
                bytes: UInt64(field.column.byteCount + field.mistyped.byteCount)
            )
        }
    }

    /// Bytes of memory, all fields together.
    package var byteCount: Int {
        fields.reduce(present.byteCount) {
            $0 + $1.column.byteCount + $1.mistyped.byteCount
        }
    }

    // MARK: Rows

    /// Lets a row stand for an item with these fields, whatever it had before.
    package mutating func put(_ row: Ordinal, _ values: RowFields) {
        version += 1
        present.insert(row)
        for index in fields.indices {
            switch values.entries[fields[index].declaration.id] {
            case .value(let value):
                fields[index].column.set(value, at: row)
                fields[index].mistyped.remove(row)
            case .mistyped:
                fields[index].column.clear(row)
                fields[index].mistyped.insert(row)
            case nil:
                fields[index].column.clear(row)
                fields[index].mistyped.remove(row)
            }
        }
    }

    /// Takes a row out: it stands for no item any more.
    package mutating func remove(_ row: Ordinal) {
        version += 1
        present.remove(row)
        for index in fields.indices {
            fields[index].column.clear(row)
            fields[index].mistyped.remove(row)
        }
    }

    /// Looks after what many writes have brought out of order; call after every batch.
    package mutating func settle() {
        for index in fields.indices { fields[index].column.settle() }
    }

    // MARK: Reading

    private func field(_ id: FieldID) -> Field? { fields.first { $0.declaration.id == id } }

    /// The column of a field that is ready.
    ///
    /// - Throws: `unknownField`, `fieldNotReady`.
    package func column(_ id: FieldID) throws(RequestError) -> any Column {
        guard let field = field(id) else { throw .unknownField(name: "#\(id)") }
        guard field.isReady else { throw .fieldNotReady(name: field.declaration.name) }
        return field.column
    }

    /// Refuses a filter that names what is not there or tests what a type has not.
    ///
    /// - Throws: `unknownField`, `fieldNotReady`, `wrongFieldType`.
    package func check(_ filter: Filter) throws(RequestError) {
        switch filter {
        case .all, .items: return
        case .and(let parts), .or(let parts):
            for part in parts { try check(part) }
        case .not(let part): try check(part)
        case .field(let id, let test):
            let type = Swift.type(of: try column(id)).type
            guard test.suits(type) else {
                let name = field(id)?.declaration.name ?? ""
                throw .wrongFieldType(name: name, got: test.name, expected: type.name)
            }
        }
    }

    /// The rows that pass a filter that was checked.
    ///
    /// - Parameters:
    ///   - filter: checked.
    ///   - rowsOf: the rows that stand for items.
    /// - Returns: rows that stand for items.
    package func matches(_ filter: Filter, rowsOf: ([ItemID]) -> RowSet) -> RowSet {
        let evaluation = FilterEvaluation(filter, rowsOf: rowsOf)
        var matches = RowSet()
        for chunk in 0..<present.chunkCount {
            let rows = evaluation.rows(of: self, chunk: chunk)
            matches.append(rows, chunk: chunk)
        }
        return matches
    }

    /// The rows of a chunk that pass a test.
    func rows(_ id: FieldID, passing test: FieldTest, chunk: Int) -> RowContainer {
        guard let field = field(id) else { return .empty }
        return field.column.rows(passing: test, chunk: chunk)
    }
}
