/// Bits of one code.
package enum CodeBits: Int32, Sendable {
    /// Signs: 8 components to a byte.
    case one = 1
    /// Four levels: 4 components to a byte.
    case two = 2

    /// The largest code.
    package var top: Int { 1 << Int(rawValue) - 1 }
    /// Codes to a byte.
    package var perByte: Int { 8 / Int(rawValue) }

    /// Bytes of the codes of a vector.
    package func byteCount(_ dimensions: Int) -> Int { (dimensions + perByte - 1) / perByte }
}

/// The constants that turn an integer product of 1-bit or 2-bit codes into a distance.
///
/// A code c stands for the odd number o = 2c - top. For a query q of int8 and a row with the floats
/// a and b and the group g:
///
///     distance = (table[g] + a) - (scale * b) * <q, o>
package struct BitTerms: Equatable, Sendable {
    /// Groups that a row's byte can name: the shape of the table.
    package static let groups = 256

    /// Of one code.
    package var bits: CodeBits
    /// Bytes from the start of a row to a; b and g follow.
    package var termOffset = 0
    /// The sum of q.
    package var querySum: Int32 = 0
    /// What the product counts.
    package var scale: Float = 0

    /// All zero.
    package init(bits: CodeBits) {
        self.bits = bits
    }
}

/// How well the odd numbers o of a vector's codes fit the vector v.
package struct BitFit: Equatable, Sendable {
    /// <v, o>.
    package let product: Float
    /// <o, o>.
    package let squares: Int32
}
