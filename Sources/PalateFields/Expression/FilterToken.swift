/// A piece of a filter expression.
enum FilterToken: Equatable {
    /// A name, a bare word, or a word operator.
    case word(String)
    /// A name between backticks: never an operator.
    case quotedName(String)
    /// Text between quotes.
    case text(String)
    /// What begins as a number does, as it was written, with a unit that may follow.
    case number(String)
    /// One of `( ) [ ] , = != < <= > >=`.
    case symbol(String)
    case end

    /// As messages spell it.
    var name: String {
        switch self {
        case .word(let word): "\"\(Self.clipped(word))\""
        case .quotedName(let name): "`\(Self.clipped(name))`"
        case .text(let text): "the text \"\(Self.clipped(text))\""
        case .number(let digits): "the number \(Self.clipped(digits))"
        case .symbol(let symbol): "\"\(symbol)\""
        case .end: "the end"
        }
    }

    /// At most 64 characters of a text.
    static func clipped(_ text: String) -> String {
        let head = text.prefix(64)
        return head.endIndex == text.endIndex ? text : head + "…"
    }
}
