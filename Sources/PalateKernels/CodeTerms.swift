/// The constants that turn an integer product of codes into a distance.
///
/// For a query q of int8, a row of uint8 codes c and the int32 `term` stored in that row:
///
///     distance = offset + scale * (queryTerm + dotFactor * <c, q> + termFactor * term)
///                       + sumScale * (term + querySum)
///
/// Both brackets are int32 sums; whoever fills this in keeps them from overflowing.
package struct CodeTerms: Equatable, Sendable {
    /// Bytes from the start of a row to its term.
    package var termOffset = 0
    /// Added to every product.
    package var queryTerm: Int32 = 0
    /// What the product counts.
    package var dotFactor: Int32 = 0
    /// What the row's term counts.
    package var termFactor: Int32 = 0
    /// Added to the row's term in the second bracket.
    package var querySum: Int32 = 0
    /// Added to every distance.
    package var offset: Float = 0
    /// Distance per unit of the first bracket.
    package var scale: Float = 0
    /// Distance per unit of the second bracket.
    package var sumScale: Float = 0

    /// All zero.
    package init() {}
}
