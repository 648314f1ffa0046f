/// Why stored taste was refused.
///
/// Damage is reported by name; it is never a trap.
package enum TasteError: Error, Equatable, Sendable {
    /// The record's layout is not one this version reads.
    case unsupportedVersion(got: UInt8, expected: UInt8)
    /// The record is shorter or longer than its own count of signals says.
    case wrongByteCount(got: Int, expected: Int)
    /// More signals than `TasteLimits.signalsPerUser`.
    case tooManySignals(got: Int, expected: Int)
    /// A field of one signal holds what no signal can hold.
    case badSignal(index: Int, field: String)
    /// A field of an item's edges holds what no edge can hold.
    case badEdge(index: Int, field: String)
    /// More exposures than `TasteLimits.exposuresPerUser`.
    case tooManyExposures(got: Int, expected: Int)
    /// A field of one exposure holds what no exposure can hold.
    case badExposure(index: Int, field: String)
}
