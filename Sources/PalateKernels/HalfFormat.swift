/// How a 2-byte number is read.
package enum HalfFormat: Int32, Sendable {
    /// IEEE 754 binary16: 11 bits of precision, magnitudes from 6e-8 to 65,504.
    case binary16 = 0
    /// The upper half of a float32: 8 bits of precision, the range of a float32.
    case bfloat16 = 1
    /// A signed whole number, of steps of a grid.
    case integer16 = 2

    /// The largest finite value.
    package var greatestMagnitude: Float {
        switch self {
        case .binary16: 65_504
        case .bfloat16: 0x1.fep127
        // Not -32,768, so that the grid is symmetric.
        case .integer16: 32_767
        }
    }
}
