import PalateFields
import PalateIndex
import PalateModel

/// Which rows may come back, and how they are found.
package struct FilterPlan: Sendable {
    /// What was asked for.
    let filter: Filter
    /// The rows that pass.
    var matches: RowSet
    /// Of the values that say so.
    private(set) var version: UInt64

    /// Asks the fields.
    ///
    /// - Throws: `unknownField`, `fieldNotReady`, `wrongFieldType`.
    init(_ filter: Filter, in collection: Collection) throws(RequestError) {
        self.filter = filter
        (matches, version) = try collection.fields.matches(filter)
    }

    /// Asks again where something was written since.
    ///
    /// Rows named before a reader's epoch began may stand for other items now.
    mutating func refresh(in collection: Collection) throws(RequestError) {
        guard collection.fields.version != version else { return }
        self = try FilterPlan(filter, in: collection)
    }
}
