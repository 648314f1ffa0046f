import PalateIndex
import PalateModel
import PalateStorage

/// What one result list starts from.
struct ListQuery {
    /// Whether `scratch.vector` holds a query vector; by user there is none.
    let hasVector: Bool
    /// The item asked about, which never comes back itself.
    let item: ItemID?
    /// The row of `item` when the list was begun.
    let itself: Ordinal?

    /// Puts the list's query vector into the scratch.
    ///
    /// - Throws: `unknownItem`, or damage met while its vector was read.
    init(
        _ source: QuerySource,
        list: Int,
        moved directions: [Direction],
        of collection: Collection,
        _ scratch: inout QueryScratch
    ) throws(IndexError) {
        let dimensions = collection.info.schema.dimensions
        scratch.makeRoom(dimensions: dimensions)
        switch source {
        case .vectors(let vectors):
            var vector = scratch.vector.mutableSpan
            vectors.copy(row: list, into: &vector)
            hasVector = true
            item = nil
            itself = nil
        case .items(let items):
            guard let ordinal = collection.directory.ordinal(of: items[list]) else {
                throw .request(.unknownItem(id: items[list]))
            }
            try scratch.loadVector(of: ordinal, from: collection)
            hasVector = true
            item = items[list]
            itself = ordinal
        case .user:
            hasVector = false
            item = nil
            itself = nil
        }
        if hasVector, !directions.isEmpty {
            let step = TasteCentres.step(directions, in: collection)
            TasteCentres.move(&scratch.vector, by: step)
        }
    }
}

extension QueryScratch {
    /// Reads the stored vector of a row that the directory names into `vector`.
    ///
    /// The snapshot is taken here, after the directory was asked: a row is committed before the
    /// directory knows it, so it is there.
    mutating func loadVector(of ordinal: Ordinal, from collection: Collection) throws(IndexError) {
        try collection.store.environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            var vector = self.vector.mutableSpan
            try collection.store.readVector(ordinal, transaction, into: &vector)
        }
    }
}
