import Glibc
import PalateModel

/// Random numbers of one seed, in order: the same on every machine.
struct SeededDraws: Sendable {
    private let seed: UInt64
    private var index: UInt64 = 0

    /// The sequence of `seed`.
    init(seed: UInt64) { self.seed = seed }

    /// The next 64 bits.
    mutating func bits() -> UInt64 {
        defer { index &+= 1 }
        return SplitMix64.number(index, seed: seed)
    }

    /// In 0 ..< bound; a bias of bound / 2^64 is nothing here.
    mutating func number(below bound: UInt64) -> UInt64 {
        bits().multipliedFullWidth(by: bound).high
    }

    /// Above 0 and below 1.
    mutating func unit() -> Double { (Double(bits() >> 12) + 0.5) * 0x1p-52 }

    /// Standard normal (Box-Muller).
    mutating func normal() -> Double {
        let radius = (-2 * log(unit())).squareRoot()
        return radius * cos(2 * .pi * unit())
    }

    /// Gamma of scale 1 (Marsaglia & Tsang, ACM TOMS 2000, doi:10.1145/358407.358414).
    ///
    /// - Parameter shape: above 0.
    /// - Returns: above 0, or 0 where it underflows.
    mutating func gamma(shape: Double) -> Double {
        // Below 1 through a power of a uniform number, as the paper's section 6 says.
        guard shape >= 1 else { return gamma(shape: shape + 1) * pow(unit(), 1 / shape) }
        let offset = shape - 1.0 / 3
        let scale = 1 / (9 * offset).squareRoot()
        while true {
            let normal = normal()
            let root = 1 + scale * normal
            guard root > 0 else { continue }
            let cube = root * root * root
            if log(unit()) < 0.5 * normal * normal + offset * (1 - cube + log(cube)) {
                return offset * cube
            }
        }
    }

    /// Beta by two gammas; both shapes above 0.
    mutating func beta(_ successes: Double, _ failures: Double) -> Double {
        let left = gamma(shape: successes)
        let right = gamma(shape: failures)
        // Two shapes far below 1 can both underflow: a coin of their mean.
        guard left + right > 0 else {
            return unit() * (successes + failures) < successes ? 1 : 0
        }
        return left / (left + right)
    }
}
