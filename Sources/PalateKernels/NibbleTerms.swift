/// The constants that turn an integer product of 4-bit codes into a distance.
///
/// A code c stands for the odd number 2c - 15. For a query q of int8 and a row with the floats a
/// and b:
///
///     distance = (offset + a) - (scale * b) * <q, 2c - 15>
package struct NibbleTerms: Equatable, Sendable {
    /// Bytes from the start of a row to a; b follows.
    package var termOffset = 0
    /// The sum of q.
    package var querySum: Int32 = 0
    /// Added to every distance.
    package var offset: Float = 0
    /// What the product counts.
    package var scale: Float = 0

    /// All zero.
    package init() {}
}

/// How well the odd numbers o = 2c - 15 of a vector's codes fit the vector v.
package struct NibbleFit: Equatable, Sendable {
    /// <v, o>.
    package let product: Float
    /// <o, o>.
    package let squares: Int32
}
