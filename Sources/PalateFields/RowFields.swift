package import PalateModel

/// The fields of one row: what is stored of them, and what the columns are made from.
package struct RowFields: Equatable, Sendable {
    /// What a row has in one field.
    package enum Entry: Equatable, Sendable {
        /// A value of the field's type.
        case value(FieldValue)
        /// Something else: counted, and otherwise as if nothing were there.
        case mistyped
    }

    /// By field; no entry: the row has nothing there.
    package var entries: [FieldID: Entry] = [:]

    /// A row without fields.
    package init() {}
}

/// Finds the fields' values in payloads.
package struct FieldExtraction: Sendable {
    private let declarations: [FieldDeclaration]
    private var paths = JSONPaths()

    /// Of the fields that have a path.
    package init(_ declarations: [FieldDeclaration]) {
        self.declarations = declarations.filter { !$0.path.isEmpty }
        for (index, declaration) in self.declarations.enumerated() {
            paths.insert(declaration.path, field: index)
        }
    }

    /// Whether a text is a path: empty, or a JSON pointer.
    package static func isPath(_ text: String) -> Bool { JSONPaths.isPointer(text) }

    /// Whether no field is in payloads.
    package var isEmpty: Bool { declarations.isEmpty }

    /// The fields a payload brings.
    ///
    /// A payload that is no JSON has something else than a value in every field; `null` is none.
    package func fields(of payload: Span<UInt8>) -> RowFields {
        var fields = RowFields()
        guard !isEmpty, payload.count > 0 else { return fields }
        var reader = JSONReader(payload)
        let isJSON = reader.read(paths) { index, json in
            let declaration = declarations[index]
            guard json != .null else {
                fields.entries[declaration.id] = nil
                return
            }
            let value = ColumnRegistry.column(declaration.type).value(of: json)
            fields.entries[declaration.id] = value.map { .value($0) } ?? .mistyped
        }
        guard isJSON else {
            var mistyped = RowFields()
            for declaration in declarations { mistyped.entries[declaration.id] = .mistyped }
            return mistyped
        }
        return fields
    }
}
