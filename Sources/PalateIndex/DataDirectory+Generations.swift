package import PalateModel
import PalateStorage

// Generations beside the live one. A candidate is a whole collection of its own (store, writer,
// graph) under a handle of its own: what loads, asks or deletes by handle works on it as on any
// other. It shares the taste store, which belongs to the name.
//
// The catalog is written last when something is made and first when something is dropped, so a
// crash leaves files that nothing names, and the next start removes them.
extension DataDirectory {
    /// Makes a generation beside the live one.
    ///
    /// The same schema and model again answer the one that is there. The previous generation goes.
    ///
    /// - Throws: `candidateExists`, and what a schema is refused for.
    package func createGeneration(
        _ create: GenerationCreate
    ) throws(RequestError) -> CollectionInfo {
        try Self.check(create.schema)
        return try changing(create.handle) { current, entry throws(IndexError) in
            guard create.schema.name == entry.schema.name else {
                throw .request(.badName(got: create.schema.name))
            }
            if let candidate = entry.candidate {
                guard candidate.schema == create.schema, candidate.model == create.model else {
                    throw .request(.candidateExists(generation: candidate.generation))
                }
                return try openedCandidate(of: entry).info
            }
            return try makeCandidate(create, beside: current, entry)
        }
    }

    /// Removes the candidate or the previous generation, and its files; queries of a candidate in
    /// flight finish.
    ///
    /// - Throws: `noGeneration` where there is none.
    package func dropGeneration(
        _ role: GenerationRole,
        of handle: UInt32
    ) throws(RequestError) {
        try changing(handle) { current, entry throws(IndexError) in
            var next = entry
            let dropped: StoredGeneration?
            switch role {
            case .candidate: (dropped, next.candidate) = (entry.candidate, nil)
            case .previous: (dropped, next.previous) = (entry.previous, nil)
            case .live: dropped = nil
            }
            guard let dropped else { throw .request(.noGeneration(role: role)) }
            try catalog.put(next)
            let candidate = live.withWriteLock { live in
                live.entries[entry.schema.name] = next
                return live.removeCandidate(entry.schema.name)
            }
            candidate?.writer.stop()
            try removeTree(Self.generationPath(of: entry.serving(dropped), in: path))
            if next.candidate == nil, next.previous == nil {
                try current.store.restartRemovals(keeping: false)
            }
        }
    }

    /// Every generation of a collection: live, candidate, previous.
    package func generations(of name: String) throws(RequestError) -> [GenerationInfo] {
        let (found, candidate) = live.withReadLock { live in
            (live.entries[name], live.candidates[name])
        }
        let current = try collection(named: name)
        guard let entry = found else { throw .unknownCollection(name: name) }
        var infos = [
            entry.info(.live, current.info, entry.model, UInt64(current.liveCount))
        ]
        if let stored = entry.candidate {
            let rows = UInt64(candidate?.liveCount ?? 0)
            var info = entry.info(.candidate, stored.info, stored.model, rows)
            info.isDamaged = candidate == nil
            infos.append(info)
        }
        if let stored = entry.previous {
            infos.append(entry.info(.previous, stored.info, stored.model, stored.rows))
        }
        return infos
    }

    /// The candidate beside the collection of a handle, and that collection, to be compared.
    ///
    /// - Throws: `noGeneration` where there is no candidate.
    package func candidate(
        of handle: UInt32
    ) throws(RequestError) -> (candidate: Collection, live: Collection) {
        let name = try collection(handle: handle).info.schema.name
        let current = try collection(named: name)
        guard let entry = live.withReadLock({ $0.entries[name] }) else {
            throw .unknownCollection(name: name)
        }
        do throws(IndexError) {
            return (try openedCandidate(of: entry), current)
        } catch {
            throw RequestError(error)
        }
    }

    // MARK: Making and opening

    /// Runs a change of the generations of one collection, one change at a time.
    func changing<Value>(
        _ handle: UInt32,
        _ body: (_ live: Collection, CatalogEntry) throws(IndexError) -> Value
    ) throws(RequestError) -> Value {
        try changes.withWriteLock { _ throws(RequestError) in
            let name = try collection(handle: handle).info.schema.name
            let current = try collection(named: name)
            let (found, isClosed) = live.withReadLock { ($0.entries[name], $0.isClosed) }
            guard !isClosed else { throw .shuttingDown }
            guard let entry = found else { throw .unknownCollection(name: name) }
            do throws(IndexError) {
                return try body(current, entry)
            } catch {
                throw RequestError(error)
            }
        }
    }

    func openedCandidate(of entry: CatalogEntry) throws(IndexError) -> Collection {
        guard let stored = entry.candidate else { throw .request(.noGeneration(role: .candidate)) }
        guard let candidate = live.withReadLock({ $0.candidates[entry.schema.name] }) else {
            throw .corrupt(
                place: Self.generationPath(of: entry.serving(stored), in: path),
                reason: "the candidate could not be opened: drop it"
            )
        }
        return candidate
    }

    private func makeCandidate(
        _ create: GenerationCreate,
        beside current: Collection,
        _ entry: CatalogEntry
    ) throws(IndexError) -> CollectionInfo {
        let stored = StoredGeneration(
            generation: entry.nextGeneration,
            handle: try catalog.reserveID(),
            schema: create.schema,
            model: create.model
        )
        let candidatePath = Self.generationPath(of: entry.serving(stored), in: path)
        // A candidate that an earlier attempt got half made.
        try removeTree(candidatePath)
        let store = try GenerationStore(
            path: candidatePath,
            mapBytes: options.generationMap,
            creating: (create.schema, stored.generation, Self.seed)
        )
        let candidate = try open(stored, store, taste: current.taste)
        do throws(RequestError) {
            try candidate.adoptFields(of: current)
        } catch {
            throw .request(error)
        }
        try current.store.restartRemovals(keeping: true)
        var next = entry
        next.candidate = stored
        next.previous = nil
        next.lastGeneration = stored.generation
        try catalog.put(next)
        live.withWriteLock { live in
            live.entries[entry.schema.name] = next
            live.add(candidate)
        }
        if let previous = entry.previous {
            try removeTree(Self.generationPath(of: entry.serving(previous), in: path))
        }
        return candidate.info
    }

    /// Opens the candidate of an entry; nil where there is none, or where it is damaged: that must
    /// not keep the live generation from serving.
    func openCandidate(of entry: CatalogEntry, taste: TasteStore) -> Collection? {
        guard let stored = entry.candidate else { return nil }
        return try? open(stored, try openStore(stored, of: entry), taste: taste)
    }

    func openStore(
        _ stored: StoredGeneration,
        of entry: CatalogEntry
    ) throws(IndexError) -> GenerationStore {
        let serving = entry.serving(stored)
        let store = try GenerationStore(
            path: Self.generationPath(of: serving, in: path),
            mapBytes: options.generationMap
        )
        try serving.check(store)
        return store
    }

    func open(
        _ stored: StoredGeneration,
        _ store: GenerationStore,
        taste: TasteStore
    ) throws(IndexError) -> Collection {
        let collection = try Collection(
            info: stored.info,
            parts: CollectionOpening.open(store, buildThreads: options.buildThreads),
            taste: taste,
            options: options,
            pace: pace
        )
        collection.observe(options.whenHealthChanges)
        return collection
    }

    /// Checkpoints and closes the candidates; returns the first failure.
    func closeCandidates() -> IndexError? {
        var failure: IndexError?
        for candidate in live.withReadLock({ Array($0.candidates.values) }) {
            do throws(IndexError) {
                try candidate.writer.close()
            } catch {
                failure = failure ?? error
            }
        }
        return failure
    }

    /// Removes generations of a collection that its entry does not name.
    func removeOrphans(of entry: CatalogEntry) throws(StorageError) {
        let wanted = entry.generations.map { Self.generationPath(of: $0, in: path) }
        let home = Self.directory(entry.schema.name, entry.id, in: path)
        for name in try FileTree.list(home) where name.hasPrefix("gen-") {
            if !wanted.contains("\(home)/\(name)") { try FileTree.remove("\(home)/\(name)") }
        }
    }
}

extension DataDirectory.Live {
    /// Adds a collection's live generation.
    mutating func add(_ entry: CatalogEntry, _ collection: Collection) {
        byHandle[entry.id] = collection
        byName[entry.schema.name] = collection
        entries[entry.schema.name] = entry
    }

    /// Adds a candidate, if there is one.
    mutating func add(_ candidate: Collection?) {
        guard let candidate else { return }
        byHandle[candidate.info.handle] = candidate
        candidates[candidate.info.schema.name] = candidate
    }

    /// Forgets a candidate and its handle; returns it.
    mutating func removeCandidate(_ name: String) -> Collection? {
        guard let candidate = candidates.removeValue(forKey: name) else { return nil }
        byHandle[candidate.info.handle] = nil
        return candidate
    }

    /// Forgets a collection; returns its candidate.
    mutating func remove(_ name: String) -> Collection? {
        if let collection = byName.removeValue(forKey: name) {
            byHandle[collection.info.handle] = nil
        }
        entries[name] = nil
        return removeCandidate(name)
    }
}

extension StoredGeneration {
    var info: CollectionInfo {
        CollectionInfo(handle: handle, generation: generation, schema: schema)
    }
}

extension CatalogEntry {
    fileprivate func info(
        _ role: GenerationRole,
        _ info: CollectionInfo,
        _ model: String,
        _ rows: UInt64
    ) -> GenerationInfo {
        let change = change(to: info.generation)
        return GenerationInfo(
            role: role,
            info: info,
            model: model,
            liveItems: rows,
            liveSinceMilliseconds: change?.time ?? 0,
            isForced: change?.kind == .forced
        )
    }
}
