/// How a 2-byte float is read.
package enum HalfFormat: Int32, Sendable {
    /// IEEE 754 binary16: 11 bits of precision, magnitudes from 6e-8 to 65,504.
    case binary16 = 0
    /// The upper half of a float32: 8 bits of precision, the range of a float32.
    case bfloat16 = 1

    /// The largest finite value.
    package var greatestMagnitude: Float {
        switch self {
        case .binary16: 65_504
        case .bfloat16: 0x1.fep127
        }
    }
}
