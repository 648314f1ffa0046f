import PalateModel
import PalateStorage

/// A data directory that no server has open, for tools that only read.
struct ClosedDirectory {
    /// Room in the map; LMDB raises it to what the file holds.
    private static let mapBytes = MapBytes(start: 1 << 20, most: 1 << 20)

    private let path: String
    private let lock: ProcessLock
    let entries: [CatalogEntry]

    /// Takes the directory's lock and reads its catalog.
    ///
    /// - Parameters:
    ///   - path: of the directory.
    ///   - note: hears of entries that cannot be read; without it the first one is thrown.
    /// - Throws: where somebody has the directory, or it has no catalog.
    init(
        path: String,
        note: ((IndexError) -> Void)? = nil
    ) throws(IndexError) {
        self.path = path
        do {
            guard try FileTree.list(path).contains("catalog") else {
                throw IndexError.missing(place: "\(path)/catalog")
            }
            lock = try ProcessLock(path: path + "/LOCK")
        } catch let error as StorageError {
            throw .storage(error)
        } catch {
            throw .missing(place: "\(path)/catalog")
        }
        let catalog = try Catalog(path: path + "/catalog", readOnly: true)
        if let note {
            entries = try catalog.readable(note: note)
        } else {
            entries = try catalog.all()
        }
    }

    /// Where a collection's live generation is.
    func generationPath(of entry: CatalogEntry) -> String {
        DataDirectory.generationPath(of: entry, in: path)
    }

    /// Where a collection's taste is.
    func tastePath(of entry: CatalogEntry) -> String {
        DataDirectory.tastePath(of: entry, in: path)
    }

    /// The directories of a collection's environments, relative to the data directory.
    func environments(of entry: CatalogEntry) throws(IndexError) -> [String] {
        let collection = "collections/\(entry.schema.name).\(entry.id)"
        let path = path
        return try stored { () throws(StorageError) in
            var names: [String] = []
            for name in try FileTree.list("\(path)/\(collection)") {
                let file = "\(path)/\(collection)/\(name)/\(FileTree.dataFileName)"
                if try FileTree.kind(of: file) == .file { names.append("\(collection)/\(name)") }
            }
            return names
        }
    }

    /// Opens a collection's live generation, read-only.
    func store(of entry: CatalogEntry) throws(IndexError) -> GenerationStore {
        try GenerationStore(
            path: generationPath(of: entry),
            mapBytes: Self.mapBytes,
            readOnly: true
        )
    }

    /// Opens a collection's taste store, read-only.
    func taste(of entry: CatalogEntry) throws(IndexError) -> TasteTables {
        try TasteTables(
            path: tastePath(of: entry),
            mapBytes: Self.mapBytes,
            readOnly: true
        )
    }
}
