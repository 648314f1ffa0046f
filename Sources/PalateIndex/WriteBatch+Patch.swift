import PalateFields
import PalateModel
import PalateStorage

// Patches: another vector, payload or value of a field, for items that are there.
extension WriteBatch {
    /// Writes a patch, all of it or, where an item is not as the caller believes, nothing.
    mutating func patch(
        _ patch: PatchBatch,
        _ transaction: inout WriteTransaction
    ) throws(IndexError) {
        try check(patch, transaction)
        counters.version += 1
        if let payloads = patch.payloads { try learn(from: payloads, &transaction) }
        var slots: [Ordinal] = []
        for (index, item) in patch.ids.enumerated() {
            let frame = try frame(at: index, of: patch, transaction)
            let fields = try fields(at: index, of: patch, transaction)
            if patch.vectors.isEmpty {
                try replaceContent(of: item, with: frame, fields, &transaction)
            } else {
                try retire(item, &transaction)
                let vector = self.vector(at: index, of: patch.vectors)
                slots.append(try occupy(item, vector, frame, fields, &transaction))
            }
        }
        guard !slots.isEmpty else { return }
        newRows.append(
            NewRows(
                items: patch.ids,
                slots: slots,
                vectors: patch.vectors,
                slotCount: Int(counters.rowCount)
            )
        )
    }

    /// Columns of one length, items that are there, and of the versions that are expected.
    private func check(
        _ patch: PatchBatch,
        _ transaction: borrowing WriteTransaction
    ) throws(IndexError) {
        let count = patch.ids.count
        let components = patch.vectors.isEmpty ? 0 : count * store.schema.dimensions
        let lengths = [
            ("vectors", patch.vectors.count, components),
            ("payloads", patch.payloads?.count ?? count, count),
            ("versions", patch.versions.isEmpty ? count : patch.versions.count, count),
        ]
        for (field, got, expected) in lengths where got != expected {
            throw .request(.unequalColumns(field: field, got: got, expected: expected))
        }
        try check(patch.fields, rows: count)
        if !patch.vectors.isEmpty { try checkRoom(count) }
        for (index, item) in patch.ids.enumerated() {
            guard let slot = try store.ordinal(of: item, transaction) else {
                throw .request(.unknownItem(id: item))
            }
            guard !patch.versions.isEmpty, patch.versions[index] != 0 else { continue }
            let stored = try store.row(slot, transaction).version
            guard stored == patch.versions[index] else {
                throw .request(
                    .versionConflict(id: item, got: patch.versions[index], expected: stored)
                )
            }
        }
    }

    /// The compressed payload that an item is to have: the patch's, or its own.
    private func frame(
        at index: Int,
        of patch: PatchBatch,
        _ transaction: borrowing WriteTransaction
    ) throws(IndexError) -> [UInt8]? {
        if let payloads = patch.payloads {
            return payloads[index].isEmpty ? nil : try codec.encode(payloads[index])
        }
        guard let slot = try store.ordinal(of: patch.ids[index], transaction) else { return nil }
        let record = try store.row(slot, transaction)
        return record.hasPayload ? try store.frame(of: record, at: slot, transaction).copied : nil
    }

    /// The fields that an item is to have.
    private func fields(
        at index: Int,
        of patch: PatchBatch,
        _ transaction: borrowing WriteTransaction
    ) throws(IndexError) -> RowFields {
        guard let slot = try store.ordinal(of: patch.ids[index], transaction) else {
            return RowFields()
        }
        var former = try store.rowFields(slot, transaction)
        if patch.payloads == nil, !scheme.record.isReady {
            // The row may move to a slot that new fields were read for already.
            let reading = FieldReading(store: store, scheme: scheme, payloads: PayloadReader())
            let record = try store.row(slot, transaction)
            former = try reading.fields(of: record, at: slot, transaction).expected
        }
        return scheme.fields(
            payload: patch.payloads?[index],
            columns: patch.fields,
            at: index,
            over: former
        )
    }

    private mutating func replaceContent(
        of item: ItemID,
        with frame: [UInt8]?,
        _ fields: RowFields,
        _ transaction: inout WriteTransaction
    ) throws(IndexError) {
        guard let slot = try store.ordinal(of: item, transaction) else {
            throw .request(.unknownItem(id: item))
        }
        var record = try store.row(slot, transaction)
        record.version = counters.version
        record.hasPayload = frame != nil
        record.sums?.payload = ContentSums.payload(frame, at: slot)
        try transaction.putSealed(store.rows, slot, record.bytes)
        try store.put(fields, of: slot, &transaction)
        fieldChanges.append((slot, fields))
        if let frame {
            try transaction.putSealed(store.payloads, slot, frame)
        } else {
            try transaction.remove(store.payloads, slot)
        }
    }
}
