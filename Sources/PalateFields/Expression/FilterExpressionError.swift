/// Why a filter expression was not understood, and where.
package struct FilterExpressionError: Error, Equatable, CustomStringConvertible {
    /// The expression.
    package var text: String
    /// Characters before the offence.
    package var offset: Int
    /// What was got, and what was expected.
    package var message: String

    /// Characters of the expression that are shown on either side of the offence.
    private static let shownMax = 60

    /// The message, the line of the expression that has the offence, and a caret under it.
    package var description: String {
        let before = text.prefix(offset)
        let behind = text.dropFirst(offset)
        let head = before.suffix(while: { !$0.isNewline })
        let tail = behind.prefix { !$0.isNewline }
        let isHeadCut = head.count > 2 * Self.shownMax
        let isTailCut = tail.count > 2 * Self.shownMax
        let shownHead = (isHeadCut ? "…" : "") + (isHeadCut ? head.suffix(Self.shownMax) : head)
        let shownTail = (isTailCut ? tail.prefix(Self.shownMax) : tail) + (isTailCut ? "…" : "")
        let line = String((shownHead + shownTail).map { Self.isPrinted($0) ? $0 : " " })
        return "\(message)\n  \(line)\n  \(String(repeating: " ", count: shownHead.count))^"
    }

    /// Whether a character takes a place of its own on a terminal.
    private static func isPrinted(_ character: Character) -> Bool {
        character.unicodeScalars.first?.properties.generalCategory != .control
    }
}

extension Substring {
    /// The longest end whose characters all pass.
    fileprivate func suffix(while isPart: (Character) -> Bool) -> Substring {
        guard let last = lastIndex(where: { !isPart($0) }) else { return self }
        return self[index(after: last)...]
    }
}
