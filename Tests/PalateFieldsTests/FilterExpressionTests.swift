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
            ("ships in []", .or([])),
            ("sale or sale = false", .or([.field(4, .bool(true)), .field(4, .bool(false))])),
            ("added >= '1970-01-02'", .field(5, .integerRange(86_400_000...Int64.max))),
            ("added = 5", .field(5, .integers([5]))),
            ("`not` = word", .field(7, .keywords(["word"]))),
            ("a.b-c = 'it\\'s'", .field(8, .keywords(["it's"]))),
            ("id = 7", .items([7])), ("id not in [7, 8]", .not(.items([7, 8]))),
            ("exists price", .field(2, .exists)), ("all", .all), ("id in []", .or([])),
            ("ships not in []", .not(.or([]))), ("id = 18_446_744_073_709_551_615", .items([.max])),
            (
                "seller > 1 and (seller < 9 and sale)",
                .and([.field(3, .integerRange(2...8)), .field(4, .bool(true))])
            ),
            (
                "(sale and (all and (exists price)))",
                .and([.field(4, .bool(true)), .all, .field(2, .exists)])
            ),
            (
                "sale or (all or sale in [false, true])",
                .or([.field(4, .bool(true)), .all, .field(4, .bool(false)), .field(4, .bool(true))])
            ),
            (
                "NOT sale = TRUE AND Exists price",
                .and([.not(.field(4, .bool(true))), .field(2, .exists)])
            ),
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
        for (text, filter) in known {
            #expect(try parse(text) == filter, "\(text)")
        }
    }

    @Test func `numbers are read without loss, and strict bounds become closed ones`() throws {
        let known: [(String, Filter)] = [
            ("seller > 9223372036854775807", .or([])),
            ("seller = 9007199254740993.0", .field(3, .integers([9_007_199_254_740_993]))),
            ("seller = 9007199254740993000e-3", .field(3, .integers([9_007_199_254_740_993]))),
            (
                "seller in [-9_223_372_036_854_775_808, +0.0, 00]",
                .field(3, .integers([.min, 0, 0]))
            ),
            ("seller < -9223372036854775808", .or([])),
            ("price > inf", .or([])),
            ("price <= -inf", .field(2, .floatRange(-.infinity...(-.infinity)))),
            (
                "price in [1, .5]",
                .or([.field(2, .floatRange(1...1)), .field(2, .floatRange(0.5...0.5))])
            ),
            ("price in [1]", .field(2, .floatRange(1...1))),
            ("price >= 1 and price < 2", .field(2, .floatRange(1...(2.0).nextDown))),
            (
                "seller >= 5 and seller <= 3",
                .and([
                    .field(3, .integerRange(5...Int64.max)),
                    .field(3, .integerRange(Int64.min...3)),
                ])
            ),
            (
                "seller >= 5 or seller <= 3",
                .or([
                    .field(3, .integerRange(5...Int64.max)),
                    .field(3, .integerRange(Int64.min...3)),
                ])
            ),
        ]
        for (text, filter) in known { #expect(try parse(text) == filter, "\(text)") }
    }

    @Test func `words and text in quotes are read scalar by scalar`() throws {
        let known: [(String, Filter)] = [
            (
                "ships in [1_000, 7-up, +5, in]",
                .field(1, .keywords(["1_000", "7-up", "+5", "in"]))
            ),
            ("ships = '\\n\\u{1F98A}\\\\\\\"'", .field(1, .keywords(["\n🦊\\\""]))),
            // A quote before a combining mark, and behind one that takes what follows.
            ("ships = \"\u{301}\"", .field(1, .keywords(["\u{301}"]))),
            ("ships = \"\u{600}\"", .field(1, .keywords(["\u{600}"]))),
        ]
        for (text, filter) in known { #expect(try parse(text) == filter, "\(text)") }
    }

    @Test func `errors say what was got, what was expected, and where`() {
        let wrong: [(String, Int, String)] = [
            ("price < ", 8, "got the end, expected a value for price, which is float"),
            ("prize < 4", 0, "got no field prize, expected one such as price, "),
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
            ("near(place, 91, 2, 3m)", 12, "not on the globe"),
            ("price # 3", 6, "got \"#\""),
            ("seller", 6, "expected a comparison or in"),
            ("id = -1", 5, "expected an item's id"), ("id < 1", 3, "expected =, !=, in or not in"),
            ("price = 0x10", 8, "got the number 0x10, expected a value for price"),
            ("price = nan", 8, "which is float: a number"),
            ("price = 1e999", 8, "got the number 1e999"), ("price = 5.", 8, "got the number 5."),
            ("price = 1__0", 8, "got the number 1__0"), ("price = _1", 8, "got \"_1\""),
            ("seller = 9223372036854775808", 9, "a whole number of 64 bits"),
            ("seller = 9007199254740993.5", 9, "a whole number of 64 bits"),
            ("added > 2026-11-26", 8, "a quoted time such as"),
            ("added > 'soon'", 8, "got the text \"soon\""),
            ("place = 3", 6, "expected near(…), inside(…) or exists around place"),
            ("sale < true", 5, "sale is bool: values have no order"),
            ("sale = 1", 7, "which is bool: true or false"),
            ("and sale", 0, "got \"and\", expected a field"),
            ("in = 1", 0, "one of this name stands between backticks"),
            ("inside(place, 2, 0, 1, 0)", 14, "the box is not on the globe"),
            ("near(place, 0, 0, -1m)", 18, "expected a distance such as 500m or 3km"),
            ("near(place, 0, 0, 1mi)", 18, "expected a distance such as 500m or 3km"),
            ("ships = 'a\\q'", 11, "got \"\\q\", expected a quote"),
            ("ships = '\\u{110000}'", 10, "expected a quote"),
            ("🦊🦊", 0, "got \"🦊\""), ("ships = 'é' é", 12, "expected and, or, or the end"),
            ("\u{301}\u{301}", 0, "expected a field, a value"),
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

    @Test func `a caret stands under the offence, in the line that has it`() {
        func description(_ text: String) -> String? {
            do {
                _ = try parse(text)
                return nil
            } catch {
                return "\(error)"
            }
        }
        #expect(
            description("sale and\nprice # 3\nor sale")?.hasSuffix("\n  price # 3\n        ^")
                == true
        )
        #expect(description("\tsale #")?.hasSuffix("\n   sale #\n        ^") == true)
        let long = Array(repeating: "sale", count: 60).joined(separator: " or ")
        let shown = description(long + " # " + long)?.split(separator: "\n").map { Array($0) } ?? []
        #expect(shown.count == 3)
        guard shown.count == 3 else { return }
        #expect(shown[1].count < 130 && shown[1].last == "…")
        #expect(shown[2].firstIndex(of: "^").map { shown[1][$0] } == "#")
    }

    @Test func `a filter too large is refused by its numbers`() {
        let long = Array(repeating: "sale", count: 300).joined(separator: " and ")
        #expect {
            try parse(long)
        } throws: { error in
            "\(error)".hasPrefix(
                "the filter is too large: got 301 filter nodes, expected at most 256"
            )
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

    @Test func `mangled texts of filters are understood or refused at a place within them`() async {
        var random = RandomFilters(seed: testSeed(), hasOddTexts: true)
        var (understood, refused) = (0, 0)
        for index in 0..<(isOptimisedBuild ? 200_000 : 10_000) {
            if index % 256 == 0 { await Task.yield() }
            let filter = random.filter(depth: 2)
            var text = Array(
                FilterExpression.text(of: filter, fields: FilteredTable.fields).unicodeScalars
            )
            for _ in 0..<random.draw(4) where !text.isEmpty {
                let (place, other) = (random.draw(text.count), random.draw(text.count))
                switch random.draw(5) {
                case 0: text.remove(at: place)
                case 1: text.insert(text[other], at: place)
                case 2: text.swapAt(place, other)
                case 3: text.insert(Unicode.Scalar(UInt8(random.draw(256))), at: place)
                default: text.removeSubrange(min(place, other)..<max(place, other))
                }
            }
            let mangled = String(String.UnicodeScalarView(text))
            do {
                let filter = try FilterExpression.parse(mangled, fields: FilteredTable.fields)
                let written = FilterExpression.text(of: filter, fields: FilteredTable.fields)
                let again = try FilterExpression.parse(written, fields: FilteredTable.fields)
                #expect(again == filter, "\(mangled)")
                understood += 1
            } catch {
                #expect((0...mangled.count).contains(error.offset), "\(mangled)")
                #expect(error.text == mangled && error.description.hasSuffix("^"))
                refused += 1
            }
        }
        #expect(understood > 100 && refused > 100)
    }
}
