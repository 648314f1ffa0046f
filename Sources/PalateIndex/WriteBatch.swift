import PalateFields
import PalateModel
import PalateStorage

/// The operations of one LMDB transaction: what they write, and what they leave to do in memory.
///
/// A value, made from the writer's committed state and thrown away when the transaction fails; the
/// writer takes over `counters`, `free` and `codec` only after the commit.
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

    /// The rows of one operation, which are linked together.
    struct NewRows {
        /// Whose they are, shape [n].
        var items: [ItemID]
        /// Their slots, rising, shape [n].
        var slots: [Ordinal]
        /// Row-major, shape [n, dimensions].
        var vectors: [Float]
        /// Slots there are with them.
        var slotCount: Int
    }

    var counters: RowCounters
    private(set) var free: FreeSlots
    var codec: PayloadEncoder
    private(set) var effects: [Effect] = []
    var newRows: [NewRows] = []
    /// The fields that rows have from now on, in order.
    var fieldChanges: [(row: Ordinal, fields: RowFields)] = []
    private(set) var scheme: FieldScheme
    private var vectors = VectorWriter()
    let store: GenerationStore

    init(
        counters: RowCounters,
        free: FreeSlots,
        codec: PayloadEncoder,
        scheme: FieldScheme,
        store: GenerationStore
    ) {
        self.counters = counters
        self.free = free
        self.codec = codec
        self.scheme = scheme
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
        case .deleteMatching:
            preconditionFailure("the writer makes a delete of it")
        case .patch(let patch):
            try self.patch(patch, &transaction)
            return receipt(changed: patch.ids.count)
        case .declareFields(let fields):
            try declare(fields, &transaction)
            return receipt(changed: 0)
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
        try vectors.flush(to: store, &transaction)
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

    private mutating func declare(
        _ fields: [FieldDeclaration],
        _ transaction: inout WriteTransaction
    ) throws(IndexError) {
        do throws(RequestError) {
            try scheme.declare(fields, rowCount: counters.rowCount)
        } catch {
            throw .request(error)
        }
        try transaction.putSealed(store.meta, Format.MetaKey.fields, scheme.record.bytes)
    }

    // MARK: Rows

    func check(_ rows: RowBatch) throws(IndexError) {
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
        try check(rows.fields, rows: rows.ids.count)
        try checkRoom(rows.ids.count)
    }

    func check(_ columns: [FieldColumn], rows: Int) throws(IndexError) {
        do throws(RequestError) {
            try scheme.check(columns, rows: rows)
        } catch {
            throw .request(error)
        }
    }

    func checkRoom(_ count: Int) throws(IndexError) {
        let room = Limits.itemsPerCollection - Int(counters.rowCount) + free.count
        guard count <= room else {
            throw .request(.storageFull(reason: "\(count) rows, room for \(room)"))
        }
    }

    mutating func write(
        _ rows: RowBatch,
        _ transaction: inout WriteTransaction
    ) throws(IndexError) {
        counters.version += 1
        try learn(from: rows.payloads, &transaction)
        var slots: [Ordinal] = []
        slots.reserveCapacity(rows.ids.count)
        for (index, item) in rows.ids.enumerated() {
            try retire(item, &transaction)
            let payload = rows.payloads.isEmpty ? [] : rows.payloads[index]
            let frame = payload.isEmpty ? nil : try codec.encode(payload)
            let vector = self.vector(at: index, of: rows.vectors)
            let fields = scheme.fields(payload: payload, columns: rows.fields, at: index)
            slots.append(try occupy(item, vector, frame, fields, &transaction))
        }
        guard !slots.isEmpty else { return }
        newRows.append(
            NewRows(
                items: rows.ids,
                slots: slots,
                vectors: rows.vectors,
                slotCount: Int(counters.rowCount)
            )
        )
    }

    /// Gives an item that has no row one: the lowest free slot, or a new one.
    mutating func occupy(
        _ item: ItemID,
        _ vector: Span<Float>,
        _ frame: [UInt8]?,
        _ fields: RowFields,
        _ transaction: inout WriteTransaction
    ) throws(IndexError) -> Ordinal {
        let slot: Ordinal
        if let reused = free.take() {
            slot = reused
            counters.deletedCount -= 1
        } else {
            slot = counters.rowCount
            counters.rowCount += 1
        }
        let record = RowRecord(
            item: item,
            version: counters.version,
            hasPayload: frame != nil,
            sums: ContentSums(
                vector: ContentSums.vector(vector, at: slot),
                payload: ContentSums.payload(frame, at: slot)
            )
        )
        try transaction.putSealed(store.rows, slot, record.bytes)
        try transaction.putSealed(store.ids, item, Format.value(slot))
        try vectors.put(vector, ordinal: slot, to: store, &transaction)
        if let frame { try transaction.putSealed(store.payloads, slot, frame) }
        try store.put(fields, of: slot, &transaction)
        fieldChanges.append((slot, fields))
        effects.append(.insert(item: item, ordinal: slot))
        return slot
    }

    @_lifetime(borrow vectors)
    func vector(at index: Int, of vectors: borrowing [Float]) -> Span<Float> {
        let dimensions = store.schema.dimensions
        return vectors.span.extracting((index * dimensions)..<((index + 1) * dimensions))
    }

    /// Shows the codec payloads, and stores the dictionary that it may have learned from them.
    mutating func learn(
        from payloads: [[UInt8]],
        _ transaction: inout WriteTransaction
    ) throws(IndexError) {
        guard !payloads.isEmpty, let trained = try codec.learn(from: payloads) else { return }
        try transaction.putSealed(store.dictionaries, trained.id, trained.bytes)
        counters.dictionaryID = trained.id
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
    mutating func retire(
        _ item: ItemID,
        _ transaction: inout WriteTransaction
    ) throws(IndexError) -> Bool {
        guard let ordinal = try store.ordinal(of: item, transaction) else { return false }
        var record = try store.row(ordinal, transaction)
        record.isDeleted = true
        record.hasPayload = false
        try transaction.putSealed(store.rows, ordinal, record.bytes)
        try transaction.remove(store.payloads, ordinal)
        try store.put(RowFields(), of: ordinal, &transaction)
        counters.deletedCount += 1
        return true
    }
}
