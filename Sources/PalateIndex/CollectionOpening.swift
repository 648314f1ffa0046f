import PalateFields
import PalateGraph
import PalateModel
import PalateQuantization
import PalateStorage

/// What opening a generation yields, before a collection is made of it.
struct CollectionParts {
    var store: GenerationStore
    var graph: LiveGraph
    var items: ItemColumn
    var directory: ItemDirectory
    var fields: FieldStore
    var metric: any Metric
    var state: CollectionState
    var counters: RowCounters
    /// The code set whose codes are stored.
    var storedCodes: CodeSet?
    /// Rows that the last checkpoint does not cover.
    var tail: [Ordinal] = []
    /// What linking the tail took: it counts towards the next checkpoint.
    var linkSeconds = 0.0
}

/// Opens a generation: codes and links are read, rows of writes after the checkpoint linked again.
///
/// Nothing is rebuilt: a crash costs the tail, and the writer keeps the tail below
/// `DataDirectoryOptions.tailSeconds` of linking. The rows of a write are linked as the writer
/// links them, so the same store gives the same graph.
enum CollectionOpening {
    /// Rows that are read before the read transaction is renewed.
    private static let blocksPerRead = 256

    /// Reads everything that searches need into memory.
    static func open(
        _ store: GenerationStore,
        buildThreads: Int
    ) throws(IndexError)
        -> CollectionParts
    {
        let metric = try metric(of: store)
        let capacity = Limits.itemsPerCollection
        let graph = try makeGraph(store, capacity: capacity)
        guard let items = ItemColumn(capacity: capacity) else {
            throw .outOfAddressSpace(bytes: capacity * 8)
        }
        let (counters, record) = try store.environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            (
                try store.counters(transaction),
                try store.graphRecord(transaction)
            )
        }
        guard record.watermark <= counters.rowCount else {
            throw .corrupt(
                place: "meta[graph]",
                reason: "watermark \(record.watermark), rows \(counters.rowCount)"
            )
        }
        let directory = ItemDirectory(column: items)
        let census = try readRows(store, counters, record, into: items, directory)
        var codes: CodeSet?
        if record.watermark > 0 {
            codes = try readCodes(store, record, metric: metric, capacity: capacity)
            try readLinks(store, record, into: graph)
        }
        let stored = codes
        for slot in census.deleted where slot < graph.count { _ = graph.delete(slot) }
        let started = ContinuousClock.now
        codes = try link(census, store, graph, codes, metric: metric, threads: buildThreads)
        let linkSeconds = (ContinuousClock.now - started).seconds
        graph.extend(to: Int(counters.rowCount))
        let deleted = Set(census.deleted)
        let live = (0..<counters.rowCount).lazy.filter { !deleted.contains($0) }
        let fields = FieldStore(try FieldTable(reading: store, live: live), directory)
        let state = CollectionState(codes: codes, appliedVersion: counters.version)
        state.measureCosts(of: graph)
        let tail = census.tail.flatMap { $0.slots }
        let parts = CollectionParts(
            store: store,
            graph: graph,
            items: items,
            directory: directory,
            fields: fields,
            metric: metric,
            state: state,
            counters: counters,
            storedCodes: stored,
            tail: tail,
            linkSeconds: linkSeconds
        )
        try parts.checkCounts()
        return parts
    }

    /// Reads stored codes and links alone, as `palate verify` does.
    static func readStored(
        _ store: GenerationStore,
        _ record: GraphRecord,
        _ counters: RowCounters
    ) throws(IndexError) -> LiveGraph {
        guard record.watermark <= counters.rowCount else {
            throw .corrupt(
                place: "meta[graph]",
                reason: "watermark \(record.watermark), rows \(counters.rowCount)"
            )
        }
        let capacity = Int(record.watermark)
        let graph = try makeGraph(store, capacity: capacity)
        _ = try readCodes(store, record, metric: try metric(of: store), capacity: capacity)
        try readLinks(store, record, into: graph)
        return graph
    }

    private static func metric(of store: GenerationStore) throws(IndexError) -> any Metric {
        do {
            return try MetricRegistry.named(store.schema.metric)
        } catch {
            throw .quantization(error)
        }
    }

    private static func makeGraph(
        _ store: GenerationStore,
        capacity: Int
    ) throws(IndexError) -> LiveGraph {
        let parameters = GraphParameters(
            neighbours: store.schema.neighbours,
            buildBeamWidth: store.schema.buildBeamWidth,
            seed: store.seed
        )
        guard let graph = LiveGraph(parameters: parameters, capacity: capacity) else {
            throw .outOfAddressSpace(bytes: capacity * 8 * store.schema.neighbours)
        }
        return graph
    }

    private static func readCodes(
        _ store: GenerationStore,
        _ record: GraphRecord,
        metric: any Metric,
        capacity: Int
    ) throws(IndexError) -> CodeSet {
        let stack: CodeStack
        do {
            stack = try CodeStack(
                named: store.schema.quantizer,
                parameters: record.quantizerParameters.span.rawBytes,
                dimensions: store.schema.dimensions,
                metric: metric
            )
        } catch {
            throw .quantization(error)
        }
        let codes = try CodeSet(
            stack: stack,
            trainedRows: Int(record.trainedRows),
            capacity: capacity
        )
        let perBlock = Format.rowsPerCodeBlock(codeBytes: stack.codeBytes)
        try forEachBlock(rows: Int(record.watermark), perBlock: perBlock, store) {
            block,
            rows,
            transaction throws(IndexError) in
            let body = try store.body(store.codes, block, transaction)
            let expected = rows.count * stack.codeBytes
            guard body.byteCount >= expected else {
                throw .corrupt(
                    place: Sealed.place("codes", Format.key(block)),
                    reason: "\(body.byteCount) bytes, expected \(expected)"
                )
            }
            let first = Ordinal(rows.lowerBound)
            let split = rows.count * stack.codes.codeBytes
            codes.rows.codes.store(first, body.extracting(0..<split))
            codes.rows.finer?.store(first, body.extracting(split..<expected))
        }
        return codes
    }

    private static func readLinks(
        _ store: GenerationStore,
        _ record: GraphRecord,
        into graph: LiveGraph
    ) throws(IndexError) {
        let watermark = Int(record.watermark)
        try forEachBlock(rows: watermark, perBlock: LiveGraph.nodesPerBlock, store) {
            block,
            _,
            transaction throws(IndexError) in
            let links = try store.body(store.links0, block, transaction)
            let upper = try store.body(store.linksN, block, transaction)
            do throws(GraphError) {
                try graph.decodeBlock(Int(block), from: links, upper: upper, watermark: watermark)
            } catch {
                throw .graph(error)
            }
        }
        do {
            try graph.restore(count: watermark, entryPoint: record.entryPoint)
        } catch {
            throw .graph(error)
        }
    }

    /// Visits the blocks that hold `rows` rows, a few per read transaction.
    private static func forEachBlock(
        rows: Int,
        perBlock: Int,
        _ store: GenerationStore,
        _ body: (UInt32, Range<Int>, borrowing ReadTransaction) throws(IndexError) -> Void
    ) throws(IndexError) {
        let blocks = (rows + perBlock - 1) / perBlock
        var next = 0
        while next < blocks {
            let end = min(blocks, next + blocksPerRead)
            try store.environment.read(failingWith: IndexError.self) {
                transaction throws(IndexError) in
                for block in next..<end {
                    let start = block * perBlock
                    try body(UInt32(block), start..<min(rows, start + perBlock), transaction)
                }
            }
            next = end
        }
    }
}
