import PalateModel

/// One collection in the catalog: its live generation, and those beside it.
///
/// What a collection had before generations were loaded is written as it always was: such an entry
/// ends behind the schema, and builds of that time read it.
struct CatalogEntry: FormatRecord, Equatable {
    /// Changes of the live generation that are remembered.
    private static let changesMax = 16

    /// The handle on the wire, and part of the directory's name.
    var id: UInt32
    /// The generation that serves queries.
    var generation: UInt64
    var schema: CollectionSchema
    /// Name and version of the live generation's model.
    var model = ""
    /// The highest number a generation ever had; 0 = none but the first was ever made.
    var lastGeneration: UInt64 = 0
    /// The generation that is being loaded.
    var candidate: StoredGeneration?
    /// The generation that was live before.
    var previous: StoredGeneration?
    /// When which generation became live, the oldest first.
    private(set) var changes: [GenerationChange] = []

    init(id: UInt32, generation: UInt64, schema: CollectionSchema) {
        self.id = id
        self.generation = generation
        self.schema = schema
    }

    init(from reader: inout ByteReader) throws(ByteReaderError) {
        id = try reader.readUInt32()
        generation = try reader.readUInt64()
        schema = try CollectionSchema(from: &reader)
        guard reader.remaining > 0 else { return }
        model = try reader.readString()
        lastGeneration = try reader.readUInt64()
        candidate = try Self.readOptional(&reader)
        previous = try Self.readOptional(&reader)
        for _ in 0..<(try reader.readUInt8()) {
            changes.append(try GenerationChange(from: &reader))
        }
    }

    func write(to writer: inout ByteWriter) {
        writer.write(id)
        writer.write(generation)
        schema.write(to: &writer)
        guard lastGeneration > 0 else { return }
        writer.write(model)
        writer.write(lastGeneration)
        for stored in [candidate, previous] {
            writer.write(UInt8(stored == nil ? 0 : 1))
            stored?.write(to: &writer)
        }
        writer.write(UInt8(changes.count))
        for change in changes { change.write(to: &writer) }
    }

    private static func readOptional(
        _ reader: inout ByteReader
    ) throws(ByteReaderError) -> StoredGeneration? {
        try reader.readUInt8() == 0 ? nil : StoredGeneration(from: &reader)
    }

    // MARK: Changes

    /// A number that no generation of the collection ever had.
    var nextGeneration: UInt64 { max(lastGeneration, generation) + 1 }

    /// The last time that `generation` became live.
    func change(to generation: UInt64) -> GenerationChange? {
        changes.last { $0.generation == generation }
    }

    /// The entry once `next`, its candidate or its previous generation, is live.
    ///
    /// - Parameters:
    ///   - next: what queries see then.
    ///   - rows: live rows of the generation that is replaced.
    ///   - change: what is remembered of it.
    /// - Returns: the entry to put into the catalog.
    func replaced(
        by next: StoredGeneration,
        rows: UInt64,
        _ change: GenerationChange
    ) -> CatalogEntry {
        var entry = self
        entry.previous = StoredGeneration(
            generation: generation,
            handle: 0,
            schema: schema,
            model: model,
            rows: rows
        )
        entry.candidate = nil
        entry.generation = next.generation
        entry.schema = next.schema
        entry.model = next.model
        entry.changes.append(change)
        if entry.changes.count > Self.changesMax { entry.changes.removeFirst() }
        return entry
    }

    /// The entry as it would be if `stored` were live: where its files are follows from that.
    func serving(_ stored: StoredGeneration) -> CatalogEntry {
        CatalogEntry(id: id, generation: stored.generation, schema: stored.schema)
    }

    /// Refuses a store that is not the live generation's.
    func check(_ store: GenerationStore) throws(IndexError) {
        guard store.schema == schema, store.generation == generation else {
            throw .corrupt(
                place: "meta[generation]",
                reason: "\(store.schema) of generation \(store.generation), the catalog says "
                    + "\(schema) of \(generation)"
            )
        }
    }

    /// The entry once for every generation on disk, as if that were the live one; the live first.
    var generations: [CatalogEntry] {
        [self] + [candidate, previous].compactMap { $0.map(serving) }
    }
}

/// A generation that is not live.
struct StoredGeneration: FormatRecord, Equatable {
    var generation: UInt64
    /// The candidate's own handle; 0 for a previous generation.
    var handle: UInt32
    var schema: CollectionSchema
    /// Name and version of its model.
    var model: String
    /// Live rows when it was replaced; 0 for a candidate.
    var rows: UInt64

    init(
        generation: UInt64,
        handle: UInt32,
        schema: CollectionSchema,
        model: String,
        rows: UInt64 = 0
    ) {
        self.generation = generation
        self.handle = handle
        self.schema = schema
        self.model = model
        self.rows = rows
    }

    init(from reader: inout ByteReader) throws(ByteReaderError) {
        generation = try reader.readUInt64()
        handle = try reader.readUInt32()
        schema = try CollectionSchema(from: &reader)
        model = try reader.readString()
        rows = try reader.readUInt64()
    }

    func write(to writer: inout ByteWriter) {
        writer.write(generation)
        writer.write(handle)
        schema.write(to: &writer)
        writer.write(model)
        writer.write(rows)
    }
}

/// One change of the live generation.
struct GenerationChange: FormatRecord, Equatable {
    /// Why a generation became live; raw values are the format's.
    enum Kind: UInt8 {
        case checked = 1
        case forced = 2
        case rolledBack = 3
    }

    /// The one that became live.
    var generation: UInt64
    /// Milliseconds since 1970 UTC.
    var time: Int64
    private var kindNumber: UInt8

    /// Why; nil where a later build wrote a reason that this one does not know.
    var kind: Kind? { Kind(rawValue: kindNumber) }

    init(generation: UInt64, time: Int64, kind: Kind) {
        self.generation = generation
        self.time = time
        kindNumber = kind.rawValue
    }

    init(from reader: inout ByteReader) throws(ByteReaderError) {
        generation = try reader.readUInt64()
        time = try reader.readInt64()
        kindNumber = try reader.readUInt8()
    }

    func write(to writer: inout ByteWriter) {
        writer.write(generation)
        writer.write(time)
        writer.write(kindNumber)
    }
}
