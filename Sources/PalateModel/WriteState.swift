/// Whether a store takes writes.
///
/// Raw values are the wire's.
public enum WriteState: UInt8, CaseIterable, Sendable {
    /// It takes all.
    case healthy = 0
    /// The disk or the map is full: it takes deletes, and the rest again once there is room.
    case full = 1
    /// A commit failed in a way that cannot be retried: it takes none until it was opened again.
    case failed = 2
}
