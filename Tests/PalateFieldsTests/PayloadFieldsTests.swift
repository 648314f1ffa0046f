import PalateFields
import PalateModel
import TestKit
import Testing

@Suite struct PayloadFieldsTests {
    private static let fields = [
        FieldDeclaration("brand", .keyword, id: 1),
        FieldDeclaration("ships", .keywordSet, path: "/to/countries", id: 2),
        FieldDeclaration("stock", .integer, id: 3), FieldDeclaration("price", .float, id: 4),
        FieldDeclaration("sale", .bool, id: 5), FieldDeclaration("added", .time, id: 6),
        FieldDeclaration("place", .geo, id: 7),
        FieldDeclaration("first", .keyword, path: "/tags/0", id: 8),
        FieldDeclaration("odd", .keyword, path: "/a~1b/~0", id: 9),
        FieldDeclaration("column", .integer, path: "", id: 10),
    ]
    private let extraction = FieldExtraction(fields)

    private func entries(_ payload: String) -> [FieldID: RowFields.Entry] {
        extraction.fields(of: Array(payload.utf8).span).entries
    }

    @Test func `values are found by their paths`() {
        let payload = """
            {"brand": "A\\u00e9\\ud83e\\udd8a\\n", "to": {"x": [1, {"y": null}],
             "countries": ["br", "pt"]},
             "stock": 12, "price": 9.5e0, "sale": true, "added": "2026-11-26T14:03:25.5Z",
             "place": {"lat": 52.5, "lon": -13}, "tags": ["one", "two"], "a/b": {"~": "found"},
             "column": 4}
            """
        #expect(
            entries(payload) == [
                1: .value(.keyword("Aé🦊\n")), 2: .value(.keywords(["br", "pt"])),
                3: .value(.integer(12)), 4: .value(.float(9.5)), 5: .value(.bool(true)),
                6: .value(.integer(1_795_701_805_500)),
                7: .value(.geo(GeoPoint(latitude: 52.5, longitude: -13))),
                8: .value(.keyword("one")), 9: .value(.keyword("found")),
            ]
        )
    }

    @Test func `null and absent are no value, anything else of another type is counted`() {
        #expect(entries("{\"brand\": null, \"stock\": null}") == [:])
        #expect(entries("{}") == [:])
        #expect(entries("") == [:])
        #expect(
            entries(
                "{\"brand\": 7, \"stock\": 1.5, \"price\": \"9\", \"sale\": 1, \"added\": \"soon\"}"
            )
                == [1: .mistyped, 3: .mistyped, 4: .mistyped, 5: .mistyped, 6: .mistyped]
        )
        #expect(entries("{\"to\": {\"countries\": [\"br\", 7]}}") == [2: .mistyped])
        #expect(entries("{\"to\": {\"countries\": \"br\"}}") == [2: .value(.keywords(["br"]))])
        #expect(
            entries("{\"stock\": 3.0, \"price\": 3}") == [
                3: .value(.integer(3)), 4: .value(.float(3)),
            ]
        )
        #expect(entries("{\"stock\": 9223372036854775808}") == [3: .mistyped])
        #expect(entries("{\"brand\": \"a\", \"brand\": \"b\"}") == [1: .value(.keyword("b"))])
        #expect(entries("{\"place\": {\"lat\": 91, \"lon\": 0}}") == [7: .mistyped])
        let long = String(repeating: "x", count: 513)
        #expect(entries("{\"brand\": \"\(long)\"}") == [1: .mistyped])
    }

    @Test func `a payload that is no JSON has nothing of any type`() {
        let valid = "{\"brand\": \"a\", \"to\": {\"countries\": [\"br\"]}, \"price\": -0.5e-3}"
        let all = Set(Self.fields.filter { !$0.path.isEmpty }.map(\.id))
        let bytes = Array(valid.utf8)
        for count in 1..<bytes.count {
            let cut = extraction.fields(of: Array(bytes.prefix(count)).span).entries
            #expect(Set(cut.keys) == all && cut.values.allSatisfy { $0 == .mistyped })
        }
        for broken in [
            "{\"brand\": 01}", "{\"brand\": .5}", "{\"brand\": +1}", "{brand: 1}", "[1,]",
            "{\"a\":1,}",
            "nul", "\"\\x\"", "\"\\ud800\"", "{} {}", "\u{feff}{}",
            "\"\u{1}\"", String(repeating: "[", count: 100_000),
        ] {
            #expect(entries(broken).values.allSatisfy { $0 == .mistyped }, "\(broken.prefix(20))")
            #expect(entries(broken).count == all.count, "\(broken.prefix(20))")
        }
    }

    @Test func `mangled payloads never trap`() async {
        var generator = SeededGenerator(seed: testSeed())
        let valid = Array(
            "{\"brand\":\"A\\u00e9\",\"to\":{\"countries\":[\"br\"]},\"stock\":-1.5e3,\"tags\":[]}"
                .utf8
        )
        for index in 0..<(isOptimisedBuild ? 300_000 : 5_000) {
            if index % 1_024 == 0 { await Task.yield() }
            var bytes = valid
            for _ in 0..<Int.random(in: 1..<6, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: place)
                default: bytes.insert(bytes[bytes.count - 1 - place], at: place)
                }
            }
            let found = extraction.fields(of: bytes.span)
            #expect(found.entries.count <= Self.fields.count)
        }
    }

    @Test func `times are read as RFC 3339 has them`() {
        let known: [(String, Int64?)] = [
            ("1970-01-01", 0), ("1970-01-01T00:00:00Z", 0), ("1969-12-31T23:59:59.999Z", -1),
            ("2000-02-29T12:00:00+02:00", 951_818_400_000),
            ("2026-11-26 14:03:25-05:30", 1_795_721_605_000),
            ("9999-12-31T23:59:59Z", 253_402_300_799_000), ("2023-02-29", nil), ("2023-13-01", nil),
            ("2023-01-01T24:00:00Z", nil), ("2023-01-01T00:00:00", nil), ("2023-1-1", nil),
            ("2023-01-01T00:00:00.Z", nil), ("", nil), ("now", nil), ("2023-01-01T00:00:00Zx", nil),
        ]
        for (text, expected) in known {
            #expect(Timestamp.milliseconds(text) == expected, "\(text)")
        }
    }
}
