/// What a collection is, fixed when it is created.
public struct CollectionSchema: Equatable, Sendable {
    /// 1 to 64 bytes of `a-z A-Z 0-9 _ - .`, not starting with a dot.
    public var name: String
    /// Components of a vector, 1 to `Limits.dimensions`.
    public var dimensions: Int
    /// A name in the metric registry: `l2`, `ip` or `cosine`.
    public var metric: String
    /// One or two names of the quantizer registry: `sq8`, or `sq4+f16` where the second refines.
    public var quantizer: String
    /// M: links kept per node on the upper levels; level 0 keeps twice as many.
    public var neighbours: Int
    /// efConstruction: the beam width of the searches that link a new node.
    public var buildBeamWidth: Int

    /// A schema with the usual graph (M = 16, efConstruction = 100).
    public init(
        name: String,
        dimensions: Int,
        metric: String,
        quantizer: String = "sq8",
        neighbours: Int = 16,
        buildBeamWidth: Int = 100
    ) {
        self.name = name
        self.dimensions = dimensions
        self.metric = metric
        self.quantizer = quantizer
        self.neighbours = neighbours
        self.buildBeamWidth = buildBeamWidth
    }
}

/// What OPEN and CREATE answer: the handle for hot requests, and what it stands for.
public struct CollectionInfo: Equatable, Sendable {
    /// Valid on every connection until the collection is dropped or the server restarts.
    public var handle: UInt32
    /// The generation that serves queries.
    public var generation: UInt64
    /// The collection's fixed properties.
    public var schema: CollectionSchema

    /// Pairs a handle with its schema.
    public init(handle: UInt32, generation: UInt64, schema: CollectionSchema) {
        self.handle = handle
        self.generation = generation
        self.schema = schema
    }
}

/// The figures of one collection, as COLLECTION_STATS reports them.
public struct CollectionStats: Equatable, Sendable {
    /// Rows that answer queries.
    public var liveItems: UInt64 = 0
    /// Rows deleted or replaced, whose slots are not reused yet.
    public var deletedItems: UInt64 = 0
    /// The version of the last applied write.
    public var appliedVersion: UInt64 = 0
    /// Rows linked since the last checkpoint: what opening after a crash would link again.
    public var tailRows: UInt64 = 0
    /// Bytes of codes, links and ids held in memory.
    public var indexBytes: UInt64 = 0
    /// Bytes of the generation's LMDB file in use.
    public var storedBytes: UInt64 = 0
    /// Bytes of the LMDB map: the file grows up to here before the map does.
    public var mapBytes: UInt64 = 0
    /// Taste: events stored.
    public var events: UInt64 = 0
    /// Taste: people with at least one event.
    public var users: UInt64 = 0
    /// Taste: user-item edges in memory.
    public var edges: UInt64 = 0
    /// The most bytes the map may grow to.
    public var mapBytesMax: UInt64 = 0
    /// Bytes of free pages inside the generation's LMDB file.
    public var freeBytes: UInt64 = 0
    /// Commits that the oldest open read is behind; 0 = none is open, or it is current.
    public var oldestReaderCommits: UInt64 = 0
    /// How long the oldest read has been open; it pins the pages it sees.
    public var oldestReaderMilliseconds: UInt64 = 0
    /// What linking the rows of the tail took: about what opening after a crash would take longer.
    public var tailMilliseconds: UInt64 = 0
    /// Live rows that no links lead to, as of the last check.
    public var unreachableItems: UInt64 = 0
    /// Rows of the last check; 0 = there was none since the start.
    public var checkedRows: UInt64 = 0
    /// Deleted rows whose neighbours are not linked past them yet.
    public var repairDebt: UInt64 = 0
    /// Slots of deleted rows that new rows may take.
    public var reusableSlots: UInt64 = 0
    /// Whether the generation's store takes writes.
    public var writeState = WriteState.healthy
    /// Whether the taste store takes events.
    public var tasteWriteState = WriteState.healthy
    /// Why a write was refused last, for people; empty = none was.
    public var lastFailure = ""

    /// All zero.
    public init() {}
}

extension CollectionSchema {
    /// Whether a text may be a name: 1 to 64 bytes of `a-z A-Z 0-9 _ - .` without a leading dot.
    ///
    /// The rule of collections, sandboxes, profiles, backups and keys.
    package static func isName(_ text: String) -> Bool {
        Limits.nameBytes.contains(text.utf8.count) && !text.hasPrefix(".")
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
                    UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}
