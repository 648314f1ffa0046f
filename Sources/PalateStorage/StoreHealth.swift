package import PalateModel

/// Whether an environment takes writes, as others see it.
package struct StoreHealth: Equatable, Sendable {
    /// Healthy, full or failed.
    package var state = WriteState.healthy
    /// Why a write was refused last; kept when writes go on again.
    package var lastFailure: StorageError?

    /// Healthy from the start.
    package init() {}
}

/// What an environment knows of itself, behind its lock.
struct StoreCondition {
    var health = StoreHealth()
    /// The status that made the last commit fail for good, and the commit before it.
    var failure: (status: StorageStatus, lastCommit: UInt64)?
    /// When a write found no room last, in coarse milliseconds.
    var refusedAt: UInt64 = 0
    /// Told of every change of `health`, one at a time.
    var observer: (@Sendable (StoreHealth) -> Void)?

    /// Why writes are refused, where they are.
    var stopped: StorageStatus? { failure?.status }

    /// Changes the health, and tells the observer where that is news.
    mutating func become(_ state: WriteState, because failure: StorageError? = nil) {
        let before = health
        health.state = state
        health.lastFailure = failure ?? before.lastFailure
        if state != before.state { observer?(health) }
    }
}
