package import PalateModel

/// One thing the writer of a collection is asked to do.
package enum WriteOperation: Sendable {
    /// Insert or replace rows.
    case upsert(RowBatch)
    /// Take items away.
    case delete([ItemID])
    /// Take the items away that pass a filter, at most so many; by itself in its transaction.
    case deleteMatching(Filter, limit: Int)
    /// Give items another vector, payload or value of a field.
    case patch(PatchBatch)
    /// Add fields; their rows are read after.
    case declareFields([FieldDeclaration])
    /// Say how far a loader has come.
    case beginLoad(LoadBegin)
    /// Insert or replace rows, exactly once for (loader, epoch, sequence).
    case load(LoadData)
    /// Compare a loader's sums with what is stored, and checkpoint.
    case commitLoad(LoadCommit)
    /// Make codes and links durable now.
    case checkpoint
    /// Raise the version to at least this, so that receipts of another generation stay behind it.
    case advance(version: UInt64)

    /// What an operation costs beside its rows: an empty one must not be free.
    private static let overheadBytes = 256

    /// What the operation holds in memory and writes, roughly.
    package var byteCount: Int {
        let bytes =
            switch self {
            case .upsert(let rows): Self.byteCount(rows)
            case .load(let data): Self.byteCount(data.rows)
            case .delete(let ids): 8 * ids.count
            case .patch(let patch): Self.byteCount(patch)
            case .deleteMatching(let filter, _): 8 * filter.literalCount
            case .declareFields(let fields): 256 * fields.count
            case .beginLoad, .commitLoad, .checkpoint, .advance: 0
            }
        return Self.overheadBytes + bytes
    }

    /// Whether the operation needs more room than it frees.
    var grows: Bool {
        switch self {
        case .upsert, .load, .patch, .declareFields: true
        case .delete, .deleteMatching, .beginLoad, .commitLoad, .checkpoint, .advance: false
        }
    }

    /// Whether the operation is done only when codes and links are durable too.
    var wantsCheckpoint: Bool {
        switch self {
        case .checkpoint, .commitLoad, .advance: true
        case .upsert, .delete, .deleteMatching, .patch, .declareFields, .beginLoad, .load: false
        }
    }

    /// Whether the operation is part of a load, which waits in a lane of its own.
    var isLoad: Bool {
        switch self {
        case .beginLoad, .load, .commitLoad: true
        case .upsert, .delete, .deleteMatching, .patch, .declareFields, .checkpoint, .advance:
            false
        }
    }

    /// Whether what the operation means depends on all writes before it being seen.
    var isAlone: Bool {
        if case .deleteMatching = self { true } else { false }
    }

    private static func byteCount(_ patch: PatchBatch) -> Int {
        let payloadBytes = patch.payloads?.reduce(0) { $0 + $1.count } ?? 0
        return 16 * patch.ids.count + 4 * patch.vectors.count + payloadBytes
            + byteCount(patch.fields)
    }

    private static func byteCount(_ columns: [FieldColumn]) -> Int {
        32 * columns.reduce(0) { $0 + $1.values.count }
    }

    private static func byteCount(_ rows: RowBatch) -> Int {
        8 * rows.ids.count + 4 * rows.vectors.count + rows.payloads.reduce(0) { $0 + $1.count }
            + byteCount(rows.fields)
    }
}

/// What came of an operation.
package enum WriteOutcome: Equatable, Sendable {
    /// The write is durable and visible to the next query.
    case receipt(WriteReceipt)
    /// The rows are durable; they become visible soon after.
    case acknowledgement(LoadAcknowledgement)
    /// A loader may start behind this.
    case grant(LoadGrant)
}

/// Hears what came of an operation, on the writer's queue: it must not block.
package typealias WriteCompletion = @Sendable (Result<WriteOutcome, RequestError>) -> Void
