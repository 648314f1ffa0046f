import PalateFields
import PalateModel

/// The declared fields, made ready to read writes by.
struct FieldScheme: Sendable {
    private(set) var record: FieldSchemeRecord
    private var extraction: FieldExtraction

    init(_ record: FieldSchemeRecord) {
        self.record = record
        extraction = FieldExtraction(record.declarations)
    }

    /// Fields in payloads change with them.
    var readsPayloads: Bool { !extraction.isEmpty }

    /// The fields that a payload brings.
    func fields(of payload: [UInt8]) -> RowFields { extraction.fields(of: payload.span) }

    // MARK: Declaring

    /// Adds fields; those that are there already as declared stay.
    ///
    /// - Parameters:
    ///   - fields: with ids of their own where another generation has them already.
    ///   - rowCount: slots there are.
    /// - Throws: `fieldExists`, `badField`, `outOfRange`.
    mutating func declare(
        _ fields: [FieldDeclaration],
        rowCount: UInt32
    ) throws(RequestError) {
        var next = record
        for field in fields {
            try Self.check(field)
            if let known = next.declarations.first(where: { $0.name == field.name }) {
                guard known.type == field.type, known.path == field.path else {
                    let (got, expected) = (Self.text(field), Self.text(known))
                    throw .fieldExists(name: field.name, got: got, expected: expected)
                }
                continue
            }
            var field = field
            if field.id == 0 { field.id = next.nextID }
            next.nextID = max(next.nextID, field.id + 1)
            next.declarations.append(field)
        }
        guard Limits.fields.contains(next.declarations.count) else {
            throw .outOfRange(
                field: "fields",
                got: next.declarations.count,
                expected: Limits.fields
            )
        }
        guard next.declarations.count > record.declarations.count else { return }
        next.builtSlots = 0
        if rowCount == 0 { next.readyCount = next.declarations.count }
        self = FieldScheme(next)
    }

    private static func check(_ field: FieldDeclaration) throws(RequestError) {
        let name = Array(field.name.utf8)
        guard Limits.fieldNameBytes.contains(name.count) else {
            throw .badField(name: field.name, reason: "names have \(Limits.fieldNameBytes) bytes")
        }
        func isLetter(_ byte: UInt8) -> Bool {
            (65...90).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "_")
        }
        let isName = name.allSatisfy { byte in
            isLetter(byte) || (48...57).contains(byte) || byte == UInt8(ascii: ".")
                || byte == UInt8(ascii: "-")
        }
        guard isLetter(name[0]), isName, field.name != "id" else {
            throw .badField(
                name: field.name,
                reason: "names are a letter or _, then also digits, . and -; id is the item's own"
            )
        }
        guard Limits.fieldPathBytes.contains(field.path.utf8.count),
            FieldExtraction.isPath(field.path)
        else {
            throw .badField(name: field.name, reason: "\"\(field.path)\" is no JSON pointer")
        }
    }

    private static func text(_ field: FieldDeclaration) -> String {
        "\(field.type.name) at \"\(field.path)\""
    }

    /// Notes that slots below this have been read for the new fields; ready once all were.
    mutating func built(to slots: UInt32, of rowCount: UInt32) {
        record.builtSlots = slots
        if slots >= rowCount { record.readyCount = record.declarations.count }
    }

    // MARK: Columns

    /// Refuses columns that are no values of their fields.
    ///
    /// - Throws: `unknownField`, `wrongFieldType`, `unequalColumns`.
    func check(_ columns: [FieldColumn], rows: Int) throws(RequestError) {
        for column in columns {
            guard let field = record.declarations.first(where: { $0.id == column.field }) else {
                throw .unknownField(name: "#\(column.field)")
            }
            guard field.path.isEmpty else {
                throw .wrongFieldType(
                    name: field.name,
                    got: "a column",
                    expected: "a value at \(field.path) of the payload"
                )
            }
            guard column.values.count == rows else {
                throw .unequalColumns(field: field.name, got: column.values.count, expected: rows)
            }
            let type = ColumnRegistry.column(field.type)
            for case .some(let value) in column.values where !type.holds(value) {
                throw .wrongFieldType(
                    name: field.name,
                    got: "\(value)",
                    expected: field.type.name
                )
            }
        }
    }

    /// The fields of a row that a write brings.
    ///
    /// - Parameters:
    ///   - payload: nil: it stays, and so do the fields in it.
    ///   - columns: checked; those that are not among them stay.
    ///   - index: the row's place in the columns.
    ///   - former: what the row has; nothing for a new one.
    /// - Returns: what the row has from now on.
    func fields(
        payload: [UInt8]?,
        columns: [FieldColumn],
        at index: Int,
        over former: RowFields = RowFields()
    ) -> RowFields {
        var fields = payload.map { self.fields(of: $0) } ?? RowFields()
        for field in record.declarations where payload == nil || field.path.isEmpty {
            fields.entries[field.id] = former.entries[field.id]
        }
        for column in columns {
            fields.entries[column.field] = column.values[index].map { .value($0) }
        }
        return fields
    }
}
