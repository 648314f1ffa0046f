import PalateGraph
import PalateModel
import PalateStorage

/// What is left to do when nothing waits.
extension WriterCore {
    /// Rows read for new fields in one transaction: in a quiet moment, and behind a write.
    private static let fieldRowsPerChore: UInt32 = 4_096
    static let fieldRowsPerBatch: UInt32 = 512

    /// What is left to do when nothing waits: deleted rows to take out, codes and links to store,
    /// links to sketch.
    var hasChores: Bool {
        guard failure == nil else { return false }
        return graph.deletedCount > 0 || needsCheckpoint || !scheme.record.isReady
            || sketches?.hasWork ?? false
    }

    /// Does a part of what is left to do; false where it failed, and is to be tried again later.
    func doChore() -> Bool {
        if !scheme.record.isReady { return buildFields(rows: Self.fieldRowsPerChore) }
        if graph.deletedCount > 0 {
            repair(upTo: Self.repairRows, from: 1)
            return true
        }
        if needsCheckpoint {
            if case .failure = checkpointIfNeeded(force: true) { return false }
            return true
        }
        return sketch(lists: SketchCycle.listsPerChore)
    }

    /// Makes sketches of a part of the lists that have none; false where that has to wait.
    func sketch(lists limit: Int) -> Bool {
        guard sketches != nil else { return true }
        let former = state.codes
        // Its rows are those of the set that replaces it; a query that holds it finds new ones.
        defer { if let former, former !== state.codes { retiring.append(former) } }
        return sketches?.advance(limit: limit, graph, state) ?? true
    }

    // MARK: New fields

    /// Reads rows for fields that were declared after them; false where it failed.
    func buildFields(rows: UInt32) -> Bool {
        let first = scheme.record.builtSlots
        let end = min(counters.rowCount, first + rows)
        var next = scheme
        next.built(to: end, of: counters.rowCount)
        let reading = FieldReading(store: store, scheme: scheme, payloads: payloads)
        do throws(IndexError) {
            let changes = try store.environment.write(failingWith: IndexError.self) {
                transaction throws(IndexError) in
                let changes = try reading.store(first..<end, &transaction)
                try transaction.putSealed(store.meta, Format.MetaKey.fields, next.record.bytes)
                return changes
            }
            fields.put(changes)
        } catch {
            return false
        }
        scheme = next
        fields.adopt(next.record)
        return true
    }
}
