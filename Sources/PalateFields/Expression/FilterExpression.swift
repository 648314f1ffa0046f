package import PalateModel

/// Filters as people write them: `ships in ["br", "pt"] and price < 40 and not seller = 17`.
///
/// | form                                        | holds for items                              |
/// |---------------------------------------------|----------------------------------------------|
/// | `all`                                       | all of them                                  |
/// | `FIELD = V`, `< V`, `<= V`, `> V`, `>= V`   | whose value compares so                      |
/// | `FIELD in [V, V]`                           | whose value, or one of it, is among these    |
/// | `FIELD`                                     | whose bool value is true                     |
/// | `exists FIELD`                              | with a value                                 |
/// | `near(FIELD, LAT, LON, 3km)`                | at most so far away; m and km                |
/// | `inside(FIELD, SOUTH, WEST, NORTH, EAST)`   | in the box, degrees                          |
/// | `id = N`, `id in [N, N]`                    | of these ids                                 |
/// | `not F`, `F and F`, `F or F`, `( F )`       | binding in this order                        |
///
/// `!=` and `not in` are `not` around `=` and `in`: items without a value pass them. Values are
/// numbers, words, text between quotes, `true` and `false`; times are milliseconds since 1970 or
/// text as RFC 3339 has it. A field whose name is an operator's stands between backticks.
package enum FilterExpression {
    /// Understands an expression.
    ///
    /// - Parameters:
    ///   - text: the expression.
    ///   - fields: the collection's.
    /// - Returns: a filter within the limits.
    /// - Throws: what was got, what was expected, and where.
    package static func parse(
        _ text: String,
        fields: [FieldDeclaration]
    ) throws(FilterExpressionError) -> Filter {
        var parser = try FilterParser(text, fields: fields)
        return try parser.parse()
    }
}

/// Reads an expression from left to right.
struct FilterParser {
    private var lexer: FilterLexer
    private let fields: [FieldDeclaration]
    private(set) var token = FilterToken.end
    private(set) var offset = 0
    private var depth = 0

    init(_ text: String, fields: [FieldDeclaration]) throws(FilterExpressionError) {
        lexer = FilterLexer(text)
        self.fields = fields
        try advance()
    }

    mutating func parse() throws(FilterExpressionError) -> Filter {
        let filter = try alternatives()
        guard token == .end else { throw unexpected("and, or, or the end") }
        do throws(RequestError) {
            try filter.checkLimits()
        } catch {
            throw lexer.error("the filter is too large: \(error)", at: 0)
        }
        return filter
    }

    // MARK: Structure

    private mutating func alternatives() throws(FilterExpressionError) -> Filter {
        var parts = [try conjunction()]
        while try takeWord("or") { parts.append(try conjunction()) }
        return parts.count == 1 ? parts[0] : .or(parts)
    }

    private mutating func conjunction() throws(FilterExpressionError) -> Filter {
        var parts = [try negation()]
        while try takeWord("and") { parts.append(try negation()) }
        return parts.count == 1 ? parts[0] : .and(parts)
    }

    private mutating func negation() throws(FilterExpressionError) -> Filter {
        // Parentheses and negations nest as deep as a filter may, and a little further.
        guard depth < 4 * Limits.filterDepth.upperBound else {
            throw lexer.error("nested deeper than \(Limits.filterDepth.upperBound)", at: offset)
        }
        depth += 1
        defer { depth -= 1 }
        if try takeWord("not") { return .not(try negation()) }
        if try take("(") {
            let inner = try alternatives()
            try expect(")")
            return inner
        }
        return try test()
    }

    private mutating func test() throws(FilterExpressionError) -> Filter {
        if try takeWord("all") { return .all }
        if try takeWord("exists") { return .field(try field().id, .exists) }
        if try takeWord("near") { return try near() }
        if try takeWord("inside") { return try inside() }
        if try takeWord("id") { return try items() }
        let field = try field()
        if try takeWord("in") { return try FilterValues.among(list(field), field) }
        if try takeWord("not") {
            guard try takeWord("in") else { throw unexpected("in") }
            return .not(try FilterValues.among(list(field), field))
        }
        guard case .symbol(let comparison) = token, comparison.first.map("=!<>".contains) ?? false
        else {
            guard field.type == .bool else { throw unexpected("a comparison or in") }
            return .field(field.id, .bool(true))
        }
        let place = offset
        try advance()
        let value = try self.value(field)
        guard let filter = FilterValues.comparing(field, comparison, value) else {
            let name = field.type.name
            throw lexer.error("\(field.name) is \(name): values have no order", at: place)
        }
        return filter
    }

    // MARK: Parts

    private mutating func list(
        _ field: FieldDeclaration
    ) throws(FilterExpressionError) -> [FieldValue] {
        guard field.type != .geo else { throw lexer.error("\(field.name) is geo", at: offset) }
        try expect("[")
        var values: [FieldValue] = []
        if try take("]") { return values }
        repeat { values.append(try value(field)) } while try take(",")
        try expect("]")
        return values
    }

    private mutating func items() throws(FilterExpressionError) -> Filter {
        if try take("=") { return .items([try item()]) }
        if try take("!=") { return .not(.items([try item()])) }
        let isNegated = try takeWord("not")
        guard try takeWord("in") else { throw unexpected("= or in") }
        try expect("[")
        var items: [ItemID] = []
        if try !take("]") {
            repeat { items.append(try item()) } while try take(",")
            try expect("]")
        }
        return isNegated ? .not(.items(items)) : .items(items)
    }

    private mutating func item() throws(FilterExpressionError) -> ItemID {
        guard case .number(let digits) = token, let item = ItemID(digits) else {
            throw unexpected("an item's id")
        }
        try advance()
        return item
    }

    private mutating func near() throws(FilterExpressionError) -> Filter {
        try expect("(")
        let field = try geoField()
        let place = offset
        let latitude = try degrees()
        let longitude = try degrees()
        try expect(",")
        let meters = try meters()
        try expect(")")
        let centre = GeoPoint(latitude: latitude, longitude: longitude)
        guard centre.isValid else { throw lexer.error("the place is not on the globe", at: place) }
        return .field(field.id, .within(meters: meters, of: centre))
    }

    private mutating func inside() throws(FilterExpressionError) -> Filter {
        try expect("(")
        let field = try geoField()
        let place = offset
        let south = try degrees()
        let west = try degrees()
        let north = try degrees()
        let east = try degrees()
        try expect(")")
        let box = GeoBox(south: south, north: north, west: west, east: east)
        guard box.isValid else { throw lexer.error("the box is not on the globe", at: place) }
        return .field(field.id, .box(box))
    }

    private mutating func geoField() throws(FilterExpressionError) -> FieldDeclaration {
        let place = offset
        let field = try field()
        guard field.type == .geo else {
            throw lexer.error("\(field.name) is \(field.type.name), expected geo", at: place)
        }
        return field
    }

    private mutating func degrees() throws(FilterExpressionError) -> Double {
        try expect(",")
        guard case .number(let digits) = token, let value = Double(digits), value.isFinite else {
            throw unexpected("degrees")
        }
        try advance()
        return value
    }

    private mutating func meters() throws(FilterExpressionError) -> Double {
        guard case .number(let text) = token else { throw unexpected("a distance") }
        let (digits, unit): (Substring, Double) =
            text.hasSuffix("km")
            ? (text.dropLast(2), 1_000)
            : text.hasSuffix("m") ? (text.dropLast(), 1) : (text[...], 1)
        guard let value = Double(digits), value >= 0, value.isFinite else {
            throw unexpected("a distance such as 500m or 3km")
        }
        try advance()
        return value * unit
    }

    private mutating func field() throws(FilterExpressionError) -> FieldDeclaration {
        let name: String
        switch token {
        case .word(let word): name = word
        case .quotedName(let quoted): name = quoted
        default: throw unexpected("a field")
        }
        guard let field = fields.first(where: { $0.name == name }) else {
            let known = fields.map(\.name).sorted().joined(separator: ", ")
            throw lexer.error(
                "there is no field \(name); there are \(known.isEmpty ? "none" : known)",
                at: offset
            )
        }
        try advance()
        return field
    }

    private mutating func value(
        _ field: FieldDeclaration
    ) throws(FilterExpressionError) -> FieldValue {
        guard let value = FilterValues.value(of: token, for: field.type) else {
            throw unexpected("a value for \(field.name), which is \(field.type.name)")
        }
        try advance()
        return value
    }

    // MARK: Tokens

    private mutating func advance() throws(FilterExpressionError) {
        (token, offset) = try lexer.next()
    }

    private mutating func takeWord(_ word: String) throws(FilterExpressionError) -> Bool {
        guard case .word(let found) = token, found.lowercased() == word else { return false }
        try advance()
        return true
    }

    private mutating func take(_ symbol: String) throws(FilterExpressionError) -> Bool {
        guard token == .symbol(symbol) else { return false }
        try advance()
        return true
    }

    private mutating func expect(_ symbol: String) throws(FilterExpressionError) {
        guard try take(symbol) else { throw unexpected("\"\(symbol)\"") }
    }

    private func unexpected(_ expected: String) -> FilterExpressionError {
        lexer.error("got \(token.name), expected \(expected)", at: offset)
    }
}
