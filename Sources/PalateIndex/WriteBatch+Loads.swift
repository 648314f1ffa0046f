import PalateChecksum
import PalateGraph
import PalateModel
import PalateStorage

// Loads: rows that arrive exactly once for (loader, epoch, sequence).
extension WriteBatch {
    private func loader(
        _ begin: LoadBegin,
        _ transaction: borrowing WriteTransaction
    ) throws(IndexError) -> LoaderRecord {
        let stored =
            try transaction.record(LoaderRecord.self, store.loaders, begin.loaderID)
            ?? LoaderRecord()
        guard begin.epoch >= stored.epoch else {
            throw .request(.staleEpoch(got: begin.epoch, expected: stored.epoch))
        }
        guard begin.epoch > stored.epoch else { return stored }
        var fresh = LoaderRecord()
        fresh.epoch = begin.epoch
        return fresh
    }

    func grant(
        _ begin: LoadBegin,
        _ transaction: borrowing WriteTransaction
    ) throws(IndexError) -> LoadGrant {
        let loader = try loader(begin, transaction)
        let rowBytes = max(1, 4 * store.schema.dimensions)
        // Whole chunks of the graph: a load makes the same graph as one insertion of all rows.
        let chunk = GraphBuilder.rowsPerChunk
        let fitting = (4 << 20) / rowBytes
        let suggested = min(
            Limits.rowsPerRequest.upperBound,
            fitting < chunk ? max(64, fitting) : fitting / chunk * chunk
        )
        return LoadGrant(
            durableSequence: loader.sequence,
            creditBytes: UInt64(CollectionWriter.creditBytes),
            suggestedRows: UInt32(suggested)
        )
    }

    mutating func load(
        _ data: LoadData,
        _ transaction: inout WriteTransaction
    ) throws(IndexError) -> LoadAcknowledgement {
        var loader = try loader(data.begin, transaction)
        if data.sequence > loader.sequence {
            guard data.sequence == loader.sequence + 1 else {
                throw .request(
                    .loadSequence(got: data.sequence, expected: loader.sequence + 1)
                )
            }
            try check(data.rows)
            try write(data.rows, &transaction)
            loader.sequence = data.sequence
            loader.rows += UInt64(data.rows.ids.count)
            loader.idChecksum = crc32c(data.rows.ids.span.rawBytes, seed: loader.idChecksum)
            try transaction.putSealed(store.loaders, data.begin.loaderID, loader.bytes)
        }
        return LoadAcknowledgement(
            receivedSequence: loader.sequence,
            durableSequence: loader.sequence
        )
    }

    func check(
        _ commit: LoadCommit,
        _ transaction: borrowing WriteTransaction
    ) throws(IndexError) {
        let loader = try loader(commit.begin, transaction)
        guard loader.rows == commit.expectedRows else {
            throw .request(
                .loadMismatch(field: "rows", got: commit.expectedRows, expected: loader.rows)
            )
        }
        guard loader.idChecksum == commit.idChecksum else {
            throw .request(
                .loadMismatch(
                    field: "id checksum",
                    got: UInt64(commit.idChecksum),
                    expected: UInt64(loader.idChecksum)
                )
            )
        }
    }
}
