package import PalateModel
import PalateStorage

/// What a generation says of itself.
package struct CollectionInspection: Sendable {
    /// Its fixed properties.
    package var schema: CollectionSchema
    /// Its number.
    package var generation: UInt64
    /// Rows ever written and not compacted away.
    package var rows: Int
    /// Of these, deleted or replaced.
    package var deletedRows: Int
    /// The version of the last write.
    package var version: UInt64
    /// Rows whose codes and links are stored.
    package var watermark: Int
    /// Bytes of pages in use.
    package var storedBytes: Int
    /// Bytes of free pages between them.
    package var freeBytes: Int
    /// The dictionary of new payloads; 0 = none.
    package var dictionaryID: UInt32
    /// Entries by table.
    package var tables: [(name: String, entries: Int)]
}

/// Reads what a data directory holds, without changing it.
package enum Inspection {
    /// Every generation of every collection of the directory at `path`, the live ones first.
    package static func run(path: String) throws(IndexError) -> [CollectionInspection] {
        let directory = try ClosedDirectory(path: path)
        var inspections: [CollectionInspection] = []
        for entry in directory.entries.flatMap(\.generations) {
            inspections.append(try inspect(try directory.store(of: entry)))
        }
        return inspections
    }

    private static func inspect(
        _ store: GenerationStore
    ) throws(IndexError)
        -> CollectionInspection
    {
        let figures: EnvironmentFigures
        do {
            figures = try store.environment.figures()
        } catch {
            throw .storage(error)
        }
        return try store.environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            let counters = try store.counters(transaction)
            let graph = try store.graphRecord(transaction)
            var tables: [(name: String, entries: Int)] = []
            try store.appendEntryCounts(transaction, to: &tables)
            return CollectionInspection(
                schema: store.schema,
                generation: store.generation,
                rows: Int(counters.rowCount),
                deletedRows: Int(counters.deletedCount),
                version: counters.version,
                watermark: Int(graph.watermark),
                storedBytes: figures.usedBytes,
                freeBytes: figures.freeBytes,
                dictionaryID: counters.dictionaryID,
                tables: tables
            )
        }
    }
}
