import Glibc

/// The walk's powers and decays as tables: one look-up where there would be a `pow`.
struct WalkDampings: Sendable {
    /// By likes of a seed: degree^-a.
    private let seed: [Float]
    /// By a person's items: degree^(-b q).
    private let user: [Float]
    /// By likes of a candidate: degree^-beta.
    private let candidate: [Float]
    /// By age in days: 2^(-age / halfLife).
    let decay: [Float]

    /// Degrees with an entry; a larger one is computed.
    private static let degrees = 4_096
    /// Ages with an entry, about eleven years; older edges count as if of that age.
    private static let ages = 4_096
    private let settings: WalkSettings

    /// Fills the tables: 64 KiB.
    init(_ settings: WalkSettings) {
        self.settings = settings
        seed = Self.table(-settings.seedDegreeExponent)
        user = Self.table(-settings.userDegreeExponent * settings.sharpness)
        candidate = Self.table(-settings.popularityExponent)
        decay = (0..<Self.ages).map { exp2(-Float($0) / settings.halfLifeDays) }
    }

    /// Damping of a seed with `likes` people.
    func seed(_ likes: Int) -> Float {
        likes < Self.degrees ? seed[likes] : pow(Float(likes), -settings.seedDegreeExponent)
    }

    /// Damping of a person with `items` items; never more than `TasteLimits.likedItemsPerUser`.
    func user(_ items: Int) -> Float { user[min(items, Self.degrees - 1)] }

    /// Damping of a candidate with `likes` people.
    func candidate(_ likes: Int) -> Float {
        likes < Self.degrees ? candidate[likes] : pow(Float(likes), -settings.popularityExponent)
    }

    /// Days since 1970 of a time, clipped to a UInt16 (the year 2149).
    static func day(of timeMilliseconds: Int64) -> UInt16 {
        UInt16(clamping: timeMilliseconds / 86_400_000)
    }

    private static func table(_ exponent: Float) -> [Float] {
        // Degree 0 has nobody to walk over; 1 keeps the entry finite.
        (0..<degrees).map { pow(Float(max($0, 1)), exponent) }
    }
}
