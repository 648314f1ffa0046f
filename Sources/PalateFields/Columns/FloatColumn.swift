package import PalateModel

/// A number per row; never NaN.
package struct FloatColumn: Column {
    package static let type = FieldType.float
    private var ordered = OrderedRows()

    package init() {}

    package static func value(of json: JSONValue) -> FieldValue? {
        json.number.map { .float($0) }
    }

    package static func holds(_ value: FieldValue) -> Bool {
        if case .float(let number) = value { !number.isNaN } else { false }
    }

    package mutating func set(_ value: FieldValue, at row: Ordinal) {
        if case .float(let number) = value { ordered.set(number.orderKey, at: row) }
    }

    package mutating func clear(_ row: Ordinal) { ordered.clear(row) }

    package mutating func settle() { ordered.settle() }

    package var presence: RowSet { ordered.presence }

    package func rows(passing test: FieldTest, chunk: Int) -> RowContainer {
        switch test {
        case .exists: presence.container(chunk)
        case .floatRange(let range): ordered.rows(in: range.orderKeys, chunk: chunk)
        default: .empty
        }
    }

    package func value(of row: Ordinal) -> FieldValue? {
        ordered.number(of: row).map { .float(Double(orderKey: $0)) }
    }

    package func orderKey(of row: Ordinal) -> Int64? { ordered.number(of: row) }

    package func rows(orderKeys: [Int64]) -> RowSet { ordered.rows(among: orderKeys) }

    package var byteCount: Int { ordered.byteCount }
}

extension Double {
    /// A whole number that orders as this one does; both zeros have the same.
    var orderKey: Int64 {
        let bits = Int64(bitPattern: (self == 0 ? 0 : self).bitPattern)
        return bits ^ (bits >> 63 & .max)
    }

    /// The number of an order key.
    init(orderKey: Int64) {
        self.init(bitPattern: UInt64(bitPattern: orderKey ^ (orderKey >> 63 & .max)))
    }
}

extension ClosedRange<Double> {
    /// The order keys of both bounds.
    var orderKeys: ClosedRange<Int64> { lowerBound.orderKey...upperBound.orderKey }
}
