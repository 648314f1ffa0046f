import PalateFields
import PalateModel
import PalateStorage

/// Writes a generation again, as a plan says, from every page of the damaged one that can be read.
struct GenerationRepair {
    /// Bytes gathered for one transaction; LMDB would take twice that.
    private static let batchBytes = Environment.transactionBytes / 2
    /// Rows of one transaction of records and ids.
    private static let rowsPerTransaction = 65_536
    /// Tables that are written from the plan, or made again from rows.
    private static let derived: Set = ["codes", "links0", "linksN"]

    private struct Entry {
        var table: String
        var key: [UInt8]
        var value: [UInt8]
    }

    let plan: GenerationPlan
    /// The directory of the damaged generation.
    let source: String
    /// Where the new one goes; not there yet.
    let target: String
    let buildThreads: Int

    /// Writes, links and verifies the new generation, and closes it.
    ///
    /// - Throws: the first finding where it would not be clean.
    func run() throws(IndexError) {
        let store = try GenerationStore(
            path: target,
            mapBytes: DataDirectoryOptions().generationMap,
            creating: (plan.header.schema, plan.header.generation, plan.header.seed)
        )
        try copyEntries(to: store)
        try writeRows(to: store)
        try readFields(of: store)
        try store.environment.write(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            try transaction.putSealed(store.meta, Format.MetaKey.counters, plan.counters.bytes)
        }
        if !plan.keepsDerived { try link(store) }
        var findings = verify(store)
        if plan.keepsDerived, !findings.isEmpty,
            findings.allSatisfy({ Self.derived.contains($0.table) || $0.table == "links" })
        {
            try removeDerived(from: store)
            try link(store)
            findings = verify(store)
        }
        guard let first = findings.first else { return }
        throw .corrupt(place: "the repaired \(source)", reason: "\(first)")
    }

    private func verify(_ store: GenerationStore) -> [Finding] {
        let name = plan.header.schema.name
        var pass = StoreVerification(store: store, collection: .init(name: name))
        pass.run()
        return pass.report.findings
    }

    /// Makes codes and links of the rows, as opening a generation without a checkpoint does.
    private func link(_ store: GenerationStore) throws(IndexError) {
        let parts = try CollectionOpening.open(store, buildThreads: buildThreads)
        var checkpoint = Checkpoint(codes: nil)
        try checkpoint.write(
            store: store,
            graph: parts.graph,
            codes: parts.state.codes,
            version: parts.counters.version
        )
    }

    private func removeDerived(from store: GenerationStore) throws(IndexError) {
        try store.environment.write(.shrink, failingWith: IndexError.self) {
            transaction throws(IndexError) in
            do throws(StorageError) {
                for table in [store.codes, store.links0, store.linksN] {
                    try transaction.removeAll(table)
                }
                try transaction.delete(store.meta, Format.MetaKey.graph)
            } catch {
                throw .storage(error)
            }
        }
    }

    // MARK: Entries

    private func copyEntries(to store: GenerationStore) throws(IndexError) {
        var batch: [Entry] = []
        var bytes = 0
        var blocks: Set<UInt32> = []
        _ = try PageSalvage.read(directory: source, failingWith: IndexError.self) {
            found throws(IndexError) in
            guard let value = whole(found, &blocks) else { return }
            batch.append(Entry(table: found.table, key: found.key, value: value))
            bytes += value.count
            guard bytes >= Self.batchBytes else { return }
            try write(batch, to: store)
            (batch, bytes) = ([], 0)
        }
        for block in missingBlocks(blocks) {
            batch.append(
                Entry(table: "vectors", key: Format.key(block), value: vectors(block, nil))
            )
        }
        try write(batch, to: store)
    }

    /// What of an entry goes into the new generation; nil = nothing.
    private func whole(_ entry: PageSalvage.Entry, _ blocks: inout Set<UInt32>) -> [UInt8]? {
        let table = entry.table
        guard table != "rows", table != "ids", !plan.cleared.contains(table),
            plan.keepsDerived || !Self.derived.contains(table)
        else { return nil }
        if table == "vectors" {
            guard let block = ordinal(entry.key), Int(block) * rowsPerBlock < plan.rows.count,
                blocks.insert(block).inserted
            else { return nil }
            return vectors(block, entry.value)
        }
        let value = entry.value
        guard let body = try? Sealed.open(value.span.rawBytes, table: table, key: entry.key) else {
            return nil
        }
        switch Format.Table(rawValue: table) {
        case .meta:
            let isKept =
                entry.key == Format.MetaKey.fields
                || (entry.key == Format.MetaKey.graph && plan.keepsDerived)
            return isKept ? value : nil
        case .fields:
            guard let slot = ordinal(entry.key), Int(slot) < plan.rows.count,
                !plan.rows[Int(slot)].isDeleted, (try? RowFields(body: body, place: "")) != nil
            else { return nil }
            return value
        case .payloads:
            guard let ordinal = ordinal(entry.key), Int(ordinal) < plan.rows.count else {
                return nil
            }
            let row = plan.rows[Int(ordinal)]
            return row.isDeleted || !row.hasPayload ? nil : value
        case .dict: return PayloadDictionary.id(of: body.copied) == ordinal(entry.key) ? value : nil
        default: return value
        }
    }

    private func write(_ entries: [Entry], to store: GenerationStore) throws(IndexError) {
        var tables: [String: Table<[UInt8]>] = [:]
        for name in Set(entries.map(\.table)) {
            tables[name] = try stored { () throws(StorageError) in
                try store.environment.table(name, key: [UInt8].self, creates: true)
            }
        }
        try store.environment.write(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            for entry in entries {
                guard let table = tables[entry.table] else { continue }
                try transaction.putRaw(table, entry.key, entry.value.span.rawBytes)
            }
        }
    }

    private func ordinal(_ key: [UInt8]) -> UInt32? {
        key.count == 4 ? key.reduce(0) { $0 << 8 | UInt32($1) } : nil
    }

    // MARK: Vectors

    private var rowsPerBlock: Int {
        Format.rowsPerVectorBlock(dimensions: plan.header.schema.dimensions)
    }

    private func missingBlocks(_ seen: Set<UInt32>) -> [UInt32] {
        let count = (plan.rows.count + rowsPerBlock - 1) / rowsPerBlock
        return (0..<UInt32(count)).filter { !seen.contains($0) }
    }

    /// A block's rows: those that are whole, and zeros for the others.
    private func vectors(_ block: UInt32, _ stored: [UInt8]?) -> [UInt8] {
        let dimensions = plan.header.schema.dimensions
        let stride = Format.sealedVectorBytes(dimensions: dimensions)
        let zeros = [Float](repeating: 0, count: dimensions)
        let first = Int(block) * rowsPerBlock
        var bytes: [UInt8] = []
        for index in first..<min(plan.rows.count, first + rowsPerBlock) {
            let start = (index - first) * stride
            if let stored, !plan.zeroed.contains(Ordinal(index)), start + stride <= stored.count {
                bytes += stored[start..<start + stride]
            } else {
                _ = VectorBlock.put(
                    zeros.span,
                    ordinal: Ordinal(index),
                    row: index - first,
                    into: &bytes
                )
            }
        }
        return bytes
    }

    // MARK: Rows

    /// Fields that payloads have and the table has not, or has otherwise.
    private func readFields(of store: GenerationStore) throws(IndexError) {
        let scheme = try store.environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in try store.fieldScheme(transaction)
        }
        guard !scheme.declarations.isEmpty else { return }
        try store.openFields(creating: true)
        let reading = FieldReading(
            store: store,
            scheme: FieldScheme(scheme),
            payloads: PayloadReader()
        )
        let count = Ordinal(plan.rows.count)
        for first in stride(from: 0, to: count, by: CodeTraining.rowsPerRead) {
            let end = min(count, first + Ordinal(CodeTraining.rowsPerRead))
            try store.environment.write(failingWith: IndexError.self) {
                transaction throws(IndexError) in _ = try reading.store(first..<end, &transaction)
            }
        }
    }

    private func writeRows(to store: GenerationStore) throws(IndexError) {
        var next = 0
        while next < plan.rows.count {
            let end = min(plan.rows.count, next + Self.rowsPerTransaction)
            try store.environment.write(failingWith: IndexError.self) {
                transaction throws(IndexError) in
                for index in next..<end {
                    let (row, ordinal) = (plan.rows[index], Ordinal(index))
                    try transaction.putSealed(store.rows, ordinal, row.bytes)
                    guard !row.isDeleted else { continue }
                    try transaction.putSealed(store.ids, row.item, Format.value(ordinal))
                }
            }
            next = end
        }
    }
}
