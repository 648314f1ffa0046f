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
}
