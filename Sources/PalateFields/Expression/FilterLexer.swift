/// A piece of a filter expression.
enum FilterToken: Equatable {
    /// A name, a bare word, or a word operator.
    case word(String)
    /// A name between backticks: never an operator.
    case quotedName(String)
    /// Text between quotes.
    case text(String)
    /// Digits with what belongs to a number, and a unit that may follow.
    case number(String)
    /// One of `( ) [ ] , = != < <= > >=`.
    case symbol(String)
    case end

    /// As messages spell it.
    var name: String {
        switch self {
        case .word(let word): "\"\(word)\""
        case .quotedName(let name): "`\(name)`"
        case .text(let text): "the text \"\(text)\""
        case .number(let digits): "the number \(digits)"
        case .symbol(let symbol): "\"\(symbol)\""
        case .end: "the end"
        }
    }
}

/// Cuts a filter expression into pieces.
struct FilterLexer {
    private let text: String
    private let characters: [Character]
    private var place = 0

    init(_ text: String) {
        self.text = text
        characters = Array(text)
    }

    /// The next piece and where it begins.
    mutating func next() throws(FilterExpressionError) -> (token: FilterToken, offset: Int) {
        while let character = peek, character.isWhitespace { place += 1 }
        let start = place
        guard let character = peek else { return (.end, start) }
        switch character {
        case "\"", "'": return (.text(try quoted(by: character)), start)
        case "`": return (.quotedName(try quoted(by: character)), start)
        case "(", ")", "[", "]", ",", "=":
            place += 1
            return (.symbol(String(character)), start)
        case "<", ">", "!":
            place += 1
            if peek == "=" {
                place += 1
                return (.symbol("\(character)="), start)
            }
            guard character != "!" else {
                throw error("got \"!\" alone, expected \"!=\" or not", at: start)
            }
            return (.symbol(String(character)), start)
        default: break
        }
        if character.isNumber || character == "-" || character == "+" || character == "." {
            return (.number(number()), start)
        }
        guard character.isLetter || character == "_" else {
            throw error("got \"\(character)\", expected a field, a value or an operator", at: start)
        }
        return (.word(word()), start)
    }

    /// An error at a place.
    func error(_ message: String, at offset: Int) -> FilterExpressionError {
        FilterExpressionError(text: text, offset: offset, message: message)
    }

    private var peek: Character? { place < characters.count ? characters[place] : nil }

    private mutating func quoted(by quote: Character) throws(FilterExpressionError) -> String {
        let start = place
        place += 1
        var content = ""
        while let character = peek {
            place += 1
            if character == quote { return content }
            if character == "\\" {
                guard let escaped = peek else { break }
                place += 1
                content.append(escaped)
            } else {
                content.append(character)
            }
        }
        throw error("got no \(quote) at the end, expected one", at: start)
    }

    private mutating func number() -> String {
        var digits = ""
        while let character = peek {
            let isSign = character == "-" || character == "+"
            let follows = digits.isEmpty || digits.last == "e" || digits.last == "E"
            guard
                character.isNumber || character.isLetter || character == "." || character == "_"
                    || (isSign && follows)
            else { break }
            if character != "_" { digits.append(character) }
            place += 1
        }
        return digits
    }

    private mutating func word() -> String {
        var word = ""
        while let character = peek {
            guard character.isLetter || character.isNumber || "_.-".contains(character) else {
                break
            }
            word.append(character)
            place += 1
        }
        return word
    }
}
