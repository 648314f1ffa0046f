import PalateFields
import PalateModel
import TestKit
import Testing

@Suite struct JSONReadingTests {
    private func entry(_ payload: String, _ path: String, _ type: FieldType) -> RowFields.Entry? {
        let extraction = FieldExtraction([FieldDeclaration("field", type, path: path, id: 1)])
        return extraction.fields(of: Array(payload.utf8).span).entries[1]
    }

    private func keyword(_ payload: String, _ path: String) -> RowFields.Entry? {
        entry(payload, path, .keyword)
    }

    @Test func `pointers are resolved as RFC 6901 has it`() {
        let known: [(payload: String, path: String, expected: String?)] = [
            ("{\"a\":{\"b\":[{\"c\":\"x\"},\"y\"]}}", "/a/b/0/c", "x"),
            ("{\"a\":{\"b\":[{\"c\":\"x\"},\"y\"]}}", "/a/b/1", "y"),
            ("{\"a\":{\"b\":[{\"c\":\"x\"},\"y\"]}}", "/a/b/01", nil),
            ("{\"a\":{\"b\":[{\"c\":\"x\"},\"y\"]}}", "/a/b/2", nil),
            ("{\"a\":{\"b\":[{\"c\":\"x\"},\"y\"]}}", "/a/b/-", nil),
            ("{\"0\":\"zero\"}", "/0", "zero"), ("[\"one\"]", "/0", "one"),
            ("{\"\":\"empty\"}", "/", "empty"), ("{\"\":{\"\":\"x\"}}", "//", "x"),
            ("{\"a/b\":\"x\"}", "/a~1b", "x"), ("{\"m~n\":\"x\"}", "/m~0n", "x"),
            ("{\"~1\":\"x\"}", "/~01", "x"), ("{\" \":\"x\"}", "/ ", "x"),
            ("{\"a\\u0062\":\"x\"}", "/ab", "x"), ("{\"\\ud83e\\udd8a\":\"x\"}", "/🦊", "x"),
            ("\"x\"", "/a", nil), ("{\"a\":\"x\"}", "/a/b", nil),
        ]
        for (payload, path, expected) in known {
            #expect(
                keyword(payload, path) == expected.map { .value(.keyword($0)) },
                "\(path) in \(payload)"
            )
        }
    }

    @Test func `names and pointers are compared scalar by scalar`() {
        // One scalar, and a letter with a combining mark, look alike.
        let composed = "{\"\u{e9}\":\"x\"}"
        #expect(keyword(composed, "/\u{e9}") == .value(.keyword("x")))
        #expect(keyword(composed, "/e\u{301}") == nil)
        #expect(keyword("{\"\u{301}\":\"x\"}", "/\u{301}") == .value(.keyword("x")))
        #expect(keyword("{\"a\":{\"\u{301}b\":\"x\"}}", "/a/\u{301}b") == .value(.keyword("x")))
        #expect(keyword("{\"a~\u{301}\":\"x\"}", "/a~0\u{301}") == .value(.keyword("x")))
        #expect(keyword("{\"/\u{301}\":\"x\"}", "/~1\u{301}") == .value(.keyword("x")))
        #expect(FieldExtraction.isPath("/\u{301}"))
        #expect(!FieldExtraction.isPath("/~\u{301}"))
        for path in ["a", "/~", "/~2", "/a/~", "~0", "\u{301}/"] {
            #expect(!FieldExtraction.isPath(path), "\(path)")
        }
        for path in ["", "/", "//", "/~0~1", "/a b"] { #expect(FieldExtraction.isPath(path)) }
    }

    @Test func `of members with one name the last counts, with all that is not in it`() {
        #expect(keyword("{\"a\":\"x\",\"a\":\"y\"}", "/a") == .value(.keyword("y")))
        #expect(keyword("{\"a\":\"x\",\"a\":null}", "/a") == nil)
        #expect(keyword("{\"a\":\"x\",\"a\":1}", "/a") == .mistyped)
        #expect(keyword("{\"a\":{\"b\":\"x\"},\"a\":{}}", "/a/b") == nil)
        #expect(keyword("{\"a\":{\"b\":\"x\"},\"a\":2}", "/a/b") == nil)
        #expect(keyword("{\"a\":[\"x\",\"y\"],\"a\":[\"z\"]}", "/a/1") == nil)
        #expect(
            keyword("{\"a\":{\"b\":{\"c\":\"x\"}},\"a\":{\"b\":{}}}", "/a/b/c") == nil
        )
        #expect(keyword("{\"a\":2,\"a\":{\"b\":\"x\"}}", "/a/b") == .value(.keyword("x")))
        #expect(
            entry("{\"p\":{\"lat\":1,\"lat\":2,\"lon\":3}}", "/p", .geo)
                == .value(.geo(GeoPoint(latitude: 2, longitude: 3)))
        )
    }

    @Test func `numbers beyond their type are of no type, and the rest of the payload is read`() {
        let large = String(repeating: "9", count: 400)
        for number in ["1e400", "-1e400", large, "1e99999999999999999999"] {
            let payload = "{\"n\":\(number),\"a\":\"x\"}"
            #expect(entry(payload, "/n", .float) == .mistyped, "\(number.prefix(9))")
            #expect(entry(payload, "/n", .integer) == .mistyped, "\(number.prefix(9))")
            #expect(entry(payload, "/n", .time) == .mistyped, "\(number.prefix(9))")
            #expect(keyword(payload, "/a") == .value(.keyword("x")), "\(number.prefix(9))")
        }
        let known: [(String, Int64?)] = [
            ("9223372036854775807", .max), ("-9223372036854775808", .min),
            ("9223372036854775808", nil), ("-9223372036854775809", nil), ("-0", 0), ("1e3", 1_000),
            ("1.0", 1), ("1.5", nil), ("1e-400", nil), ("0e-400", 0),
            ("9007199254740993.0", 1 << 53 + 1), ("1.00000000000000000001", nil),
            ("9007199254740991.4", nil), ("92233720368547758070e-1", .max),
            ("12345678901234567890", nil),
        ]
        for (number, expected) in known {
            let found = entry("{\"n\":\(number)}", "/n", .integer)
            #expect(found == expected.map { .value(.integer($0)) } ?? .mistyped, "\(number)")
        }
        #expect(entry("{\"n\":9007199254740993}", "/n", .integer) == .value(.integer(1 << 53 + 1)))
    }

    @Test(arguments: [1, 2, 62, 63, 64, 65, 1_000])
    func `values are read to 64 levels of nesting`(levels: Int) {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            // The innermost value is a level, and so is the object around all.
            let nested =
                String(repeating: open, count: levels) + "1"
                + String(repeating: close, count: levels)
            let found = keyword("{\"deep\":\(nested),\"a\":\"x\"}", "/a")
            #expect(found == (levels + 2 <= 64 ? .value(.keyword("x")) : .mistyped))
        }
    }

    // MARK: Random documents

    private indirect enum Tree {
        case null
        case whole(Int64)
        case text(String)
        case array([Tree])
        case object([(name: String, value: Tree)])

        /// What a pointer's names lead to.
        func value(at names: ArraySlice<String>) -> Tree? {
            guard let name = names.first else { return self }
            switch self {
            case .array(let values):
                guard let index = values.indices.first(where: { "\($0)" == name }) else {
                    return nil
                }
                return values[index].value(at: names.dropFirst())
            case .object(let members):
                return members.last { $0.name == name }?.value.value(at: names.dropFirst())
            default: return nil
            }
        }
    }

    private static let names = ["a", "b", "0", "1", "🦊", "\"", "a b"]

    private func tree(_ generator: inout SeededGenerator, depth: Int) -> Tree {
        switch Int.random(in: depth == 0 ? 4..<8 : 0..<8, using: &generator) {
        case 0, 1, 2:
            .object(
                (0..<Int.random(in: 0..<5, using: &generator)).map { _ in
                    let name = Self.names[Int.random(in: 0..<Self.names.count, using: &generator)]
                    return (name, tree(&generator, depth: depth - 1))
                }
            )
        case 3:
            .array(
                (0..<Int.random(in: 0..<4, using: &generator)).map { _ in
                    tree(&generator, depth: depth - 1)
                }
            )
        case 4: .null
        case 5: .whole(Int64(truncatingIfNeeded: generator.next()))
        default: .text(Self.names[Int.random(in: 0..<Self.names.count, using: &generator)])
        }
    }

    private func json(_ tree: Tree, _ generator: inout SeededGenerator) -> String {
        func space() -> String { ["", " ", "\n\t", "\r "][Int(generator.next() % 4)] }
        func quoted(_ text: String) -> String {
            let units = text.utf16.map { unit in
                let isEscaped = unit == 34 || unit > 127 || generator.next() % 4 == 0
                let digits = String(unit, radix: 16)
                return isEscaped
                    ? "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                    : String(decoding: [unit], as: UTF16.self)
            }
            return "\"\(units.joined())\""
        }
        var parts: [String] = []
        switch tree {
        case .null: return space() + "null" + space()
        case .whole(let number): return space() + "\(number)" + space()
        case .text(let text): return space() + quoted(text) + space()
        case .array(let values):
            for value in values { parts.append(json(value, &generator)) }
            return "\(space())[\(space())\(parts.joined(separator: ","))]\(space())"
        case .object(let members):
            for (name, value) in members {
                parts.append("\(space())\(quoted(name))\(space()):\(json(value, &generator))")
            }
            return "\(space()){\(space())\(parts.joined(separator: ","))}\(space())"
        }
    }

    @Test func `random documents have at random paths what a tree has`() async {
        var generator = SeededGenerator(seed: testSeed())
        var found = 0
        for index in 0..<(isOptimisedBuild ? 50_000 : 3_000) {
            if index % 256 == 0 { await Task.yield() }
            let document = tree(&generator, depth: 4)
            let payload = json(document, &generator)
            let paths = (1..<9).map { _ in
                (0..<Int.random(in: 1..<4, using: &generator)).map { _ in
                    Self.names[Int.random(in: 0..<Self.names.count, using: &generator)]
                }
            }
            let extraction = FieldExtraction(
                paths.enumerated().map { index, names in
                    let path = names.map { "/" + $0 }.joined()
                    let type: FieldType = index % 2 == 0 ? .keyword : .integer
                    return FieldDeclaration("f", type, path: path, id: FieldID(index))
                }
            )
            let entries = extraction.fields(of: Array(payload.utf8).span).entries
            for (index, names) in paths.enumerated() {
                let expected: RowFields.Entry? =
                    switch document.value(at: names[...]) {
                    case nil, .null?: nil
                    case .text(let text)? where index % 2 == 0: .value(.keyword(text))
                    case .whole(let number)? where index % 2 == 1: .value(.integer(number))
                    default: .mistyped
                    }
                #expect(entries[FieldID(index)] == expected, "\(names) in \(payload)")
                found += expected == nil ? 0 : 1
            }
        }
        #expect(found > 300)
    }
}
