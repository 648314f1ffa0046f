import PalateChecksum
import PalateGraph
import PalateModel
import PalateQuantization
import PalateStorage

// Tables whose keys are blocks of rows, and the small ones.
extension StoreVerification {
    /// Every block is there, is as long as its rows, and every row in it has its checksum.
    mutating func checkVectors() throws(IndexError) {
        let perBlock = UInt32(store.vectorBlockRows)
        let stride = Format.sealedVectorBytes(dimensions: store.schema.dimensions)
        let rowCount = rowCount
        try forEachBlock("vectors", rows: rowCount, perBlock: perBlock) { pass, block, key, value in
            let rows = min(perBlock, rowCount - block * perBlock)
            if value.byteCount < Int(rows) * stride || value.byteCount % stride != 0 {
                pass.find("vectors", key, "\(value.byteCount) bytes", "\(rows) rows of \(stride)")
            }
            for row in 0..<min(Int(rows), value.byteCount / stride) {
                let bytes = value.extracting(row * stride..<(row + 1) * stride - Sealed.overhead)
                let ordinal = block * perBlock + UInt32(row)
                let expected = Sealed.word(value, at: (row + 1) * stride - Sealed.overhead)
                let got = crc32c(bytes, seed: ordinal)
                if got == expected {
                    pass.collection.vectors += 1
                } else {
                    let place = Sealed.place("", key).dropFirst().dropLast() + " row \(ordinal)"
                    pass.find("vectors", String(place), "checksum \(got)", "\(expected)")
                }
            }
        }
    }

    /// Every dictionary is the one its key names.
    mutating func checkDictionaries() throws(IndexError) {
        let environment = store.environment
        try environment.forEachEntry("dict") { key, value, _ throws(IndexError) in
            guard let id = ordinal(key, "dict", below: .max) else { return }
            note { pass throws(IndexError) in
                let body = try Sealed.open(value, table: "dict", key: key)
                let got = PayloadDictionary.id(of: body.copied)
                guard got != id else { return }
                pass.find("dict", key, got.map { "dictionary \($0)" } ?? "none", "\(id)")
            }
        }
    }

    /// Every loader's progress, and every deleted item that is remembered, can be read.
    mutating func checkLoaders() throws(IndexError) {
        let store = store
        note { _ throws(IndexError) in
            try store.openRemovals(creating: false)
            _ = try store.removedItems()
        }
        let environment = store.environment
        try environment.forEachEntry("loaders") { key, value, _ throws(IndexError) in
            note { pass throws(IndexError) in
                guard key.count == 8 else {
                    return pass.find("loaders", key, "a key of \(key.count) bytes", "8")
                }
                let body = try Sealed.open(value, table: "loaders", key: key)
                _ = try LoaderRecord(body: body, place: Sealed.place("loaders", key))
            }
        }
    }

    /// Codes below the watermark are as long as they must be, and what the vectors of live rows
    /// encode to: on every kernel level the same, so a copy from another machine is no damage.
    mutating func checkCodes(_ record: GraphRecord) throws(IndexError) {
        guard record.watermark > 0 else {
            return try forEachBlock("codes", rows: 0, perBlock: 1) { _, _, _, _ in }
        }
        let comparison = try CodeComparison(store, record)
        try forEachBlock("codes", rows: record.watermark, perBlock: comparison.perBlock) {
            pass,
            block,
            key,
            value throws(IndexError) in
            let body = try Sealed.open(value, table: "codes", key: key)
            let expected = comparison.byteCount(of: block)
            guard body.byteCount >= expected else {
                return pass.find("codes", key, "\(body.byteCount) bytes", "\(expected)")
            }
        }
        for block in 0..<comparison.blockCount {
            let (compared, other) = comparison.compare(block)
            collection.comparedCodes += compared
            guard let first = other.first else { continue }
            find(
                "codes",
                Format.key(block),
                "\(other.count) rows of other codes, row \(first) the first",
                "what their vectors encode to"
            )
        }
    }

    /// Every block of links is whole; together they make a graph that keeps its invariants.
    mutating func checkLinks(_ record: GraphRecord) throws(IndexError) {
        let before = report.damageCount
        for table in ["links0", "linksN"] {
            try forEachBlock(
                table,
                rows: record.watermark,
                perBlock: UInt32(LiveGraph.nodesPerBlock)
            ) { _, _, key, value throws(IndexError) in
                _ = try Sealed.open(value, table: table, key: key)
            }
        }
        guard record.watermark > 0 else { return }
        collection.linkedRows = Int(record.watermark)
        guard report.damageCount == before else { return }
        var counters = RowCounters()
        counters.rowCount = rowCount
        let graph = try CollectionOpening.readStored(store, record, counters)
        for (number, problem) in GraphInvariants.check(graph).enumerated() {
            find("links", "\(number)", problem, "a sound graph")
        }
    }

    /// Visits the blocks that hold `rows` rows; names those that are missing or too many.
    private mutating func forEachBlock(
        _ table: String,
        rows: UInt32,
        perBlock: UInt32,
        _ body: (
            inout StoreVerification, UInt32, [UInt8], RawSpan
        ) throws(IndexError) -> Void
    ) throws(IndexError) {
        let blocks = (rows + perBlock - 1) / perBlock
        var next: UInt32 = 0
        let environment = store.environment
        try environment.forEachEntry(table, chunk: 64) { key, value, _ throws(IndexError) in
            guard let block = ordinal(key, table, below: blocks) else { return }
            while next < block {
                find(table, Format.key(next), "missing", "an entry")
                next += 1
            }
            next = block + 1
            note { pass throws(IndexError) in try body(&pass, block, key, value) }
        }
        while next < blocks {
            find(table, Format.key(next), "missing", "an entry")
            next += 1
        }
    }
}

/// Encodes stored vectors again, to compare with stored codes.
private struct CodeComparison {
    let perBlock: UInt32
    private let store: GenerationStore
    private let watermark: UInt32
    private let coveredVersion: UInt64
    private let codes: CodeSet

    init(_ store: GenerationStore, _ record: GraphRecord) throws(IndexError) {
        let stack: CodeStack
        do {
            stack = try CodeStack(
                named: store.schema.quantizer,
                parameters: record.quantizerParameters.span.rawBytes,
                dimensions: store.schema.dimensions,
                metric: try MetricRegistry.named(store.schema.metric)
            )
        } catch {
            throw .quantization(error)
        }
        codes = try CodeSet(
            stack: stack,
            trainedRows: Int(record.trainedRows),
            capacity: Int(record.watermark)
        )
        perBlock = UInt32(Format.rowsPerCodeBlock(codeBytes: stack.codeBytes))
        watermark = record.watermark
        coveredVersion = record.coveredVersion
        self.store = store
    }

    private func rows(of block: UInt32) -> Range<UInt32> {
        block * perBlock..<min(watermark, (block + 1) * perBlock)
    }

    var blockCount: UInt32 { (watermark + perBlock - 1) / perBlock }

    func byteCount(of block: UInt32) -> Int { rows(of: block).count * codes.stack.codeBytes }

    /// How many rows were compared, and the live ones whose codes differ.
    ///
    /// Codes and vectors that cannot be read have findings of their own.
    func compare(_ block: UInt32) -> (compared: Int, other: [UInt32]) {
        let (rows, store) = (rows(of: block), store)
        let stored = try? store.environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            try store.body(store.codes, block, transaction).copied
        }
        guard let stored, stored.count >= byteCount(of: block),
            (try? CodeTraining.encode(Array(rows), from: store, into: codes)) != nil
        else { return (0, []) }
        let body = stored.span.rawBytes
        let split = rows.count * codes.stack.codes.codeBytes
        var other: [UInt32] = []
        for (index, ordinal) in rows.enumerated() {
            var isSame = isEqual(codes.rows.codes, ordinal, body, at: 0, index)
            if let finer = codes.rows.finer {
                isSame = isSame && isEqual(finer, ordinal, body, at: split, index)
            }
            if !isSame, isCovered(ordinal) { other.append(ordinal) }
        }
        return (rows.count, other)
    }

    private func isEqual(
        _ rows: CodeRows,
        _ ordinal: UInt32,
        _ body: RawSpan,
        at start: Int,
        _ index: Int
    ) -> Bool {
        let offset = start + index * rows.codeBytes
        let stored = body.extracting(offset..<offset + rows.codeBytes).copied
        return rows.row(ordinal).copied == stored
    }

    /// Whether the stored codes must be those of the row: it is live, and the checkpoint covers it.
    private func isCovered(_ ordinal: UInt32) -> Bool {
        let store = store
        let record = try? store.environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in try store.row(ordinal, transaction)
        }
        return record.map { !$0.isDeleted && $0.vectorVersion <= coveredVersion } ?? false
    }
}
