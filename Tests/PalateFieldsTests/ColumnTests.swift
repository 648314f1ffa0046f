import PalateFields
import PalateModel
import TestKit
import Testing

@Suite struct ColumnTests {
    private static let types = ColumnRegistry.all.map { $0.type }
    private static let sizes = [0, 1, 63, 64, 65, 1_023, 1_025, 4_200, 9_000]

    private func value(_ type: FieldType, _ generator: inout SeededGenerator) -> FieldValue {
        let number = Int.random(in: -300...300, using: &generator)
        // A third of the rows have one value: bins of one number, and sets of many rows.
        let few = Int.random(in: 0..<3, using: &generator) == 0 ? 0 : number
        return switch type {
        case .keyword: .keyword("text \(few)")
        case .keywordSet: .keywords((0..<abs(few) % 4).map { "text \(few + $0)" })
        case .integer, .time: .integer(few == 300 ? .max : few == -300 ? .min : Int64(few))
        case .float: .float(few == 300 ? .infinity : few == -300 ? -0.0 : Double(few) / 8)
        case .bool: .bool(few > 10)
        case .geo: .geo(GeoPoint(latitude: Double(few) / 4, longitude: Double(few) / 2))
        }
    }

    /// A column after random writes, and what its rows have.
    private func column(
        _ type: FieldType,
        _ size: Int,
        settles: Bool,
        _ generator: inout SeededGenerator
    ) -> (column: any Column, rows: [Ordinal: FieldValue]) {
        var column = ColumnRegistry.column(type).init()
        var rows: [Ordinal: FieldValue] = [:]
        for write in 0..<size * 2 {
            // Now and then a row of another container.
            let row =
                Ordinal.random(in: 0..<Ordinal(size), using: &generator)
                + (Int.random(in: 0..<16, using: &generator) == 0 ? 65_500 : 0)
            if Int.random(in: 0..<4, using: &generator) == 0 {
                column.clear(row)
                rows[row] = nil
            } else {
                let value = value(type, &generator)
                column.set(value, at: row)
                rows[row] = value
            }
            if settles, write == size || write == size * 2 - 1 { column.settle() }
        }
        return (column, rows)
    }

    @Test(arguments: types, sizes)
    func `values are those that were set last`(type: FieldType, size: Int) {
        var generator = SeededGenerator(seed: testSeed())
        for settles in [false, true] {
            var (column, rows) = column(type, size, settles: settles, &generator)
            func check() {
                #expect(column.presence == RowSet(rows.keys.sorted()))
                for row in 0..<Ordinal(size + 2) {
                    #expect(column.value(of: row) == rows[row])
                    #expect(column.value(of: row + 65_500) == rows[row + 65_500])
                }
            }
            check()
            // What is cleared twice or was never set stays away, and columns can become empty.
            for row in rows.keys.sorted() where row % 2 == 0 {
                column.clear(row)
                column.clear(row)
                rows[row] = nil
            }
            column.clear(200_000)
            column.settle()
            check()
            for row in rows.keys { column.clear(row) }
            rows = [:]
            if settles { column.settle() }
            check()
            #expect(column.distinctCount == 0)
        }
    }

    @Test(arguments: types, [1, 65, 1_100, 4_200])
    func `order keys are the same for equal values alone, and rise with numbers`(
        type: FieldType,
        size: Int
    ) {
        var generator = SeededGenerator(seed: testSeed())
        let (column, rows) = column(type, size, settles: size != 65, &generator)
        guard type != .keywordSet, type != .geo else {
            #expect(rows.keys.allSatisfy { column.orderKey(of: $0) == nil })
            return
        }
        var values: [Int64: FieldValue] = [:]
        var members: [Int64: [Ordinal]] = [:]
        for (row, value) in rows.sorted(by: { $0.key < $1.key }) {
            guard let key = column.orderKey(of: row) else {
                Issue.record("no key of \(value)")
                continue
            }
            if let known = values[key] { #expect(known == value) }
            values[key] = value
            members[key, default: []].append(row)
        }
        #expect(column.orderKey(of: 300_000) == nil)
        let rising = values.sorted { $0.key < $1.key }
        for ((_, one), (_, other)) in zip(rising, rising.dropFirst()) {
            #expect(one != other)
            switch (one, other) {
            case (.integer(let one), .integer(let other)): #expect(one < other)
            case (.float(let one), .float(let other)): #expect(one < other)
            case (.bool(let one), .bool(let other)): #expect(!one && other)
            default: break
            }
        }
        let wanted = rising.map(\.key).filter { _ in Bool.random(using: &generator) }
        let expected = wanted.flatMap { members[$0] ?? [] }
        #expect(column.rows(orderKeys: wanted) == RowSet(expected))
    }

    @Test(arguments: types, [0, 1, 65, 4_200])
    func `facets count the rows that have each value`(type: FieldType, size: Int) {
        var generator = SeededGenerator(seed: testSeed())
        let (column, rows) = column(type, size, settles: true, &generator)
        let wanted = (0..<Ordinal(max(size, 1))).filter { _ in Bool.random(using: &generator) }
        var expected: [String: Int] = [:]
        for row in wanted {
            switch rows[row] {
            case .keyword(let text)?: expected[text, default: 0] += 1
            case .keywords(let texts)?: for text in texts { expected[text, default: 0] += 1 }
            case .bool(let isTrue)?: expected["\(isTrue)", default: 0] += 1
            default: break
            }
        }
        guard let facet = column.facet(RowSet(wanted)) else {
            #expect(![.keyword, .keywordSet, .bool].contains(type))
            return
        }
        var found: [String: Int] = [:]
        for (value, count) in facet {
            switch value {
            case .keyword(let text): found[text] = count
            case .bool(let isTrue): found["\(isTrue)"] = count
            default: Issue.record("\(value)")
            }
        }
        #expect(found == expected)
        #expect(found.count == facet.count)
        if type != .bool { #expect(facet.map(\.count) == facet.map(\.count).sorted(by: >)) }
    }

    @Test(arguments: [FieldType.keyword, .keywordSet])
    func `texts that look alike are different texts`(type: FieldType) {
        let spellings = ["\u{e9}", "e\u{301}"]
        var column = ColumnRegistry.column(type).init()
        for (row, text) in spellings.enumerated() {
            column.set(type == .keyword ? .keyword(text) : .keywords([text]), at: Ordinal(row))
        }
        #expect(column.distinctCount == 2)
        #expect(column.facet(column.presence)?.count == 2)
        for (row, text) in spellings.enumerated() {
            let found: [String] =
                switch column.value(of: Ordinal(row)) {
                case .keyword(let text)?: [text]
                case .keywords(let texts)?: texts
                default: []
                }
            #expect(found.map { Array($0.utf8) } == [Array(text.utf8)])
            #expect(column.rows(passing: .keywords([text]), chunk: 0).count == 1)
        }
    }
}
