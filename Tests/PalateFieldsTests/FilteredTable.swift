import PalateFields
import PalateModel
import TestKit

/// A table of all field types, the same rows as dictionaries, and random expressions with their
/// naive meaning.
struct FilteredTable {
    static let fields: [FieldDeclaration] = FieldType.allCases.enumerated().map { index, type in
        FieldDeclaration("\(type.name)field", type, id: FieldID(index + 1))
    }
    static let words = ["br", "pt", "us", "de", "in", "and", "a b", "\"q\"", "é"]

    /// Whether an expression holds for a row's values, whatever the row.
    typealias Meaning = ([FieldID: FieldValue]) -> Bool

    private(set) var table = FieldTable()
    private(set) var rows: [Ordinal: [FieldID: FieldValue]] = [:]
    private var generator: SeededGenerator
    private let rowCount: Int

    init(rows rowCount: Int, seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        self.rowCount = rowCount
        for field in Self.fields { table.declare(field, isReady: true) }
        for row in 0..<Ordinal(rowCount) { put(row) }
        table.settle()
    }

    // MARK: Rows

    mutating func put(_ row: Ordinal) {
        var fields = RowFields()
        var values: [FieldID: FieldValue] = [:]
        for field in Self.fields where Int.random(in: 0..<8, using: &generator) > 0 {
            let value = value(field.type)
            fields.entries[field.id] = .value(value)
            values[field.id] = value
        }
        if Int.random(in: 0..<16, using: &generator) == 0 {
            fields.entries[1] = .mistyped
            values[1] = nil
        }
        table.put(row, fields)
        rows[row] = values
    }

    /// Replaces some rows, removes others, and brings some back.
    mutating func churn(_ changes: Int, settles: Bool) {
        for _ in 0..<changes {
            let row = Ordinal.random(in: 0..<Ordinal(rowCount), using: &generator)
            if Bool.random(using: &generator) {
                put(row)
            } else if rows[row] != nil {
                table.remove(row)
                rows[row] = nil
            }
        }
        if settles { table.settle() }
    }

    private mutating func value(_ type: FieldType) -> FieldValue {
        switch type {
        case .keyword: .keyword(word())
        case .keywordSet:
            .keywords(
                Array(Set((0..<Int.random(in: 0..<4, using: &generator)).map { _ in word() }))
            )
        // Half of the numbers are a few: bins of one number.
        case .integer, .time: .integer(whole())
        case .float: .float(Double(whole()) / 4)
        case .bool: .bool(Bool.random(using: &generator))
        case .geo: .geo(place())
        }
    }

    private mutating func word() -> String {
        Self.words[Int.random(in: 0..<Self.words.count, using: &generator)]
    }

    private mutating func whole() -> Int64 {
        Bool.random(using: &generator)
            ? Int64.random(in: -2...2, using: &generator)
            : Int64.random(in: -1_000...1_000, using: &generator)
    }

    private mutating func place() -> GeoPoint {
        GeoPoint(
            latitude: Double.random(in: -90...90, using: &generator).rounded(),
            longitude: Double.random(in: -180...180, using: &generator).rounded()
        )
    }

    // MARK: Expressions

    /// An expression and what it means.
    mutating func expression(depth: Int = 3) -> (text: String, holds: Meaning) {
        let kind = depth == 0 ? 3 : Int.random(in: 0..<5, using: &generator)
        switch kind {
        case 0:
            let (left, right) = (expression(depth: depth - 1), expression(depth: depth - 1))
            return ("(\(left.text)) and (\(right.text))", { left.holds($0) && right.holds($0) })
        case 1:
            let (left, right) = (expression(depth: depth - 1), expression(depth: depth - 1))
            return ("(\(left.text)) or (\(right.text))", { left.holds($0) || right.holds($0) })
        case 2:
            let inner = expression(depth: depth - 1)
            return ("not (\(inner.text))", { !inner.holds($0) })
        default: return test()
        }
    }

    private mutating func test() -> (text: String, holds: Meaning) {
        let field = Self.fields[Int.random(in: 0..<Self.fields.count, using: &generator)]
        let id = field.id
        if Int.random(in: 0..<10, using: &generator) == 0 {
            return ("exists \(field.name)", { $0[id] != nil })
        }
        switch field.type {
        case .keyword, .keywordSet: return keywordTest(field)
        case .integer, .time:
            return comparison(field, whole(), "\(whole())") { value in
                if case .integer(let number)? = value { number } else { nil }
            }
        case .float:
            return comparison(field, Double(whole()) / 4, "") { value in
                if case .float(let number)? = value { number } else { nil }
            }
        case .bool:
            let wanted = Bool.random(using: &generator)
            return ("\(field.name) = \(wanted)", { $0[id] == .bool(wanted) })
        case .geo: return geoTest(field)
        }
    }

    private mutating func keywordTest(
        _ field: FieldDeclaration
    ) -> (text: String, holds: Meaning) {
        let wanted = (0..<Int.random(in: 1..<4, using: &generator)).map { _ in word() }
        let list = wanted.map { "'\($0)'" }.joined(separator: ", ")
        return (
            "\(field.name) in [\(list)]",
            { values in
                switch values[field.id] {
                case .keyword(let text)?: wanted.contains(text)
                case .keywords(let texts)?: !Set(texts).isDisjoint(with: wanted)
                default: false
                }
            }
        )
    }

    private mutating func comparison<Number: Comparable>(
        _ field: FieldDeclaration,
        _ number: Number,
        _ other: String,
        _ read: @escaping (FieldValue?) -> Number?
    ) -> (text: String, holds: Meaning) {
        let operations: [(String, (Number, Number) -> Bool)] = [
            ("=", { $0 == $1 }), ("<", { $0 < $1 }), ("<=", { $0 <= $1 }), (">", { $0 > $1 }),
            (">=", { $0 >= $1 }), ("in", { $0 == $1 }),
        ]
        let (name, compare) = operations[Int.random(in: 0..<6, using: &generator)]
        let literal = name == "in" ? "[\(number)]" : "\(number)"
        return (
            "\(field.name) \(name) \(literal)",
            { values in read(values[field.id]).map { compare($0, number) } ?? false }
        )
    }

    private mutating func geoTest(_ field: FieldDeclaration) -> (text: String, holds: Meaning) {
        let centre = place()
        if Bool.random(using: &generator) {
            let meters = Double.random(in: 0...6_000_000, using: &generator).rounded()
            return (
                "near(\(field.name), \(centre.latitude), \(centre.longitude), \(meters)m)",
                { values in
                    guard case .geo(let point)? = values[field.id] else { return false }
                    return Globe.meters(from: centre, to: point) <= meters
                }
            )
        }
        let other = place()
        let (south, north) = (
            min(centre.latitude, other.latitude), max(centre.latitude, other.latitude)
        )
        let (west, east) = (centre.longitude, other.longitude)
        return (
            "inside(\(field.name), \(south), \(west), \(north), \(east))",
            { values in
                guard case .geo(let point)? = values[field.id],
                    (south...north).contains(point.latitude)
                else { return false }
                return west <= east
                    ? (west...east).contains(point.longitude)
                    : point.longitude >= west || point.longitude <= east
            }
        )
    }
}
