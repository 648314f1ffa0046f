package import PalateModel

/// True or false per row: two bits.
package struct BoolColumn: Column {
    package static let type = FieldType.bool
    package private(set) var presence = RowSet()
    private var truths = RowSet()

    package init() {}

    package static func value(of json: JSONValue) -> FieldValue? {
        if case .bool(let value) = json { .bool(value) } else { nil }
    }

    package static func holds(_ value: FieldValue) -> Bool {
        if case .bool = value { true } else { false }
    }

    package mutating func set(_ value: FieldValue, at row: Ordinal) {
        guard case .bool(let isTrue) = value else { return }
        presence.insert(row)
        if isTrue { truths.insert(row) } else { truths.remove(row) }
    }

    package mutating func clear(_ row: Ordinal) {
        presence.remove(row)
        truths.remove(row)
    }

    package func rows(passing test: FieldTest, chunk: Int) -> RowContainer {
        switch test {
        case .exists: presence.container(chunk)
        case .bool(true): truths.container(chunk)
        case .bool(false): presence.container(chunk).subtracting(truths.container(chunk))
        default: .empty
        }
    }

    package func value(of row: Ordinal) -> FieldValue? {
        presence.contains(row) ? .bool(truths.contains(row)) : nil
    }

    package func orderKey(of row: Ordinal) -> Int64? {
        presence.contains(row) ? (truths.contains(row) ? 1 : 0) : nil
    }

    package func rows(orderKeys: [Int64]) -> RowSet {
        switch (orderKeys.contains(0), orderKeys.contains(1)) {
        case (false, false): RowSet()
        case (false, true): truths
        case (true, false): presence.subtracting(truths)
        case (true, true): presence
        }
    }

    package func facet(_ rows: RowSet) -> [(value: FieldValue, count: Int)]? {
        let valued = presence.intersectionCount(rows)
        let isTrue = truths.intersectionCount(rows)
        return [(value: .bool(true), count: isTrue), (value: .bool(false), count: valued - isTrue)]
            .filter { $0.count > 0 }
    }

    package var distinctCount: Int {
        (truths.count > 0 ? 1 : 0) + (presence.count > truths.count ? 1 : 0)
    }

    package var byteCount: Int { presence.byteCount + truths.byteCount }
}
