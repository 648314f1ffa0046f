import PalateFields
import PalateModel
import TestKit
import Testing

@Suite struct FieldTableTests {
    /// Rows, expressions (a tenth of them at -O0), and whether bins are cut anew after the churn.
    private static let sizes: [(rows: Int, expressions: Int, settles: Bool)] = [
        (0, 100, true), (1, 300, true), (64, 2_000, false), (700, 5_600, true),
        (3_000, 2_000, false),
    ]

    @Test(arguments: sizes)
    func `ten thousand random expressions agree with a naive evaluator`(
        size: (rows: Int, expressions: Int, settles: Bool)
    ) async throws {
        var filtered = FilteredTable(rows: size.rows, seed: testSeed())
        if size.rows > 0 { filtered.churn(size.rows / 2, settles: size.settles) }
        for index in 0..<size.expressions / (isOptimisedBuild ? 1 : 10) {
            try agree(&filtered)
            // Others wait for the threads that tests share.
            if index % 64 == 0 { await Task.yield() }
        }
    }

    @Test func `expressions agree across containers`() async throws {
        var filtered = FilteredTable(rows: isOptimisedBuild ? 70_000 : 66_000, seed: testSeed())
        filtered.churn(5_000, settles: true)
        for _ in 0..<(isOptimisedBuild ? 100 : 3) {
            try agree(&filtered)
            await Task.yield()
        }
    }

    private func agree(_ filtered: inout FilteredTable) throws {
        let (text, holds) = filtered.expression()
        let filter = try FilterExpression.parse(text, fields: FilteredTable.fields)
        try filtered.table.check(filter)
        let expected = filtered.rows.filter { holds($0.value) }.keys.sorted()
        var found: [Ordinal] = []
        filtered.table.matches(filter, rowsOf: { _ in RowSet() }).forEach { found.append($0) }
        #expect(found == expected, "\(text)")
    }

    @Test func `filters of one meaning in different operators find the same rows`() throws {
        let filtered = FilteredTable(rows: 5_000, seed: testSeed())
        let same = [
            [
                "intfield >= -2 and intfield <= 1", "intfield in [-2, -1, 0, 1]",
                "intfield = -2 or intfield = -1 or intfield = 0 or intfield = 1",
                "exists intfield and not (intfield < -2 or intfield > 1)",
            ],
            [
                "keywordfield in [br, pt]", "keywordfield = br or keywordfield = pt",
                "not not keywordfield in [pt, br, br]",
            ],
            ["floatfield < 1", "exists floatfield and not floatfield >= 1"],
            ["boolfield", "boolfield = true", "exists boolfield and not boolfield = false"],
            ["not (intfield > 0 and boolfield)", "not intfield > 0 or not boolfield"],
        ]
        for texts in same {
            let sets = try texts.map { text in
                filtered.table.matches(
                    try FilterExpression.parse(text, fields: FilteredTable.fields),
                    rowsOf: { _ in RowSet() }
                )
            }
            #expect(sets.allSatisfy { $0 == sets[0] }, "\(texts[0])")
            #expect(sets[0].count > 0)
        }
    }

    @Test func `items are rows that stand for them`() {
        var filtered = FilteredTable(rows: 100, seed: testSeed())
        filtered.churn(50, settles: false)
        let live = filtered.rows.keys.sorted()
        let wanted = RowSet((0..<100).map { Ordinal($0) })
        let all = filtered.table.matches(.items([1]), rowsOf: { _ in wanted })
        var found: [Ordinal] = []
        all.forEach { found.append($0) }
        #expect(found == live)
        #expect(filtered.table.matches(.not(.items([1])), rowsOf: { _ in wanted }).count == 0)
        #expect(filtered.table.matches(.and([]), rowsOf: { _ in wanted }).count == live.count)
        #expect(filtered.table.matches(.or([]), rowsOf: { _ in wanted }).count == 0)
    }

    @Test func `figures, values, order keys and facets are those of the rows`() throws {
        var filtered = FilteredTable(rows: 2_000, seed: testSeed())
        filtered.churn(1_000, settles: true)
        let rows = filtered.rows
        for figures in filtered.table.figures {
            let id = figures.declaration.id
            let valued = rows.values.count { $0[id] != nil }
            #expect(figures.valued == UInt64(valued))
            #expect(figures.valued + figures.missing + figures.mistyped == UInt64(rows.count))
            let column = try filtered.table.column(id)
            for (row, values) in rows {
                switch (column.value(of: row), values[id]) {
                case (.keywords(let found)?, .keywords(let expected)?):
                    #expect(Set(found) == Set(expected))
                case (let found, let expected): #expect(found == expected)
                }
            }
            try checkFacet(column, id, rows, filtered.table.present)
        }
        // Rows of one value have one key, and keys order as values do.
        let integers = try filtered.table.column(3)
        for (row, values) in rows {
            guard case .integer(let number)? = values[3] else { continue }
            #expect(integers.orderKey(of: row) == number)
        }
        #expect(
            integers.rows(orderKeys: [-1, 0]).count
                == rows.values.count {
                    $0[3] == .integer(-1) || $0[3] == .integer(0)
                }
        )
    }

    private func checkFacet(
        _ column: any Column,
        _ id: FieldID,
        _ rows: [Ordinal: [FieldID: FieldValue]],
        _ present: RowSet
    ) throws {
        guard let facet = column.facet(present) else { return }
        for (value, count) in facet {
            let expected = rows.values.count { values in
                switch (values[id], value) {
                case (.keywords(let texts)?, .keyword(let text)): texts.contains(text)
                case (let found?, let wanted): found == wanted
                default: false
                }
            }
            #expect(count == expected)
        }
    }

    @Test func `what is not there, not ready or of another type is refused by name`() throws {
        var table = FieldTable()
        table.declare(FieldDeclaration("brand", .keyword, id: 1), isReady: true)
        table.declare(FieldDeclaration("price", .float, id: 2), isReady: false)
        #expect(throws: RequestError.unknownField(name: "#9")) {
            try table.check(.not(.field(9, .exists)))
        }
        #expect(throws: RequestError.fieldNotReady(name: "price")) {
            try table.check(.and([.all, .field(2, .exists)]))
        }
        #expect(
            throws: RequestError.wrongFieldType(name: "brand", got: "bool", expected: "keyword")
        ) { try table.check(.or([.field(1, .bool(true))])) }
        table.makeReady()
        try table.check(.field(2, .exists))
    }
}
