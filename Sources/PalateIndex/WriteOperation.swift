package import PalateModel

/// One thing the writer of a collection is asked to do.
package enum WriteOperation: Sendable {
    /// Insert or replace rows.
    case upsert(RowBatch)
    /// Take items away.
    case delete([ItemID])
    /// Give items another vector or payload.
    case patch(PatchBatch)
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

    /// What the operation holds in memory and writes, roughly.
    var byteCount: Int {
        switch self {
        case .upsert(let rows): Self.byteCount(rows)
        case .load(let data): Self.byteCount(data.rows)
        case .delete(let ids): 8 * ids.count
        case .patch(let patch): Self.byteCount(patch)
        case .beginLoad, .commitLoad, .checkpoint, .advance: 64
        }
    }

    /// Whether the operation needs more room than it frees.
    var grows: Bool {
        switch self {
        case .upsert, .load, .patch: true
        case .delete, .beginLoad, .commitLoad, .checkpoint, .advance: false
        }
    }

    /// Whether the operation is done only when codes and links are durable too.
    var wantsCheckpoint: Bool {
        switch self {
        case .checkpoint, .commitLoad, .advance: true
        case .upsert, .delete, .patch, .beginLoad, .load: false
        }
    }

    private static func byteCount(_ patch: PatchBatch) -> Int {
        let payloadBytes = patch.payloads?.reduce(0) { $0 + $1.count } ?? 0
        return 16 * patch.ids.count + 4 * patch.vectors.count + payloadBytes
    }

    private static func byteCount(_ rows: RowBatch) -> Int {
        8 * rows.ids.count + 4 * rows.vectors.count + rows.payloads.reduce(0) { $0 + $1.count }
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
