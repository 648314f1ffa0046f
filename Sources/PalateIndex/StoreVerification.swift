import PalateGraph
import PalateModel
import PalateQuantization
import PalateStorage

/// The passes over one generation.
struct StoreVerification {
    let store: GenerationStore
    var report: VerificationReport
    var collection: VerificationReport.Collection
    private var counters = RowCounters()
    private let payloads = PayloadReader()
    private var deletedRows = 0
    private var newestVersion: UInt64 = 0

    init(
        store: GenerationStore,
        report: VerificationReport = VerificationReport(),
        collection: VerificationReport.Collection
    ) {
        self.store = store
        self.report = report
        self.collection = collection
    }

    mutating func run() {
        var graph: GraphRecord?
        note { pass throws(IndexError) in
            pass.counters.rowCount = try pass.storedRows()
            let store = pass.store
            pass.counters = try store.environment.read(failingWith: IndexError.self) {
                transaction throws(IndexError) in try store.counters(transaction)
            }
        }
        note { pass throws(IndexError) in
            let store = pass.store
            graph = try store.environment.read(failingWith: IndexError.self) {
                transaction throws(IndexError) in try store.graphRecord(transaction)
            }
        }
        note { pass throws(IndexError) in try pass.checkRows() }
        note { pass throws(IndexError) in try pass.checkIDs() }
        note { pass throws(IndexError) in try pass.checkVectors() }
        note { pass throws(IndexError) in try pass.checkPayloads() }
        note { pass throws(IndexError) in try pass.checkDictionaries() }
        note { pass throws(IndexError) in try pass.checkFields() }
        note { pass throws(IndexError) in try pass.checkLoaders() }
        checkCounters()
        if let graph, graph.watermark > counters.rowCount {
            find("meta", "graph", "watermark \(graph.watermark)", "\(counters.rowCount) at most")
        } else if let graph {
            note { pass throws(IndexError) in try pass.checkCodes(graph) }
            note { pass throws(IndexError) in try pass.checkLinks(graph) }
        }
    }

    /// Rows by the table alone, where the counters cannot be read.
    private func storedRows() throws(IndexError) -> UInt32 {
        let rows = store.rows
        return try store.environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            do throws(StorageError) {
                return try transaction.lastKey(rows).map { $0 &+ 1 } ?? 0
            } catch {
                throw .storage(error)
            }
        }
    }

    // MARK: Rows

    /// Every ordinal has its record; live rows are found by their ids and have their payloads.
    private mutating func checkRows() throws(IndexError) {
        var next: Ordinal = 0
        let store = store
        try store.environment.forEachEntry("rows") { key, value, transaction throws(IndexError) in
            guard let ordinal = self.ordinal(key, "rows", below: counters.rowCount) else { return }
            while next < ordinal {
                find("rows", Format.key(next), "missing", "an entry")
                next += 1
            }
            next = ordinal + 1
            note { pass throws(IndexError) in
                let body = try Sealed.open(value, table: "rows", key: key)
                let record = try RowRecord(body: body, place: Sealed.place("rows", key))
                try pass.checkRow(ordinal, record, transaction)
            }
        }
        while next < counters.rowCount {
            find("rows", Format.key(next), "missing", "an entry")
            next += 1
        }
    }

    private mutating func checkRow(
        _ ordinal: Ordinal,
        _ record: RowRecord,
        _ transaction: borrowing ReadTransaction
    ) throws(IndexError) {
        collection.rows += 1
        newestVersion = max(newestVersion, record.version)
        guard !record.isDeleted else {
            deletedRows += 1
            return
        }
        collection.liveRows += 1
        do throws(IndexError) {
            let back = try store.ordinal(of: record.item, transaction)
            if back != ordinal {
                let got = back.map { "row \($0)" } ?? "missing"
                find("ids", Format.key(record.item), got, "row \(ordinal)")
            }
        } catch {
            report.add(Finding(collection.name, error))
        }
        try checkVector(of: record, at: ordinal, transaction)
        guard record.hasPayload else { return }
        let key = Format.key(ordinal)
        let frame = try store.frame(of: record, at: ordinal, transaction)
        do throws(IndexError) {
            _ = try payloads.decompress(frame, store, transaction)
            collection.payloads += 1
        } catch .storage(let error) {
            find("payloads", key, "\(error)", "a zstd frame")
        }
    }

    /// A live row's vector is the one it was written with; one that cannot be read has a finding
    /// of its own.
    private mutating func checkVector(
        of record: RowRecord,
        at ordinal: Ordinal,
        _ transaction: borrowing ReadTransaction
    ) throws(IndexError) {
        guard record.sums != nil else { return }
        var vector = [Float](repeating: 0, count: store.schema.dimensions)
        var span = vector.mutableSpan
        guard (try? store.readVector(ordinal, transaction, into: &span)) != nil else { return }
        try record.check(vector.span, at: ordinal)
    }

    /// Every id leads to a live row of that id.
    private mutating func checkIDs() throws(IndexError) {
        let store = store
        try store.environment.forEachEntry("ids") { key, value, transaction throws(IndexError) in
            guard let item = self.item(key) else { return }
            note { pass throws(IndexError) in
                let body = try Sealed.open(value, table: "ids", key: key)
                guard body.byteCount == 4 else {
                    return pass.find("ids", key, "\(body.byteCount) bytes", "4")
                }
                let ordinal = Sealed.word(body, at: 0)
                guard ordinal < pass.counters.rowCount else {
                    return pass.find(
                        "ids",
                        key,
                        "row \(ordinal)",
                        "below \(pass.counters.rowCount)"
                    )
                }
                // A record that cannot be read has its own finding.
                guard let record = try? store.row(ordinal, transaction) else { return }
                guard record.item == item, !record.isDeleted else {
                    let what = record.isDeleted ? "which is deleted" : "of item \(record.item)"
                    return pass.find(
                        "ids",
                        key,
                        "row \(ordinal), \(what)",
                        "a live row of the item"
                    )
                }
            }
        }
    }

    /// No payload is left over.
    private mutating func checkPayloads() throws(IndexError) {
        let store = store
        try store.environment.forEachEntry("payloads") { key, _, transaction throws(IndexError) in
            guard let ordinal = self.ordinal(key, "payloads", below: counters.rowCount),
                let record = try? store.row(ordinal, transaction)
            else { return }
            if record.isDeleted || !record.hasPayload {
                find("payloads", key, "an entry", "none: its row has no payload")
            }
        }
    }

    private mutating func checkCounters() {
        let expected = Int(counters.rowCount) - Int(counters.deletedCount)
        if collection.liveRows != expected {
            find("meta", "counters", "\(expected) live rows", "\(collection.liveRows), as in rows")
        }
        if counters.version < newestVersion {
            find("meta", "counters", "version \(counters.version)", "\(newestVersion) at least")
        }
    }

    // MARK: What a key can be

    /// The ordinal or block that a key names.
    mutating func ordinal(_ key: [UInt8], _ table: String, below count: UInt32) -> UInt32? {
        guard key.count == 4 else {
            find(table, key, "a key of \(key.count) bytes", "4")
            return nil
        }
        let ordinal = key.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard ordinal < count else {
            find(table, key, "an entry", "none: there are \(count)")
            return nil
        }
        return ordinal
    }

    private mutating func item(_ key: [UInt8]) -> ItemID? {
        guard key.count == 8 else {
            find("ids", key, "a key of \(key.count) bytes", "8")
            return nil
        }
        return key.reduce(ItemID(0)) { $0 << 8 | ItemID($1) }
    }

    // MARK: Findings

    /// Runs one check; what it throws becomes a finding.
    mutating func note(_ check: (inout StoreVerification) throws(IndexError) -> Void) {
        do throws(IndexError) {
            try check(&self)
        } catch {
            report.add(Finding(collection.name, error))
        }
    }

    mutating func find(_ table: String, _ key: [UInt8], _ got: String, _ expected: String) {
        let place = Sealed.place("", key)
        find(table, String(place.dropFirst().dropLast()), got, expected)
    }

    mutating func find(_ table: String, _ key: String, _ got: String, _ expected: String) {
        report.add(Finding(collection.name, table, key, got: got, expected: expected))
    }

    /// The counters, for the passes in other files.
    var rowCount: UInt32 { counters.rowCount }
}
