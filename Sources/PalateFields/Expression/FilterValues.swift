import PalateModel

/// Values of an expression, and the tests that they make.
enum FilterValues {
    /// The value that a piece of an expression is for a field of some type.
    static func value(of token: FilterToken, for type: FieldType) -> FieldValue? {
        switch (type, token) {
        case (.keyword, .text(let text)), (.keyword, .word(let text)),
            (.keywordSet, .text(let text)), (.keywordSet, .word(let text)),
            (.keyword, .number(let text)), (.keywordSet, .number(let text)):
            .keyword(text)
        case (.integer, .number(let digits)): whole(digits).map { .integer($0) }
        case (.time, .number(let digits)): whole(digits).map { .integer($0) }
        case (.time, .text(let text)): Timestamp.milliseconds(text).map { .integer($0) }
        case (.float, .number(let digits)):
            Double(digits).flatMap { $0.isNaN ? nil : .float($0) }
        case (.bool, .word(let word)):
            switch word.lowercased() {
            case "true": .bool(true)
            case "false": .bool(false)
            default: nil
            }
        default: nil
        }
    }

    private static func whole(_ digits: String) -> Int64? {
        Int64(digits) ?? Double(digits).flatMap { Int64(exactly: $0) }
    }

    /// Items whose value is one of these.
    static func among(_ values: [FieldValue], _ field: FieldDeclaration) -> Filter {
        guard !values.isEmpty else { return .or([]) }
        switch field.type {
        case .keyword, .keywordSet:
            let texts = values.compactMap { if case .keyword(let text) = $0 { text } else { nil } }
            return .field(field.id, .keywords(texts))
        case .integer, .time:
            let numbers = values.compactMap {
                if case .integer(let number) = $0 { number } else { nil }
            }
            return .field(field.id, .integers(numbers))
        case .float, .bool, .geo:
            let parts = values.compactMap { comparing(field, "=", $0) }
            return parts.count == 1 ? parts[0] : .or(parts)
        }
    }

    /// Items whose value compares so; nil where values of the type do not.
    static func comparing(
        _ field: FieldDeclaration,
        _ comparison: String,
        _ value: FieldValue
    ) -> Filter? {
        switch comparison {
        case "=": return equals(field, value)
        case "!=": return equals(field, value).map { .not($0) }
        default: break
        }
        switch value {
        case .integer(let number):
            return integers(comparison, number).map { .field(field.id, .integerRange($0)) }
                ?? .or([])
        case .float(let number):
            return floats(comparison, number).map { .field(field.id, .floatRange($0)) } ?? .or([])
        default: return nil
        }
    }

    private static func equals(_ field: FieldDeclaration, _ value: FieldValue) -> Filter? {
        switch value {
        case .keyword(let text): .field(field.id, .keywords([text]))
        case .integer(let number): .field(field.id, .integers([number]))
        case .float(let number): .field(field.id, .floatRange(number...number))
        case .bool(let isTrue): .field(field.id, .bool(isTrue))
        case .keywords, .geo: nil
        }
    }

    /// Whole numbers that compare so; nil = none does.
    private static func integers(_ comparison: String, _ number: Int64) -> ClosedRange<Int64>? {
        switch comparison {
        case "<": number == .min ? nil : .min...(number - 1)
        case "<=": .min...number
        case ">": number == .max ? nil : (number + 1)...Int64.max
        default: number...Int64.max
        }
    }

    private static func floats(_ comparison: String, _ number: Double) -> ClosedRange<Double>? {
        switch comparison {
        case "<": number == -.infinity ? nil : -.infinity...number.nextDown
        case "<=": -.infinity...number
        case ">": number == .infinity ? nil : number.nextUp...Double.infinity
        default: number...Double.infinity
        }
    }
}
