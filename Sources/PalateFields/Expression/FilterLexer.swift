/// Cuts a filter expression into tokens.
///
/// By Unicode scalars: a quote before a combining mark is one character with it, and still a quote.
struct FilterLexer {
    private let text: String
    private let scalars: [Unicode.Scalar]
    private var place = 0

    init(_ text: String) {
        self.text = text
        scalars = Array(text.unicodeScalars)
    }

    /// The next token and the scalar it begins at.
    mutating func next() throws(FilterExpressionError) -> (token: FilterToken, place: Int) {
        while let scalar = peek, scalar.properties.isWhitespace { place += 1 }
        let start = place
        guard let scalar = peek else { return (.end, start) }
        switch scalar {
        case "\"", "'": return (.text(try quoted(by: scalar)), start)
        case "`": return (.quotedName(try quoted(by: scalar)), start)
        case "(", ")", "[", "]", ",", "=":
            place += 1
            return (.symbol(String(scalar)), start)
        case "<", ">", "!":
            place += 1
            if peek == "=" {
                place += 1
                return (.symbol("\(scalar)="), start)
            }
            guard scalar != "!" else {
                throw error("got \"!\" alone, expected \"!=\" or not", at: start)
            }
            return (.symbol(String(scalar)), start)
        case "0"..."9", "+", "-", ".": return (.number(run()), start)
        default: break
        }
        guard scalar.properties.isAlphabetic || scalar == "_" else {
            throw error("got \"\(scalar)\", expected a field, a value or an operator", at: start)
        }
        return (.word(run()), start)
    }

    /// An error at a scalar.
    func error(_ message: String, at place: Int) -> FilterExpressionError {
        // Carets count characters: those that end before the scalar does.
        var (characters, end) = (0, 0)
        for character in text {
            end += character.unicodeScalars.count
            if end > place { break }
            characters += 1
        }
        return FilterExpressionError(text: text, offset: characters, message: message)
    }

    private var peek: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

    /// A word, or what begins as a number: as much as belongs to one of both.
    private mutating func run() -> String {
        var run = String.UnicodeScalarView()
        while let scalar = peek {
            let isSign = scalar == "+" && (run.isEmpty || run.last == "e" || run.last == "E")
            guard scalar.properties.isIDContinue || scalar == "." || scalar == "-" || isSign else {
                break
            }
            run.append(scalar)
            place += 1
        }
        return String(run)
    }

    // MARK: Quotes

    private mutating func quoted(
        by quote: Unicode.Scalar
    ) throws(FilterExpressionError) -> String {
        let start = place
        place += 1
        var content = String.UnicodeScalarView()
        while let scalar = peek {
            place += 1
            if scalar == quote { return String(content) }
            content.append(scalar == "\\" ? try escaped(in: start, by: quote) : scalar)
        }
        throw unclosed(quote, from: start)
    }

    private func unclosed(_ quote: Unicode.Scalar, from start: Int) -> FilterExpressionError {
        error("got no \(quote) at the end, expected one", at: start)
    }

    /// What stands behind a backslash.
    private mutating func escaped(
        in start: Int,
        by quote: Unicode.Scalar
    ) throws(FilterExpressionError) -> Unicode.Scalar {
        guard let scalar = peek else { throw unclosed(quote, from: start) }
        place += 1
        switch scalar {
        case "\\", "\"", "'", "`": return scalar
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "u":
            if let scalar = hexadecimal() { return scalar }
        default: break
        }
        throw error(
            "got \"\\\(scalar)\", expected a quote, a backtick, \\\\, \\n, \\r, \\t or \\u{HEX}",
            at: place - 1
        )
    }

    /// The scalar of `{1F98A}`; nothing is passed over where there is none.
    private mutating func hexadecimal() -> Unicode.Scalar? {
        guard peek == "{" else { return nil }
        let digits = scalars[(place + 1)...].prefix(7).prefix { $0 != "}" }
        guard digits.endIndex < scalars.count, scalars[digits.endIndex] == "}",
            digits.allSatisfy(\.properties.isASCIIHexDigit),
            let code = UInt32(String(String.UnicodeScalarView(digits)), radix: 16),
            let scalar = Unicode.Scalar(code)
        else { return nil }
        place = digits.endIndex + 1
        return scalar
    }
}
