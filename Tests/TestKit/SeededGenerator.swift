import Glibc

/// SplitMix64: small, fast, and the same numbers for the same seed on every machine.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Starts the sequence of `seed`.
    package init(seed: UInt64) { state = seed }

    /// The next 64 bits.
    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// A standard normal value (Box-Muller).
    package mutating func normal() -> Float {
        let radius = Double.random(in: Double.leastNonzeroMagnitude..<1, using: &self)
        let angle = Double.random(in: 0..<(2 * Double.pi), using: &self)
        return Float((-2 * log(radius)).squareRoot() * cos(angle))
    }
}

/// The seed of a random test: `PALATE_TEST_SEED` where set, else fresh; printed either way.
package func testSeed(_ function: String = #function) -> UInt64 {
    let seed: UInt64
    if let text = getenv("PALATE_TEST_SEED"), let given = UInt64(String(cString: text)) {
        seed = given
    } else {
        seed = UInt64.random(in: 0...UInt64(UInt32.max))
    }
    print("seed \(seed) in \(function)")
    return seed
}
