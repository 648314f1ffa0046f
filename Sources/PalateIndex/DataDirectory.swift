package import PalateModel
import PalateQuantization
import PalateStorage

// PalateIndex: the format on disk and the live collection. Start here.
//
// | file                     | job                                                              |
// |--------------------------|------------------------------------------------------------------|
// | DataDirectory.swift      | all collections of one directory: open, create, drop             |
// | DataDirectory+Generations.swift | generations beside the live one                           |
// | DataDirectory+Swap.swift | another one in its place, and back                               |
// | Catalog.swift, CatalogEntry.swift | their names, ids, generations and schemas              |
// | Collection.swift         | one generation of a collection, as queries see it                |
// | CollectionOpening.swift, CollectionOpening+Rows.swift | from tables to memory; the tail     |
// | CollectionParts+Counts.swift | that the tables are of one commit                            |
// | CollectionWriter.swift   | the queue of writes and its group commits                        |
// | WriteBacklog.swift       | who waits for whom in it                                         |
// | WriterCore.swift         | commit, link, publish, checkpoint                                |
// | LinkPace.swift           | how many threads link                                            |
// | WriteOperation.swift     | what can be asked of the writer                                  |
// | WriteBatch.swift, +Loads, +Patch | one transaction's rows, deletes, loads and patches       |
// | SlotCycle.swift, FreeSlots.swift | a slot's way from one row to the next                    |
// | VectorWriter.swift, VectorBlock.swift | float32 rows in checksummed blocks                  |
// | ContentSums.swift        | whether vector and payload are those of their row                |
// | PayloadEncoder.swift     | zstd frames, and the dictionary they share                       |
// | CodeSet.swift, CodeTraining.swift, CodeSimilarity.swift | a quantizer and its codes         |
// | Checkpoint.swift         | dirty links and codes, and the last write they cover             |
// | GenerationStore.swift    | the tables of a generation                                       |
// | Collection+Health.swift, StoreChange.swift | figures, and the ways back to health          |
// | Reachability.swift       | rows that no search can reach                                    |
// | MapBytes.swift           | how large LMDB's maps are                                        |
// | GenerationStore+Removals.swift | deletes that another generation is to hear of              |
// | ItemDirectory.swift      | item id to ordinal                                               |
// | TasteStore.swift, TasteTables.swift, UserSum.swift | events and people's records             |
// | Format.swift, FormatRecords.swift, Sealed.swift | the bytes                                   |
// | Verification.swift, StoreVerification.swift, TasteVerification.swift | names what is damaged |
// | Scrubber.swift           | reads a running directory a little at a time                     |
// | Repair.swift, RepairPlan.swift | what is to be made again, and from what                    |
// | GenerationSurvey.swift, GenerationRepair.swift, TasteRepair.swift | reading and writing it  |
// | Compaction.swift, EnvironmentSwap.swift | files without free pages, put in place            |
// | Dump.swift               | lists items and events of a closed directory                     |
// | Backup*.swift, Restore.swift | a copy of a running or stopped directory, and back           |
// | IndexError.swift         | what can go wrong                                                |

/// How a data directory is used.
package struct DataDirectoryOptions: Sendable {
    /// What every map begins with, in bytes of address space: it doubles before it is full.
    package var mapBytesAtStart = 1 << 30
    /// The most a generation's file can grow to, in bytes; address space, not disk.
    package var generationMapBytes = 256 << 30
    /// The most a taste store's file can grow to, in bytes.
    package var tasteMapBytes = 64 << 30
    /// Hears of stores that stop taking writes or take them again; on any thread, must not block.
    package var whenHealthChanges: @Sendable (StoreChange) -> Void = { _ in }
    /// Threads that link rows of one batch.
    package var buildThreads = 1
    /// Of these, threads that are left to queries while there are any.
    package var reservedThreads = 0
    /// Seconds of linking after which a checkpoint is due: what a crash costs to link again.
    package var tailSeconds = 3.0
    /// Seconds without writes after which a collection takes deleted rows out of its graph and
    /// stores codes and links.
    package var quietSeconds = 2.0
    /// Bytes of loads of one collection that may wait, and of its other writes.
    ///
    /// Beyond, they are refused at once. No less than what loaders are lent.
    package var writeBacklogBytes = 512 << 20
    /// Events of one collection that may wait; beyond, they are refused at once.
    package var eventBacklog = 4 * Limits.eventsPerRequest.upperBound

    /// Collections that keep sketches of their links, where their codes are fit; `*` = all.
    ///
    /// 384 bytes a row with 16 neighbours: walks score fewer rows for the same recall.
    package var sketchedCollections: Set<String> = []

    /// The defaults.
    package init() {}

    /// Whether a collection of that name keeps sketches of its links.
    func sketchesLinks(of collection: String) -> Bool {
        sketchedCollections.contains("*") || sketchedCollections.contains(collection)
    }

    /// The map of a generation.
    var generationMap: MapBytes { MapBytes(start: mapBytesAtStart, most: generationMapBytes) }
    /// The map of a taste store.
    var tasteMap: MapBytes { MapBytes(start: mapBytesAtStart, most: tasteMapBytes) }
}

/// One data directory and its live collections; one process has it at a time.
package final class DataDirectory: Sendable {
    struct Live {
        /// Live generations and candidates, each under a handle of its own.
        var byHandle: [UInt32: Collection] = [:]
        /// Live generations.
        var byName: [String: Collection] = [:]
        var candidates: [String: Collection] = [:]
        var entries: [String: CatalogEntry] = [:]
        var isClosed = false
    }

    private static let firstGeneration: UInt64 = 1
    /// Draws the levels; the same everywhere, so that the same rows in the same order give the
    /// same graph (on one thread).
    static let seed: UInt64 = 0

    /// Where the data is.
    package let path: String
    /// 128 random bits, the same for as long as the directory exists.
    package let serverID: (low: UInt64, high: UInt64)
    /// How it is used.
    package let options: DataDirectoryOptions
    private let lock: ProcessLock
    /// Shared by the writers of all collections.
    package let pace: LinkPace
    let catalog: Catalog
    let live = ReadWriteLock(Live())
    /// Serialises creating, swapping and dropping, so that queries need not wait for any.
    let changes = ReadWriteLock<Void>(())

    /// Opens every collection, linking again what a crash left unlinked.
    ///
    /// - Throws: `.storage(.inUse)` where another process has the directory; damage by name.
    package init(path: String, options: DataDirectoryOptions = .init()) throws(IndexError) {
        self.path = path
        self.options = options
        pace = LinkPace(all: options.buildThreads, reserved: options.reservedThreads)
        do {
            try FileTree.makeDirectory(path)
            lock = try ProcessLock(path: path + "/LOCK")
            try FileTree.makeDirectory(path + "/collections")
        } catch {
            throw .storage(error)
        }
        catalog = try Self.openCatalog(in: path)
        serverID = try catalog.serverID()
        let entries = try catalog.all()
        try removeOrphans(but: entries)
        for entry in entries {
            let collection = try open(entry)
            let candidate = openCandidate(of: entry, taste: collection.taste)
            live.withWriteLock { live in
                live.add(entry, collection)
                live.add(candidate)
            }
        }
    }

    /// The collection behind a handle.
    package func collection(handle: UInt32) throws(RequestError) -> Collection {
        let found = live.withReadLock { $0.byHandle[handle] }
        guard let found else { throw .unknownHandle(got: handle) }
        return found
    }

    /// The collection of a name.
    package func collection(named name: String) throws(RequestError) -> Collection {
        let found = live.withReadLock { $0.byName[name] }
        guard let found else { throw .unknownCollection(name: name) }
        return found
    }

    /// All collections, by name.
    package var collections: [Collection] {
        live.withWriteLock { live in
            live.byName.values.sorted { $0.info.schema.name < $1.info.schema.name }
        }
    }

    /// Makes a collection; the same schema again answers the one that exists.
    package func create(_ schema: CollectionSchema) throws(RequestError) -> Collection {
        try Self.check(schema)
        return try changes.withWriteLock { _ throws(RequestError) in
            if let existing = live.withWriteLock({ $0.byName[schema.name] }) {
                guard existing.info.schema == schema else {
                    throw .collectionExists(name: schema.name)
                }
                return existing
            }
            guard !live.withWriteLock({ $0.isClosed }) else { throw .shuttingDown }
            do throws(IndexError) {
                let collection = try make(schema)
                return collection
            } catch {
                throw RequestError(error)
            }
        }
    }

    /// Drops a collection and everything it holds; queries in flight finish.
    package func drop(named name: String) throws(RequestError) {
        try changes.withWriteLock { _ throws(RequestError) in
            let collection = try collection(named: name)
            do throws(IndexError) {
                // Gone from the catalog first: a crash after this leaves files, never a half
                // collection, and the next start removes them.
                try catalog.remove(name: name)
                let candidate = live.withWriteLock { $0.remove(name) }
                candidate?.writer.stop()
                collection.abandon()
                let info = collection.info
                try removeTree(Self.directory(info.schema.name, info.handle, in: path))
            } catch {
                throw RequestError(error)
            }
        }
    }

    /// Checkpoints and closes every collection; afterwards writes are refused.
    ///
    /// - Throws: the first failure, once every collection is closed.
    package func close() throws(IndexError) {
        // Behind a collection that is being made or dropped, so that none stays open.
        let all = changes.withWriteLock { _ in
            live.withWriteLock { live in
                live.isClosed = true
                return Array(live.byName.values)
            }
        }
        var failure = closeCandidates()
        for collection in all {
            do throws(IndexError) {
                try collection.close()
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }

    // MARK: Directories

    /// Where a collection's files are: the id belongs to the name, since a dropped collection's
    /// files may live until its last query ends while the name is taken again.
    static func directory(_ name: String, _ id: UInt32, in path: String) -> String {
        "\(path)/collections/\(name).\(id)"
    }

    /// Where a collection's live generation is.
    static func generationPath(of entry: CatalogEntry, in path: String) -> String {
        let digits = String(entry.generation)
        let padded = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
        return directory(entry.schema.name, entry.id, in: path) + "/gen-" + padded
    }

    /// Where a collection's taste is: beside its generations, which it outlives.
    static func tastePath(of entry: CatalogEntry, in path: String) -> String {
        directory(entry.schema.name, entry.id, in: path) + "/taste"
    }

    /// Opens the catalog; makes one only where there is no collection that it would not know.
    private static func openCatalog(in path: String) throws(IndexError) -> Catalog {
        let isEmpty: Bool
        do {
            isEmpty = try FileTree.list(path + "/collections").isEmpty
        } catch {
            throw .storage(error)
        }
        return try Catalog(path: path + "/catalog", creates: isEmpty)
    }

    private func make(_ schema: CollectionSchema) throws(IndexError) -> Collection {
        let entry = CatalogEntry(
            id: try catalog.reserveID(),
            generation: Self.firstGeneration,
            schema: schema
        )
        let store = try GenerationStore(
            path: Self.generationPath(of: entry, in: path),
            mapBytes: options.generationMap,
            creating: (schema, entry.generation, Self.seed)
        )
        let collection = try open(entry, store, isNew: true)
        try catalog.put(entry)
        live.withWriteLock { $0.add(entry, collection) }
        return collection
    }

    private func open(_ entry: CatalogEntry) throws(IndexError) -> Collection {
        try open(
            entry,
            GenerationStore(
                path: Self.generationPath(of: entry, in: path),
                mapBytes: options.generationMap
            )
        )
    }

    private func open(
        _ entry: CatalogEntry,
        _ store: GenerationStore,
        isNew: Bool = false
    ) throws(IndexError) -> Collection {
        try entry.check(store)
        let parts = try CollectionOpening.open(store, buildThreads: options.buildThreads)
        let taste = try TasteStore(
            path: Self.tastePath(of: entry, in: path),
            mapBytes: options.tasteMap,
            creates: isNew,
            similarity: CodeSimilarity(directory: parts.directory, state: parts.state),
            backlogMax: options.eventBacklog
        )
        if entry.candidate != nil || entry.previous != nil { try store.keepRemovals() }
        let info = CollectionInfo(
            handle: entry.id,
            generation: entry.generation,
            schema: entry.schema
        )
        let collection = try Collection(
            info: info,
            parts: parts,
            taste: taste,
            options: options,
            pace: pace
        )
        collection.observe(options.whenHealthChanges)
        return collection
    }

    /// Removes what creating or dropping left behind when the process died in the middle.
    private func removeOrphans(but entries: [CatalogEntry]) throws(IndexError) {
        let wanted = Set(entries.map { "\($0.schema.name).\($0.id)" })
        do {
            for name in try FileTree.list(path + "/collections") where !wanted.contains(name) {
                try FileTree.remove("\(path)/collections/\(name)")
            }
            for entry in entries { try removeOrphans(of: entry) }
        } catch {
            throw .storage(error)
        }
    }

    func removeTree(_ path: String) throws(IndexError) {
        do {
            try FileTree.remove(path)
        } catch {
            throw .storage(error)
        }
    }

    // MARK: Schemas

    static func check(_ schema: CollectionSchema) throws(RequestError) {
        guard CollectionSchema.isName(schema.name) else { throw .badName(got: schema.name) }
        try check("metric", schema.metric, MetricRegistry.all.map { $0.name })
        try check("dimensions", schema.dimensions, Limits.dimensions)
        try check(quantizer: schema.quantizer, dimensions: schema.dimensions)
        try check("neighbours", schema.neighbours, Limits.neighbours)
        try check("build beam", schema.buildBeamWidth, Limits.buildBeamWidth)
    }

    /// A quantizer of the registry, or one behind a projection that the dimensions allow.
    private static func check(quantizer: String, dimensions: Int) throws(RequestError) {
        do {
            for recipe in try CodeStack.recipes(named: quantizer) {
                try recipe.check(dimensions: dimensions)
            }
        } catch {
            guard case .projection(let got, let expected) = error else {
                let names = QuantizerRegistry.all.map { $0.name }
                throw .unknownChoice(field: "quantizer", got: quantizer, expected: names)
            }
            throw .outOfRange(field: "dimensions of the projection", got: got, expected: expected)
        }
    }

    private static func check(
        _ field: String,
        _ got: Int,
        _ expected: ClosedRange<Int>
    ) throws(RequestError) {
        guard expected.contains(got) else {
            throw .outOfRange(field: field, got: got, expected: expected)
        }
    }

    private static func check(
        _ field: String,
        _ got: String,
        _ expected: [String]
    ) throws(RequestError) {
        guard expected.contains(got) else {
            throw .unknownChoice(field: field, got: got, expected: expected)
        }
    }
}
