import PalateStorage

/// A data directory that no server has open, for tools that only read.
struct ClosedDirectory {
    /// Room in the map; LMDB raises it to what the file holds.
    private static let mapBytes = MapBytes(start: 1 << 20, most: 1 << 20)

    private let path: String
    private let lock: ProcessLock
    let entries: [CatalogEntry]

    /// Takes the directory's lock and reads its catalog.
    init(path: String) throws(IndexError) {
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
        entries = try Catalog(path: path + "/catalog", readOnly: true).all()
    }

    /// Opens a collection's live generation, read-only.
    func store(of entry: CatalogEntry) throws(IndexError) -> GenerationStore {
        try GenerationStore(
            path: DataDirectory.generationPath(of: entry, in: path),
            mapBytes: Self.mapBytes,
            readOnly: true
        )
    }

    /// Opens a collection's taste store, read-only.
    func taste(of entry: CatalogEntry) throws(IndexError) -> TasteTables {
        try TasteTables(
            path: DataDirectory.tastePath(of: entry, in: path),
            mapBytes: Self.mapBytes,
            readOnly: true
        )
    }
}
