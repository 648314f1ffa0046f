import PalateModel

/// How a value is compared.
enum FilterComparison: String {
    case equal = "="
    case unequal = "!="
    case below = "<"
    case atMost = "<="
    case above = ">"
    case atLeast = ">="

    /// Whether values of a type compare so.
    func suits(_ type: FieldType) -> Bool {
        switch self {
        case .equal, .unequal: type != .geo
        case .below, .atMost, .above, .atLeast:
            type == .integer || type == .float || type == .time
        }
    }
}

/// Values of an expression, and the tests that they make.
enum FilterValues {
    /// The value that a token is for a field of some type.
    static func value(of token: FilterToken, for type: FieldType) -> FieldValue? {
        switch (type, token) {
        case (.keyword, .text(let text)), (.keyword, .word(let text)),
            (.keyword, .number(let text)), (.keywordSet, .text(let text)),
            (.keywordSet, .word(let text)), (.keywordSet, .number(let text)):
            .keyword(text)
        case (.integer, .number(let text)), (.time, .number(let text)):
            DecimalLiteral(text)?.whole(as: Int64.self).map { .integer($0) }
        case (.time, .text(let text)): Timestamp.milliseconds(text).map { .integer($0) }
        case (.float, .number(let text)), (.float, .word(let text)):
            float(text).map { .float($0) }
        case (.bool, .word(let word)): truth(word).map { .bool($0) }
        default: nil
        }
    }

    /// What tokens are values of a type, as messages say it.
    static func expectation(_ type: FieldType) -> String {
        switch type {
        case .keyword, .keywordSet: "a word or text in quotes"
        case .integer: "a whole number of 64 bits"
        case .float: "a number"
        case .bool: "true or false"
        case .time: "milliseconds since 1970 or a quoted time such as '2026-11-26T14:03:25Z'"
        case .geo: "near(…) or inside(…) around the field"
        }
    }

    private static func float(_ text: String) -> Double? {
        switch text.lowercased() {
        case "inf", "+inf": .infinity
        case "-inf": -.infinity
        default: DecimalLiteral(text)?.float
        }
    }

    private static func truth(_ word: String) -> Bool? {
        switch word.lowercased() {
        case "true": true
        case "false": false
        default: nil
        }
    }

    // MARK: Tests

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
            return .joined(anyOf: values.map { comparing(field, .equal, $0) })
        }
    }

    /// Items whose value compares so, of a type that the comparison suits.
    static func comparing(
        _ field: FieldDeclaration,
        _ comparison: FilterComparison,
        _ value: FieldValue
    ) -> Filter {
        if comparison == .unequal { return .not(comparing(field, .equal, value)) }
        let test: FieldTest? =
            switch value {
            case .keyword(let text): .keywords([text])
            case .bool(let isTrue): .bool(isTrue)
            case .integer(let number) where comparison == .equal: .integers([number])
            case .integer(let number): integers(comparison, number).map { .integerRange($0) }
            case .float(let number): floats(comparison, number).map { .floatRange($0) }
            case .keywords, .geo: nil
            }
        return test.map { .field(field.id, $0) } ?? .or([])
    }

    /// Whole numbers that compare so; nil = none does.
    private static func integers(
        _ comparison: FilterComparison,
        _ number: Int64
    ) -> ClosedRange<Int64>? {
        switch comparison {
        case .below: number == .min ? nil : .min...(number - 1)
        case .atMost: .min...number
        case .above: number == .max ? nil : (number + 1)...Int64.max
        case .atLeast: number...Int64.max
        case .equal, .unequal: number...number
        }
    }

    private static func floats(
        _ comparison: FilterComparison,
        _ number: Double
    ) -> ClosedRange<Double>? {
        switch comparison {
        case .below: number == -.infinity ? nil : -.infinity...number.nextDown
        case .atMost: -.infinity...number
        case .above: number == .infinity ? nil : number.nextUp...Double.infinity
        case .atLeast: number...Double.infinity
        case .equal, .unequal: number...number
        }
    }
}
