/// The affine grid of 8-bit codes.
///
/// code = round((value * unit - low) / step), ties to even, clamped to 0...255.
package struct CodeGrid: Equatable, Sendable {
    /// What a vector is multiplied with first: 1, or 1 / its norm.
    package var unit: Float = 1
    /// The value of code 0.
    package var low: Float
    /// The difference of neighbouring codes' values; above 0.
    package var step: Float

    /// A grid.
    package init(low: Float, step: Float) {
        self.low = low
        self.step = step
    }

    /// Exact sums over the codes of one vector.
    package struct Sums: Equatable, Sendable {
        /// Sum of c.
        package let codes: Int32
        /// Sum of c * c.
        package let squares: Int32
    }
}
