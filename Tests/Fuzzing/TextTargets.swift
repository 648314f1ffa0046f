import PalateConfiguration
import PalateFields
import PalateModel

/// What people write.
enum TextTargets {
    /// A field of every type, by the type's name.
    private static let fields = FieldType.allCases.map { type in
        FieldDeclaration(type.name, type, id: FieldID(type.rawValue))
    }

    /// A filter as people write it; what it prints as means the same.
    static func expression(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let filter = try? FilterExpression.parse(text, fields: fields) else { return false }
        let printed = FilterExpression.text(of: filter, fields: fields)
        guard let again = try? FilterExpression.parse(printed, fields: fields) else {
            preconditionFailure("refuses what it printed: \(printed)")
        }
        precondition(again == filter, "another filter from what it printed: \(printed)")
        return true
    }

    /// A payload with a value for some field.
    static func payload(_ bytes: [UInt8]) -> Bool {
        FieldExtraction(fields).fields(of: bytes.span).entries.values.contains {
            $0 != .mistyped
        }
    }

    /// A file of settings.
    static func configuration(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        return (try? Configuration(text: text, environment: [:], flags: [:])) != nil
    }
}
