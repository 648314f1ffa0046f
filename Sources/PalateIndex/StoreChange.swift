package import PalateModel
import PalateStorage

/// A store that takes writes from now on, or does not: what an operator must hear of.
package struct StoreChange: Equatable, Sendable {
    /// The collection's name.
    package var collection: String
    /// Which of its stores: `generation 1`, `taste`.
    package var store: String
    /// What it is now.
    package var state: WriteState
    /// Why a write was refused last, for people.
    package var lastFailure: String
}

extension StorageError {
    /// For people: as a caller would read it.
    var sentence: String { IndexError.storage(self).description }
}
