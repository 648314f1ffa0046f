package import PalateModel

/// A moment per row, in milliseconds since 1970 UTC.
package struct TimeColumn: Column {
    package static let type = FieldType.time
    private var ordered = OrderedRows()

    package init() {}

    package static func value(of json: JSONValue) -> FieldValue? {
        if case .text(let text) = json { return Timestamp.milliseconds(text).map { .integer($0) } }
        return json.integer.map { .integer($0) }
    }

    package static func holds(_ value: FieldValue) -> Bool {
        if case .integer = value { true } else { false }
    }

    package mutating func set(_ value: FieldValue, at row: Ordinal) {
        if case .integer(let number) = value { ordered.set(number, at: row) }
    }

    package mutating func clear(_ row: Ordinal) { ordered.clear(row) }

    package mutating func settle() { ordered.settle() }

    package var presence: RowSet { ordered.presence }

    package func rows(passing test: FieldTest, chunk: Int) -> RowContainer {
        ordered.rows(passing: test, chunk: chunk)
    }

    package func value(of row: Ordinal) -> FieldValue? {
        ordered.number(of: row).map { .integer($0) }
    }

    package func orderKey(of row: Ordinal) -> Int64? { ordered.number(of: row) }

    package func rows(orderKeys: [Int64]) -> RowSet { ordered.rows(among: orderKeys) }

    package var byteCount: Int { ordered.byteCount }
}
