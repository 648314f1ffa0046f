/// A piece of a payload that a field's path leads to.
package indirect enum JSONValue: Equatable, Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number that is whole, as it was written.
    case whole(Int64)
    /// Any other number.
    case fraction(Double)
    /// A string.
    case text(String)
    /// An array.
    case array([JSONValue])
    /// An object; of members with one name the last.
    case object([String: JSONValue])

    /// The number, of a whole one too.
    var number: Double? {
        switch self {
        case .whole(let value): Double(value)
        case .fraction(let value): value
        default: nil
        }
    }

    /// The whole number, also of one written as 3.0 or 1e3.
    var integer: Int64? {
        switch self {
        case .whole(let value): value
        case .fraction(let value): Int64(exactly: value)
        default: nil
        }
    }
}
