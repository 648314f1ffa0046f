import PalateFields
import PalateGraph
import PalateIndex
import PalateModel
import TestKit
import Testing

@Suite struct FieldTests {
    private let fixture = IndexFixture(count: 400)
    private static let fields = [
        FieldDeclaration("brand", .keyword), FieldDeclaration("price", .float),
        FieldDeclaration("stock", .integer, path: ""),
    ]

    private func batch(_ rows: Range<Int>, brand: String = "b", stock: Bool = true) -> RowBatch {
        var batch = fixture.batch(rows)
        batch.payloads = rows.map { row in
            Array("{\"brand\": \"\(brand)\(row % 3)\", \"price\": \(row)}".utf8)
        }
        if stock {
            let values = rows.map { row -> FieldValue? in row % 5 == 0 ? nil : .integer(Int64(row))
            }
            batch.fields = [FieldColumn(field: 3, values: values)]
        }
        return batch
    }

    private func rows(_ text: String, _ collection: Collection) throws -> [Int] {
        let fields = collection.fields.declarations
        let filter = try FilterExpression.parse(text, fields: fields)
        var items: [ItemID] = []
        try collection.fields.matches(filter).rows.forEach { items.append(collection.items[$0]) }
        return items.map { Int($0) - 1_000 }.sorted()
    }

    private func declare(_ collection: Collection) throws {
        _ = try write(.declareFields(Self.fields), to: collection)
    }

    @Test
    func `rows are found by what was written last, also after the directory was opened again`()
        throws
    {
        try fixture.use { collection in
            try declare(collection)
            try write(.upsert(batch(0..<100)), to: collection)
            try write(.upsert(batch(30..<40, brand: "new")), to: collection)
            try write(.delete([5, 6].map(IndexFixture.item)), to: collection)
            try check(collection)
        }
        try fixture.use { collection in try check(collection) }
        #expect(try fixture.findings() == [])
    }

    private func check(_ collection: Collection) throws {
        #expect(try rows("brand = new0", collection) == [30, 33, 36, 39])
        #expect(try rows("price < 8", collection) == [0, 1, 2, 3, 4, 7])
        #expect(try rows("stock in [6, 7, 10, 11]", collection) == [7, 11])
        #expect(
            try rows("not exists stock", collection)
                == Array(stride(from: 0, to: 100, by: 5)).filter { $0 != 5 }
        )
        #expect(
            try rows("not brand in [b0, b1, b2, new0]", collection) == [31, 32, 34, 35, 37, 38]
        )
        let figures = collection.fields.figures
        #expect(figures.map(\.valued) == [98, 98, 79])
        #expect(figures.map(\.missing) == [0, 0, 19])
        #expect(figures.allSatisfy { $0.isReady })
    }

    @Test func `a patch changes the fields of what it brings`() throws {
        try fixture.use { collection in
            try declare(collection)
            try write(.upsert(batch(0..<10)), to: collection)
            let item = IndexFixture.item(3)
            let payload = Array("{\"brand\": \"other\"}".utf8)
            try write(.patch(PatchBatch(ids: [item], payloads: [payload])), to: collection)
            #expect(try rows("brand = other and stock = 3 and not exists price", collection) == [3])
            let column = FieldColumn(field: 3, values: [.integer(99)])
            try write(.patch(PatchBatch(ids: [item], fields: [column])), to: collection)
            #expect(try rows("brand = other and stock = 99", collection) == [3])
            // A new vector moves the item to another slot, and its fields with it.
            let vector = Array(fixture.vectors[200])
            try write(.patch(PatchBatch(ids: [item], vectors: vector)), to: collection)
            #expect(try rows("brand = other and stock = 99", collection) == [3])
            let none = FieldColumn(field: 3, values: [nil])
            try write(.patch(PatchBatch(ids: [item], fields: [none])), to: collection)
            #expect(try rows("brand = other and not exists stock", collection) == [3])
        }
        #expect(try fixture.findings() == [])
    }

    @Test func `fields declared later are read from the rows in the background`() throws {
        try readInBackground()
        #expect(try fixture.findings() == [])
    }

    private func readInBackground() throws {
        let directory = try fixture.open(quietSeconds: 0.01)
        let collection = try directory.create(fixture.schema)
        try write(.upsert(batch(0..<300, stock: false)), to: collection)
        try declare(collection)
        let figures = try eventually {
            let figures = collection.fields.figures
            guard figures.allSatisfy({ $0.isReady }) else { throw RequestError.missingUser }
            return figures
        }
        #expect(figures.map(\.valued) == [300, 300, 0])
        #expect(try rows("brand = b1 and price < 5", collection) == [1, 4])
        try directory.close()
    }

    @Test func `a field that is still being read is refused, and is ready after many writes`()
        throws
    {
        // No quiet moments here: only writes carry the reading on.
        try fixture.use { collection in
            try write(.upsert(batch(0..<400, stock: false)), to: collection)
            for row in 0..<3 {
                try write(.upsert(batch(row..<row + 1, stock: false)), to: collection)
            }
            try declare(collection)
        }
        try fixture.use { collection in
            try write(.upsert(batch(0..<1, stock: false)), to: collection)
            #expect(try rows("exists price", collection).count == 400)
        }
        #expect(try fixture.findings() == [])
    }

    @Test func `what cannot be declared or written is refused by name`() throws {
        try fixture.use { collection in
            try declare(collection)
            try declare(collection)
            #expect(
                throws: RequestError.fieldExists(
                    name: "price",
                    got: "int at \"/price\"",
                    expected: "float at \"/price\""
                )
            ) { try write(.declareFields([FieldDeclaration("price", .integer)]), to: collection) }
            for (name, path) in [("id", nil), ("9x", nil), ("", nil), ("a", "x"), ("b", "/~2")] {
                #expect(throws: RequestError.self, "\(name) \(path ?? "")") {
                    let field = FieldDeclaration(name, .keyword, path: path)
                    try write(.declareFields([field]), to: collection)
                }
            }
            let many = (0..<65).map { FieldDeclaration("f\($0)", .bool) }
            #expect(throws: RequestError.self) { try write(.declareFields(many), to: collection) }
            for column in [
                FieldColumn(field: 9, values: [nil]), FieldColumn(field: 1, values: [nil]),
                FieldColumn(field: 3, values: [.float(1)]), FieldColumn(field: 3, values: []),
            ] {
                var batch = batch(0..<1)
                batch.fields = [column]
                #expect(throws: RequestError.self) { try write(.upsert(batch), to: collection) }
            }
            #expect(collection.graph.liveCount == 0)
            #expect(collection.fields.declarations.count == 3)
        }
    }

    @Test func `items are deleted by a filter, as many as were asked for`() throws {
        try fixture.use { collection in
            try declare(collection)
            try write(.upsert(batch(0..<100)), to: collection)
            let price = collection.fields.declarations[1]
            let first = try write(.deleteMatching(price < 50, limit: 20), to: collection)
            #expect(first.changed == 20)
            let second = try write(.deleteMatching(price < 50, limit: 1_000), to: collection)
            #expect(second.changed == 30)
            #expect(collection.graph.liveCount == 50)
            #expect(try rows("all", collection) == Array(50..<100))
        }
        #expect(try fixture.findings() == [])
    }

    @Test func `a candidate has the fields of the live generation, under the same numbers`() throws
    {
        let generations = GenerationFixture(count: 200)
        let (directory, live) = try generations.create()
        _ = try directory.declareFields(Self.fields, of: live.info.handle)
        let candidate = try generations.load(into: directory)
        #expect(candidate.fields.declarations == live.fields.declarations)
        let more = [FieldDeclaration("later", .bool)]
        _ = try directory.declareFields(more, of: live.info.handle)
        #expect(candidate.fields.declarations == live.fields.declarations)
        #expect(candidate.fields.declarations.map(\.id) == [1, 2, 3, 4])
        try directory.close()
    }
}
