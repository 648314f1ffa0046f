import PalateChecksum
import PalateModel
import PalateStorage

/// The operations of one LMDB transaction: what they write, and what they leave to do in memory.
///
/// A value, made from the writer's committed state and thrown away when the transaction fails; the
/// writer takes over `counters`, `tail` and `codec` only after the commit.
struct WriteBatch {
    /// What a committed row change means for the graph and the directory, in order.
    enum Effect {
        case insert(item: ItemID, ordinal: Ordinal)
        case remove(item: ItemID)

        /// The item that has a row now.
        var inserted: ItemID? {
            if case .insert(let item, _) = self { item } else { nil }
        }
    }

    /// Rows that lie contiguously: their first ordinal and their vectors.
    struct NewRows {
        var first: Ordinal
        var vectors: [Float]
    }

    private(set) var counters: RowCounters
    private(set) var tail: VectorTail
    private(set) var codec: PayloadEncoder
    private(set) var effects: [Effect] = []
    private(set) var newRows: [NewRows] = []
    private let store: GenerationStore

    init(counters: RowCounters, tail: VectorTail, codec: PayloadEncoder, store: GenerationStore) {
        self.counters = counters
        self.tail = tail
        self.codec = codec
        self.store = store
    }

    /// Applies one operation inside `transaction`.
    ///
    /// - Throws: `.request` before anything is written, anything else means: abort.
    mutating func apply(
        _ operation: WriteOperation,
        _ transaction: inout WriteTransaction
    ) throws(IndexError) -> WriteOutcome {
        switch operation {
        case .upsert(let rows):
            try check(rows)
            try write(rows, &transaction)
            return receipt(changed: rows.ids.count)
        case .delete(let ids):
            // Two steps: in one, `receipt` would be called on the value from before the deletion.
            let changed = try delete(ids, &transaction)
            return receipt(changed: changed)
        case .beginLoad(let begin):
            return .grant(try grant(begin, transaction))
        case .load(let data):
            return .acknowledgement(try load(data, &transaction))
        case .commitLoad(let commit):
            try check(commit, transaction)
            return receipt(changed: Int(commit.expectedRows))
        case .checkpoint:
            return receipt(changed: 0)
        case .advance(let version):
            counters.version = max(counters.version, version)
            return receipt(changed: 0)
        }
    }

    /// Writes what all operations share; call once, last.
    mutating func finish(_ transaction: inout WriteTransaction) throws(IndexError) {
        try tail.flush(to: store, &transaction)
        try transaction.putSealed(store.meta, Format.MetaKey.counters, counters.bytes)
    }

    private func receipt(changed: Int) -> WriteOutcome {
        .receipt(
            WriteReceipt(
                version: counters.version,
                changed: UInt64(changed),
                generation: store.generation
            )
        )
    }

    // MARK: Rows

    private func check(_ rows: RowBatch) throws(IndexError) {
        let expected = rows.ids.count * store.schema.dimensions
        guard rows.vectors.count == expected else {
            throw .request(
                .unequalColumns(field: "vectors", got: rows.vectors.count, expected: expected)
            )
        }
        guard rows.payloads.isEmpty || rows.payloads.count == rows.ids.count else {
            throw .request(
                .unequalColumns(
                    field: "payloads",
                    got: rows.payloads.count,
                    expected: rows.ids.count
                )
            )
        }
        let room = Limits.itemsPerCollection - Int(counters.rowCount)
        guard rows.ids.count <= room else {
            throw .request(.storageFull(reason: "\(rows.ids.count) rows, room for \(room)"))
        }
    }

    private mutating func write(
        _ rows: RowBatch,
        _ transaction: inout WriteTransaction
    ) throws(IndexError) {
        counters.version += 1
        let dimensions = store.schema.dimensions
        newRows.append(NewRows(first: counters.rowCount, vectors: rows.vectors))
        if !rows.payloads.isEmpty {
            if let trained = try codec.learn(from: rows.payloads) {
                try transaction.putSealed(store.dictionaries, trained.id, trained.bytes)
                counters.dictionaryID = trained.id
            }
        }
        for (index, item) in rows.ids.enumerated() {
            let ordinal = counters.rowCount
            try retire(item, &transaction)
            let payload = rows.payloads.isEmpty ? [] : rows.payloads[index]
            let record = RowRecord(
                item: item,
                version: counters.version,
                hasPayload: !payload.isEmpty
            )
            try transaction.putSealed(store.rows, ordinal, record.bytes)
            try transaction.putSealed(store.ids, item, Format.value(ordinal))
            let vector = rows.vectors.span.extracting(
                (index * dimensions)..<((index + 1) * dimensions)
            )
            try tail.append(vector, ordinal: ordinal, to: store, &transaction)
            if !payload.isEmpty {
                try transaction.putSealed(store.payloads, ordinal, try codec.encode(payload))
            }
            effects.append(.insert(item: item, ordinal: ordinal))
            counters.rowCount += 1
        }
    }

    private mutating func delete(
        _ ids: [ItemID],
        _ transaction: inout WriteTransaction
    ) throws(IndexError) -> Int {
        counters.version += 1
        try store.noteRemovals(ids, &transaction)
        var count = 0
        for item in ids where try retire(item, &transaction) {
            try transaction.remove(store.ids, item)
            effects.append(.remove(item: item))
            count += 1
        }
        return count
    }

    /// Marks the row that `item` has as deleted; false where it has none.
    @discardableResult
    private mutating func retire(
        _ item: ItemID,
        _ transaction: inout WriteTransaction
    ) throws(IndexError) -> Bool {
        guard let ordinal = try store.ordinal(of: item, transaction) else { return false }
        var record = try store.row(ordinal, transaction)
        record.isDeleted = true
        record.hasPayload = false
        try transaction.putSealed(store.rows, ordinal, record.bytes)
        try transaction.remove(store.payloads, ordinal)
        counters.deletedCount += 1
        return true
    }

    // MARK: Loads

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

    private func grant(
        _ begin: LoadBegin,
        _ transaction: borrowing WriteTransaction
    ) throws(IndexError) -> LoadGrant {
        let loader = try loader(begin, transaction)
        let rowBytes = max(1, 4 * store.schema.dimensions)
        let suggested = min(Limits.rowsPerRequest.upperBound, max(64, (4 << 20) / rowBytes))
        return LoadGrant(
            durableSequence: loader.sequence,
            creditBytes: UInt64(CollectionWriter.creditBytes),
            suggestedRows: UInt32(suggested)
        )
    }

    private mutating func load(
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

    private func check(
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
