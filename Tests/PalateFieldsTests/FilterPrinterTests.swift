import PalateFields
import PalateModel
import TestKit
import Testing

@Suite struct FilterPrinterTests {
    /// Names that a parser may take for something else, with the ids and types of `FilteredTable`.
    private static let fields = zip(
        FilteredTable.fields,
        ["not", "a.b-c", "_id", "INSIDE", "true", "t-.", "In"]
    )
    .map { FieldDeclaration($1, $0.type, id: $0.id) }

    private func parse(_ text: String) throws -> Filter {
        try FilterExpression.parse(text, fields: Self.fields)
    }

    private func text(_ filter: Filter) -> String {
        FilterExpression.text(of: filter, fields: Self.fields)
    }

    @Test func `filters are written as people would write them`() {
        let known: [(Filter, String)] = [
            (.all, "all"), (.and([]), "all"), (.or([]), "id in []"), (.items([7]), "id = 7"),
            (.not(.items([7, 8])), "id not in [7, 8]"),
            (.field(1, .keywords(["a\"b"])), "`not` = \"a\\\"b\""),
            (.not(.field(2, .keywords(["x", "\n"]))), "a.b-c not in [\"x\", \"\\u{a}\"]"),
            (.field(3, .integerRange(2...9)), "_id >= 2 and _id <= 9"),
            (.not(.field(3, .integerRange(2...9))), "not (_id >= 2 and _id <= 9)"),
            (.field(4, .floatRange(-.infinity...(40.0).nextDown)), "`INSIDE` < 40"),
            (.field(4, .floatRange(0.5...Double.infinity)), "`INSIDE` >= 0.5"),
            (.field(5, .bool(true)), "true"), (.not(.field(5, .bool(false))), "not true = false"),
            (.field(6, .integerRange(86_400_000...Int64.max)), "t-. >= \"1970-01-02\""),
            (.field(6, .integers([-1])), "t-. = \"1969-12-31T23:59:59.999Z\""),
            (
                .field(7, .within(meters: 2_500, of: GeoPoint(latitude: 1.5, longitude: -2))),
                "near(`In`, 1.5, -2, 2500m)"
            ),
            (
                .and([.or([.all, .field(5, .exists)]), .not(.and([.all, .field(5, .exists)]))]),
                "(all or exists true) and not (all and exists true)"
            ),
            (.field(9, .exists), "exists `#9`"),
        ]
        for (filter, expected) in known { #expect(text(filter) == expected) }
    }

    @Test func `texts of filters mean the filters, and plain ones come back the same`() async throws
    {
        var random = RandomFilters(seed: testSeed(), hasOddTexts: true)
        let rows = FilteredTable(rows: 50, seed: testSeed()).rows
        var plain = 0
        for index in 0..<(isOptimisedBuild ? 50_000 : 10_000) {
            if index % 256 == 0 { await Task.yield() }
            let filter = random.filter()
            let written = text(filter)
            let parsed = try parse(written)
            let again = try parse(text(parsed))
            #expect(again == parsed, "\(written)")
            if isPlain(filter) {
                plain += 1
                #expect(parsed == filter, "\(written)")
            }
            guard index % 8 == 0 else { continue }
            for (row, values) in rows {
                let expected = RandomFilters.holds(filter, row, values)
                #expect(RandomFilters.holds(parsed, row, values) == expected, "\(written)")
            }
        }
        #expect(plain > 1_000)
    }

    /// Whether a filter is one that the parser makes.
    private func isPlain(_ filter: Filter) -> Bool {
        switch filter {
        case .all, .or([]): return true
        case .items(let items): return !items.isEmpty
        case .field(_, .keywords(let texts)): return !texts.isEmpty
        case .field(_, .integers(let numbers)): return !numbers.isEmpty
        case .field: return true
        case .not(let part): return isPlain(part)
        case .or(let parts):
            let isNested = parts.contains { if case .or = $0 { true } else { false } }
            return parts.count > 1 && !isNested && parts.allSatisfy(isPlain)
        case .and(let parts):
            let isNested = parts.contains { if case .and = $0 { true } else { false } }
            let hasBounds = zip(parts, parts.dropFirst()).contains { mayJoin($0, $1) }
            return parts.count > 1 && !isNested && !hasBounds && parts.allSatisfy(isPlain)
        }
    }

    /// Whether the parts are ranges of one field: two may become one.
    private func mayJoin(_ one: Filter, _ other: Filter) -> Bool {
        guard case .field(let first, let low) = one, case .field(let second, let high) = other
        else { return false }
        switch (low, high) {
        case (.integerRange(let low), .integerRange(let high)):
            return first == second && low.upperBound == .max && high.lowerBound == .min
        case (.floatRange(let low), .floatRange(let high)):
            return first == second && low.upperBound == .infinity
                && high.lowerBound == -.infinity
        default: return false
        }
    }

    @Test func `times are written as they are read`() {
        var generator = SeededGenerator(seed: testSeed())
        let years: ClosedRange<Int64> = -62_167_219_200_000...253_402_300_799_999
        #expect(Timestamp.text(years.lowerBound) == "0000-01-01")
        #expect(Timestamp.text(years.upperBound) == "9999-12-31T23:59:59.999Z")
        #expect(Timestamp.text(951_825_600_000) == "2000-02-29T12:00:00Z")
        for outside in [.min, years.lowerBound - 1, years.upperBound + 1, .max] {
            #expect(Timestamp.text(outside) == nil)
        }
        for _ in 0..<20_000 {
            let time = Int64.random(in: years, using: &generator)
            let day = time - time % 86_400_000
            for time in [time, day, time - time % 1_000] {
                #expect(Timestamp.text(time).flatMap(Timestamp.milliseconds) == time)
            }
        }
    }
}
