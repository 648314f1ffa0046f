import PalateModel

/// Reads an expression from left to right.
struct FilterParser {
    private var lexer: FilterLexer
    private let fields: [FieldDeclaration]
    private(set) var token = FilterToken.end
    /// The scalar at which the token begins.
    private(set) var place = 0
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
            guard case .outOfRange(let name, let got, let expected) = error else {
                throw self.error("the filter is too large: \(error)", at: 0)
            }
            throw self.error(
                "the filter is too large: got \(got) \(name), expected at most "
                    + "\(expected.upperBound)",
                at: 0
            )
        }
        return filter
    }

    // MARK: Structure

    private mutating func alternatives() throws(FilterExpressionError) -> Filter {
        var parts = [try conjunction()]
        while try takeWord("or") { parts.append(try conjunction()) }
        return .joined(anyOf: parts)
    }

    private mutating func conjunction() throws(FilterExpressionError) -> Filter {
        var parts = [try negation()]
        while try takeWord("and") { parts.append(try negation()) }
        return .joined(allOf: parts)
    }

    private mutating func negation() throws(FilterExpressionError) -> Filter {
        // Parentheses that group nothing anew make no level of the filter, so there may be more.
        guard depth < 4 * Limits.filterDepth.upperBound else {
            throw error("nested deeper than \(Limits.filterDepth.upperBound)", at: place)
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

    // MARK: Fields

    mutating func field() throws(FilterExpressionError) -> FieldDeclaration {
        let name: String
        switch token {
        case .word(let word):
            guard !FilterExpression.operators.contains(word.lowercased()) else {
                throw unexpected("a field; one of this name stands between backticks")
            }
            name = word
        case .quotedName(let quoted): name = quoted
        default: throw unexpected("a field")
        }
        guard let field = fields.first(where: { $0.name == name }) else {
            throw error(
                "got no field \(FilterToken.clipped(name)), expected \(nearest(to: name))",
                at: place
            )
        }
        try advance()
        return field
    }

    /// The three names that take the fewest changes to get to from `name`.
    private func nearest(to name: String) -> String {
        guard !fields.isEmpty else { return "none: the collection has no fields" }
        let wanted = Array(name.lowercased().utf8.prefix(Limits.fieldNameBytes.upperBound))
        let ranked = fields.map { field in
            (changes: wanted.changes(to: Array(field.name.lowercased().utf8)), name: field.name)
        }
        let names = ranked.sorted { ($0.changes, $0.name) < ($1.changes, $1.name) }.map(\.name)
        return (names.count > 3 ? "one such as " : "one of ")
            + names.prefix(3).joined(separator: ", ")
    }

    // MARK: Tokens

    mutating func advance() throws(FilterExpressionError) {
        (token, place) = try lexer.next()
    }

    mutating func takeWord(_ word: String) throws(FilterExpressionError) -> Bool {
        guard case .word(let found) = token, found.lowercased() == word else { return false }
        try advance()
        return true
    }

    mutating func take(_ symbol: String) throws(FilterExpressionError) -> Bool {
        guard token == .symbol(symbol) else { return false }
        try advance()
        return true
    }

    mutating func expect(_ symbol: String) throws(FilterExpressionError) {
        guard try take(symbol) else { throw unexpected("\"\(symbol)\"") }
    }

    func unexpected(_ expected: String) -> FilterExpressionError {
        error("got \(token.name), expected \(expected)", at: place)
    }

    func error(_ message: String, at place: Int) -> FilterExpressionError {
        lexer.error(message, at: place)
    }
}

extension [UInt8] {
    /// Bytes to insert, delete or replace on the way to `other` (Wagner & Fischer 1974).
    fileprivate func changes(to other: [UInt8]) -> Int {
        var row = Array<Int>(0...other.count)
        for (index, byte) in enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in other.indices {
                let replaced = diagonal + (byte == other[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = Swift.min(replaced, diagonal + 1, row[column] + 1)
            }
        }
        return row[other.count]
    }
}
