/// One scored row during a search.
@frozen
public struct Hit: Equatable, Sendable {
    /// The row.
    public var ordinal: Ordinal
    /// Smaller is nearer; the metric defines the unit.
    public var distance: Float

    /// Pairs a row with its distance.
    @inlinable
    public init(ordinal: Ordinal, distance: Float) {
        self.ordinal = ordinal
        self.distance = distance
    }
}
