/// Rows to write: columns of equal length.
public struct RowBatch: Equatable, Sendable {
    /// Shape [n].
    public var ids: [ItemID]
    /// Row-major, shape [n, dimensions].
    public var vectors: [Float]
    /// Shape [n], or empty: then the rows have no payload.
    public var payloads: [[UInt8]]
    /// Values of fields that are not in payloads; without a column rows have none.
    public var fields: [FieldColumn]

    /// A batch.
    public init(
        ids: [ItemID],
        vectors: [Float],
        payloads: [[UInt8]] = [],
        fields: [FieldColumn] = []
    ) {
        self.ids = ids
        self.vectors = vectors
        self.payloads = payloads
        self.fields = fields
    }
}

/// PATCH: another vector, payload or value of a field for items that are there.
///
/// All of it is written or nothing.
public struct PatchBatch: Equatable, Sendable {
    /// Shape [n].
    public var ids: [ItemID]
    /// Shape [n], or empty: the version that each item must have, as GET says it; 0 = any.
    public var versions: [UInt64]
    /// Row-major, shape [n, dimensions], or empty: the vectors stay.
    public var vectors: [Float]
    /// Shape [n]; nil: the payloads stay.
    ///
    /// An empty payload takes the item's away.
    public var payloads: [[UInt8]]?
    /// Values of fields that are not in payloads; those of other fields stay.
    public var fields: [FieldColumn]

    /// A patch.
    public init(
        ids: [ItemID],
        versions: [UInt64] = [],
        vectors: [Float] = [],
        payloads: [[UInt8]]? = nil,
        fields: [FieldColumn] = []
    ) {
        self.ids = ids
        self.versions = versions
        self.vectors = vectors
        self.payloads = payloads
        self.fields = fields
    }
}

/// Which epoch a load has.
///
/// Raw values are the wire's.
public enum LoadStart: UInt32, CaseIterable, Sendable {
    /// The one that LOAD_BEGIN names.
    case given = 0
    /// The loader's last one, or 1 where it has none: the load goes on.
    case resume = 1
    /// One more than the loader's last: the load starts over.
    case restart = 2
}

/// LOAD_BEGIN: who loads.
///
/// A loader that resumes says the same id and epoch again, or asks for its last epoch.
public struct LoadBegin: Equatable, Sendable {
    /// From OPEN.
    public var handle: UInt32
    /// The loader's own lasting id.
    public var loaderID: UInt64
    /// Raised by the loader when it starts over; an older epoch is refused.
    public var epoch: UInt64
    /// Whether that is the epoch; else it is 0, and the grant says which one it is.
    public var start: LoadStart

    /// A load.
    public init(handle: UInt32, loaderID: UInt64, epoch: UInt64, start: LoadStart = .given) {
        self.handle = handle
        self.loaderID = loaderID
        self.epoch = epoch
        self.start = start
    }
}

/// What LOAD_BEGIN answers.
public struct LoadGrant: Equatable, Sendable {
    /// The last durable sequence of this loader and epoch; 0 = none.
    public var durableSequence: UInt64
    /// Bytes of LOAD_DATA that may be on their way unacknowledged.
    public var creditBytes: UInt64
    /// Rows per frame that suit the server.
    public var suggestedRows: UInt32
    /// The load's epoch, where LOAD_BEGIN left it to the server.
    public var epoch: UInt64?

    /// A grant.
    public init(
        durableSequence: UInt64,
        creditBytes: UInt64,
        suggestedRows: UInt32,
        epoch: UInt64? = nil
    ) {
        self.durableSequence = durableSequence
        self.creditBytes = creditBytes
        self.suggestedRows = suggestedRows
        self.epoch = epoch
    }
}

/// One LOAD_DATA frame.
///
/// Sequences start at 1 and rise by 1 within (loader, epoch).
public struct LoadData: Equatable, Sendable {
    /// As in the LOAD_BEGIN it belongs to.
    public var begin: LoadBegin
    /// This frame's number; one at or below the durable sequence is acknowledged and ignored.
    public var sequence: UInt64
    /// The rows.
    public var rows: RowBatch

    /// One frame of a load.
    public init(begin: LoadBegin, sequence: UInt64, rows: RowBatch) {
        self.begin = begin
        self.sequence = sequence
        self.rows = rows
    }
}

/// The cumulative acknowledgement of LOAD_DATA.
public struct LoadAcknowledgement: Equatable, Sendable {
    /// The highest sequence read.
    public var receivedSequence: UInt64
    /// The highest sequence committed and synced.
    public var durableSequence: UInt64

    /// An acknowledgement.
    public init(receivedSequence: UInt64, durableSequence: UInt64) {
        self.receivedSequence = receivedSequence
        self.durableSequence = durableSequence
    }
}

/// LOAD_COMMIT: what the loader believes it sent in this epoch.
public struct LoadCommit: Equatable, Sendable {
    /// As in the LOAD_BEGIN it belongs to.
    public var begin: LoadBegin
    /// Rows sent in this epoch.
    public var expectedRows: UInt64
    /// CRC32C over the ids sent in this epoch, in order, little endian.
    public var idChecksum: UInt32

    /// The end of a load.
    public init(begin: LoadBegin, expectedRows: UInt64, idChecksum: UInt32) {
        self.begin = begin
        self.expectedRows = expectedRows
        self.idChecksum = idChecksum
    }
}

/// What UPSERT, DELETE, LOAD_COMMIT and EVENT answer once the write is durable and visible.
public struct WriteReceipt: Equatable, Sendable {
    /// The version after the write; a later query may ask for at least it.
    public var version: UInt64
    /// Rows (or events) the write changed.
    public var changed: UInt64
    /// The generation written to.
    public var generation: UInt64

    /// A receipt.
    public init(version: UInt64, changed: UInt64, generation: UInt64) {
        self.version = version
        self.changed = changed
        self.generation = generation
    }
}

/// GET: items by id.
public struct GetRequest: Equatable, Sendable {
    /// From OPEN.
    public var handle: UInt32
    /// Whose rows.
    public var ids: [ItemID]
    /// Return the stored vectors too.
    public var wantsVectors: Bool

    /// A look-up.
    public init(handle: UInt32, ids: [ItemID], wantsVectors: Bool) {
        self.handle = handle
        self.ids = ids
        self.wantsVectors = wantsVectors
    }
}

/// What GET answers, one element per asked id, in order.
public struct GetResponse: Equatable, Sendable {
    /// Shape [n].
    public var found: [Bool] = []
    /// Shape [n]: the version that wrote the row, 0 where not found.
    public var versions: [UInt64] = []
    /// Shape [n]; empty where not found or without payload.
    public var payloads: [[UInt8]] = []
    /// Row-major, shape [n, dimensions] with zeros where not found; empty unless asked for.
    public var vectors: [Float] = []

    /// Nothing.
    public init() {}
}
