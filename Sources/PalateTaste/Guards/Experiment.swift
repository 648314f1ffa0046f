package import PalateModel

/// A split of the people between weight profiles: everybody has the same arm every time.
///
/// The arm follows from a hash of user and name, so that two experiments split independently of
/// each other, and nothing has to be kept of anybody.
package struct Experiment: Equatable, Sendable {
    /// Weight profiles of an experiment.
    package static let armsRange = 1...16

    /// Profiles by name, and their shares in any unit.
    package let arms: [NamedNumber]
    private let seed: UInt64

    /// An experiment.
    ///
    /// - Throws: `outOfRange` for the number of arms, `badNumber` for a share that is not above 0.
    package init(name: String, arms: [NamedNumber]) throws(RequestError) {
        guard Self.armsRange.contains(arms.count) else {
            throw .outOfRange(
                field: "arms of experiment \(name)",
                got: arms.count,
                expected: Self.armsRange
            )
        }
        for arm in arms where !(arm.value > 0 && arm.value <= 1e6) {
            throw .badNumber(field: "share of \(arm.name)", got: arm.value, expected: 0...1e6)
        }
        self.arms = arms
        // FNV-1a: the same on every machine and in every version.
        seed = name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    /// The profile of one person.
    package func arm(of user: UserID) -> String {
        let total = arms.reduce(0) { $0 + $1.value }
        let unit = Double(SplitMix64.number(user, seed: seed) >> 11) * 0x1p-53
        var left = unit * total
        for arm in arms {
            left -= arm.value
            if left < 0 { return arm.name }
        }
        return arms[arms.count - 1].name
    }
}
