import PalateGraph
import PalateModel
import PalateQuantization
import PalateStorage
import PalateTaste

/// What verifying found.
package struct VerificationReport: Sendable {
    /// Counts of one collection.
    package struct Collection: Sendable {
        /// Its name.
        package var name: String
        /// Rows whose records, vectors and ids were read.
        package var rows = 0
        /// Of these, live.
        package var liveRows = 0
        /// Payloads decompressed.
        package var payloads = 0
        /// Rows whose codes and links were read.
        package var linkedRows = 0
        /// Events read.
        package var events = 0
        /// People's records read.
        package var users = 0
    }

    /// By name.
    package var collections: [Collection] = []
    /// Every damaged object: table, key, what is wrong.
    ///
    /// Empty = clean.
    package var findings: [String] = []
}

/// Reads every value of a data directory and checks it: checksums, formats, and that tables agree.
package enum Verification {
    /// Verifies the directory at `path`, which no server has open.
    ///
    /// - Throws: only where nothing can be read at all; damage is in the report.
    package static func run(path: String) throws(IndexError) -> VerificationReport {
        let directory = try ClosedDirectory(path: path)
        var report = VerificationReport()
        for entry in directory.entries {
            var collection = VerificationReport.Collection(name: entry.schema.name)
            do throws(IndexError) {
                let store = try directory.store(of: entry)
                var pass = StoreVerification(store: store, report: report, collection: collection)
                defer { (report, collection) = (pass.report, pass.collection) }
                try pass.run()
            } catch {
                report.findings.append("\(entry.schema.name): \(error)")
            }
            report.note(entry.schema.name) { () throws(IndexError) in
                let taste = try directory.taste(of: entry)
                try taste.forEachEvent { _, _ in collection.events += 1 }
                try taste.forEachUser { _, _ in collection.users += 1 }
                try taste.checkUsers()
            }
            report.collections.append(collection)
        }
        return report
    }
}

extension VerificationReport {
    /// Runs one check; what it throws becomes a finding.
    mutating func note(_ collection: String, _ check: () throws(IndexError) -> Void) {
        do throws(IndexError) {
            try check()
        } catch {
            findings.append("\(collection): \(error)")
        }
    }
}

/// The passes over one generation.
private struct StoreVerification {
    /// Rows checked per read transaction.
    private static let rowsPerRead: UInt32 = 4_096

    let store: GenerationStore
    var report: VerificationReport
    var collection: VerificationReport.Collection

    init(
        store: GenerationStore,
        report: VerificationReport,
        collection: VerificationReport.Collection
    ) {
        self.store = store
        self.report = report
        self.collection = collection
    }

    mutating func run() throws(IndexError) {
        let store = store
        let (counters, graph) = try store.environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            (try store.counters(transaction), try store.graphRecord(transaction))
        }
        let payloads = PayloadReader()
        var next: UInt32 = 0
        while next < counters.rowCount {
            let end = min(counters.rowCount, next + Self.rowsPerRead)
            let range = next..<end
            try store.environment.read(failingWith: IndexError.self) {
                transaction throws(IndexError) in
                for ordinal in range { checkRow(ordinal, payloads, transaction) }
            }
            next = end
        }
        if collection.liveRows != Int(counters.rowCount) - Int(counters.deletedCount) {
            find(
                "meta[counters]: \(collection.liveRows) live rows, expected "
                    + "\(Int(counters.rowCount) - Int(counters.deletedCount))"
            )
        }
        checkIDs(counters)
        checkDictionaries()
        checkLoaders()
        checkGraph(graph, counters)
        try checkEntryCounts(counters, graph)
    }

    /// One row: its record, its vector, its id's way back, its payload.
    private mutating func checkRow(
        _ ordinal: Ordinal,
        _ payloads: PayloadReader,
        _ transaction: borrowing ReadTransaction
    ) {
        do throws(IndexError) {
            let record = try store.row(ordinal, transaction)
            collection.rows += 1
            var vector = [Float](repeating: 0, count: store.schema.dimensions)
            var span = vector.mutableSpan
            try store.readVector(ordinal, transaction, into: &span)
            guard !record.isDeleted else { return }
            collection.liveRows += 1
            let back = try store.ordinal(of: record.item, transaction)
            if back != ordinal {
                let got = back.map(String.init) ?? "none"
                find("ids[\(record.item)]: row \(got), expected \(ordinal)")
            }
            guard record.hasPayload else { return }
            let key = Format.key(ordinal)
            guard let value = try transaction.value(store.payloads, ordinal) else {
                throw IndexError.missing(place: Sealed.place("payloads", key))
            }
            let frame = try Sealed.open(value, table: "payloads", key: key)
            _ = try payloads.decompress(frame, store, transaction)
            collection.payloads += 1
        } catch {
            find("\(error)")
        }
    }

    /// Every id leads to a live row of that id, and none is left over.
    private mutating func checkIDs(_ counters: RowCounters) {
        var count = 0
        let ids = store.ids
        report.note(collection.name) { () throws(IndexError) in
            try store.environment.forEachSealed(ids) { _, _ throws(IndexError) in count += 1 }
        }
        if count != collection.liveRows {
            find("ids: \(count) entries, expected \(collection.liveRows)")
        }
    }

    /// Every dictionary is the one its key names.
    private mutating func checkDictionaries() {
        let store = store
        report.note(collection.name) { () throws(IndexError) in
            try store.environment.forEachSealed(store.dictionaries) { id, body throws(IndexError) in
                let got = PayloadDictionary.id(of: body.copied)
                guard got != id else { return }
                throw .corrupt(
                    place: Sealed.place("dict", Format.key(id)),
                    reason: "dictionary \(got.map(String.init) ?? "none"), expected \(id)"
                )
            }
        }
    }

    /// Every loader's progress can be read.
    private mutating func checkLoaders() {
        let store = store
        report.note(collection.name) { () throws(IndexError) in
            try store.environment.forEachSealed(store.loaders) { id, body throws(IndexError) in
                _ = try LoaderRecord(body: body, place: Sealed.place("loaders", Format.key(id)))
            }
        }
    }

    /// No table holds more or fewer entries than the rows call for.
    private mutating func checkEntryCounts(
        _ counters: RowCounters,
        _ graph: GraphRecord
    ) throws(IndexError) {
        let store = store
        var counts: [(name: String, entries: Int)] = []
        try store.environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            try store.appendEntryCounts(transaction, to: &counts)
        }
        let rows = Int(counters.rowCount)
        let perVectorBlock = store.vectorBlockRows
        let linkBlocks = LiveGraph.blockCount(count: Int(graph.watermark))
        let expected = [
            "rows": rows, "vectors": (rows + perVectorBlock - 1) / perVectorBlock,
            "links0": linkBlocks, "linksN": linkBlocks, "payloads": collection.payloads,
        ]
        for (name, entries) in counts where entries != expected[name] ?? entries {
            find("\(name): \(entries) entries, expected \(expected[name] ?? 0)")
        }
    }

    /// Codes and links below the watermark load, and the graph they make keeps its invariants.
    private mutating func checkGraph(_ record: GraphRecord, _ counters: RowCounters) {
        guard record.watermark > 0 else { return }
        var problems: [String] = []
        report.note(collection.name) { () throws(IndexError) in
            let graph = try CollectionOpening.readStored(store, record, counters)
            problems = GraphInvariants.check(graph)
        }
        collection.linkedRows = Int(record.watermark)
        for problem in problems { find("links: \(problem)") }
    }

    private mutating func find(_ text: String) {
        report.findings.append("\(collection.name): \(text)")
    }
}
