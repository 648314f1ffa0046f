import PalateKernels
import PalateModel
import TestKit

/// Lengths at and around the borders of every level's inner loops.
let awkwardSizes = [0, 1, 3, 15, 16, 17, 31, 63, 64, 65, 255, 768, 784, 1_280]

/// The plain level: the oracle.
let oracle = KernelTable.at(.scalar) ?? .best

/// The levels to judge by it.
let levels = KernelTable.available.map(\.level)

/// Random floats around 0.
func randomFloats(_ count: Int, using generator: inout SeededGenerator) -> [Float] {
    (0..<count).map { _ in generator.normal() }
}

/// Random bytes.
func randomBytes(_ count: Int, using generator: inout SeededGenerator) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
}

/// The sum of |left * right|, what rounding errors are relative to.
func magnitude(_ left: some Sequence<Float>, _ right: some Sequence<Float>) -> Double {
    zip(left, right).reduce(0) { $0 + (Double($1.0) * Double($1.1)).magnitude }
}

/// The stated bound of float kernels: (n / 8 + 10) roundings of the sum of magnitudes.
func tolerance(_ count: Int, _ magnitude: Double) -> Double {
    Double(count / 8 + 10) * 0x1p-24 * magnitude
}
