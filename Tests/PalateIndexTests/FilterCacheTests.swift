import PalateFields
import PalateIndex
import PalateModel
import TestKit
import Testing

@Suite struct FilterCacheTests {
    private let fixture = IndexFixture(count: 300)

    private func batch(_ rows: Range<Int>, _ generator: inout SeededGenerator) -> RowBatch {
        var batch = fixture.batch(rows)
        batch.payloads = rows.map { _ in
            Array("{\"price\": \(Int.random(in: 0..<100, using: &generator))}".utf8)
        }
        return batch
    }

    /// The items that pass, found by asking every row.
    private func asked(_ bound: Double, _ collection: Collection) throws -> Set<ItemID> {
        var items = Set<ItemID>()
        try collection.fields.read { table in
            let column = try table.column(1)
            table.present.forEach { row in
                if case .float(let price) = column.value(of: row), price <= bound {
                    items.insert(collection.items[row])
                }
            }
        }
        return items
    }

    private func found(_ filter: Filter, _ collection: Collection) throws -> Set<ItemID> {
        var items = Set<ItemID>()
        try collection.fields.matches(filter).rows.forEach { items.insert(collection.items[$0]) }
        return items
    }

    @Test func `a filter asked again answers by what was written meanwhile`() throws {
        var generator = SeededGenerator(seed: testSeed())
        try fixture.use { collection in
            _ = try write(
                .declareFields([FieldDeclaration("price", .float)]),
                to: collection
            )
            for round in 0..<30 {
                let first = Int.random(in: 0..<250, using: &generator)
                if round % 3 == 2 {
                    let gone = (first..<first + 20).map(IndexFixture.item)
                    _ = try write(.delete(gone), to: collection)
                } else {
                    _ = try write(.upsert(batch(first..<first + 50, &generator)), to: collection)
                }
                for bound in [10.0, 50, 90] {
                    let filter = Filter.field(1, .floatRange(0...bound))
                    let expected = try asked(bound, collection)
                    #expect(try found(filter, collection) == expected)
                    #expect(collection.fields.knows(filter))
                    #expect(try found(filter, collection) == expected)
                }
            }
        }
    }

    @Test func `filters that name items, and long ones, are not kept`() throws {
        var generator = SeededGenerator(seed: testSeed())
        try fixture.use { collection in
            _ = try write(
                .declareFields([
                    FieldDeclaration("price", .float), FieldDeclaration("brand", .keyword),
                ]),
                to: collection
            )
            _ = try write(.upsert(batch(0..<100, &generator)), to: collection)
            let price = Filter.field(1, .floatRange(0...50))
            let named = Filter.and([price, .not(.items([1_001]))])
            let long = Filter.field(2, .keywords((0..<100).map { "brand \($0)" }))
            for filter in [named, long] {
                _ = try collection.fields.matches(filter)
                #expect(!collection.fields.knows(filter))
            }
            _ = try collection.fields.matches(price)
            #expect(collection.fields.knows(price))
        }
    }

    @Test func `the rows kept stay within their bounds`() throws {
        var generator = SeededGenerator(seed: testSeed())
        try fixture.use { collection in
            _ = try write(
                .declareFields([FieldDeclaration("price", .float)]),
                to: collection
            )
            _ = try write(.upsert(batch(0..<300, &generator)), to: collection)
            let filters = (0..<1_000).map { Filter.field(1, .floatRange(0...Double($0) / 10)) }
            for filter in filters { _ = try collection.fields.matches(filter) }
            let known = filters.filter(collection.fields.knows)
            #expect(known == Array(filters.suffix(256)))
        }
    }
}
