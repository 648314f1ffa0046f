import PalateIndex
import PalateModel
import PalateStorage

/// What one result list starts from.
struct ListQuery {
    /// Whether `scratch.vector` holds a query vector; by user there is none.
    let hasVector: Bool
    /// The item asked about, which never comes back itself.
    let itself: Ordinal?

    /// Puts the list's query vector into the scratch.
    ///
    /// - Throws: `unknownItem`, or damage met while its vector was read.
    init(
        _ source: QuerySource,
        list: Int,
        of collection: Collection,
        _ transaction: borrowing ReadTransaction,
        _ scratch: inout QueryScratch
    ) throws(IndexError) {
        let dimensions = collection.info.schema.dimensions
        if scratch.vector.count != dimensions {
            scratch.vector = [Float](repeating: 0, count: dimensions)
            scratch.row = scratch.vector
        }
        switch source {
        case .vectors(let values, _):
            for index in 0..<dimensions {
                scratch.vector[index] = values[list * dimensions + index]
            }
            hasVector = true
            itself = nil
        case .items(let items):
            guard let ordinal = collection.directory.ordinal(of: items[list]) else {
                throw .request(.unknownItem(id: items[list]))
            }
            var vector = scratch.vector.mutableSpan
            try collection.store.readVector(ordinal, transaction, into: &vector)
            hasVector = true
            itself = ordinal
        case .user:
            hasVector = false
            itself = nil
        }
    }
}
