/// A piece of a payload that a field's path leads to.
package indirect enum JSONValue: Equatable, Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A whole number of 64 bits, also one written as 3.0 or 1e3.
    case whole(Int64)
    /// Any other number; infinite where it is beyond the greatest Double.
    case fraction(Double)
    /// A string.
    case text(String)
    /// An array.
    case array([JSONValue])
    /// An object; of members with one name the last.
    case object([String: JSONValue])

    /// The number, of a whole one too; nil beyond the greatest Double.
    var number: Double? {
        switch self {
        case .whole(let value): Double(value)
        case .fraction(let value): value.isFinite ? value : nil
        default: nil
        }
    }

    /// The whole number.
    var integer: Int64? { if case .whole(let value) = self { value } else { nil } }
}
