/// Why a filter expression was not understood, and where.
package struct FilterExpressionError: Error, Equatable, CustomStringConvertible {
    /// The expression.
    package var text: String
    /// Characters before the offence.
    package var offset: Int
    /// What was got, and what was expected.
    package var message: String

    /// The message, the expression, and a caret under the offence.
    package var description: String {
        "\(message)\n  \(text)\n  \(String(repeating: " ", count: offset))^"
    }
}
