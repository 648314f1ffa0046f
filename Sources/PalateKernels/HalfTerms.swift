/// What turns products with rows of 2-byte numbers into distances.
///
///     distance = offset + scale * <q, x>, or offset + scale * |q - x|^2
package struct HalfTerms: Sendable {
    /// How rows are read.
    package var format: HalfFormat
    /// The squared distance, else the inner product.
    package var isSquared: Bool
    /// Added to every distance.
    package var offset: Float
    /// Distance per unit.
    package var scale: Float

    /// The terms of one metric.
    package init(format: HalfFormat, isSquared: Bool, offset: Float, scale: Float) {
        self.format = format
        self.isSquared = isSquared
        self.offset = offset
        self.scale = scale
    }
}
