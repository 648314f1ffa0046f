import PalateGraph
import PalateModel
import PalateQuantization
import PalateStorage

/// Makes codes and links durable: the changed blocks and the watermark, in one transaction.
///
/// Runs on the writer's queue between batches, so nothing changes the graph meanwhile. One
/// transaction, however many blocks are dirty: LMDB holds a run of pages as one entry of its list
/// of 131,071 dirty runs, so blocks of 64 KiB reach 8 GB of links before it would have to spill.
struct Checkpoint {
    /// Rows whose codes changed since the last time.
    private var changed: [Ordinal] = []
    /// The code set whose codes are stored; another one means storing all of them again.
    private var storedCodes: CodeSet?

    /// What the store holds already.
    init(codes: CodeSet?) { storedCodes = codes }

    /// Rows that the next checkpoint will cover and the last did not.
    var tailCount: Int { changed.count }

    /// Takes note of rows with new codes.
    mutating func add(_ rows: [Ordinal]) { changed += rows }

    /// Writes what changed since the last time.
    ///
    /// - Parameters:
    ///   - store: where to.
    ///   - graph: holds every write up to `version`.
    ///   - codes: of the same.
    ///   - version: of the last write.
    /// - Throws: what the disk says; then nothing is written, and the next call tries it again.
    mutating func write(
        store: GenerationStore,
        graph: LiveGraph,
        codes: CodeSet?,
        version: UInt64
    ) throws(IndexError) {
        guard let codes else { return }
        var record = GraphRecord()
        record.watermark = UInt32(graph.count)
        record.entryPoint = graph.entryPoint ?? 0
        record.trainedRows = UInt32(codes.trainedRows)
        record.quantizerParameters = codes.stack.parameters
        record.coveredVersion = version
        let perBlock = UInt32(Format.rowsPerCodeBlock(codeBytes: codes.stack.codeBytes))
        let codeBlocks =
            codes.isSameCodes(as: storedCodes)
            ? Set(changed.map { $0 / perBlock }).sorted()
            : Array(0..<(record.watermark + perBlock - 1) / perBlock)
        let blocks = graph.drainDirtyBlocks()
        do throws(IndexError) {
            try store.environment.write(failingWith: IndexError.self) {
                transaction throws(IndexError) in
                try Self.put(blocks, of: graph, store, &transaction)
                try Self.put(codeBlocks, of: codes, count: record.watermark, store, &transaction)
                try transaction.putSealed(store.meta, Format.MetaKey.graph, record.bytes)
            }
        } catch {
            graph.markDirty(blocks: blocks)
            throw error
        }
        changed.removeAll()
        storedCodes = codes
    }

    private static func put(
        _ blocks: [Int],
        of graph: LiveGraph,
        _ store: GenerationStore,
        _ transaction: inout WriteTransaction
    ) throws(IndexError) {
        var links: [UInt8] = []
        for block in blocks {
            links.removeAll(keepingCapacity: true)
            graph.encodeBlock(block, into: &links)
            try transaction.putSealed(store.links0, UInt32(block), links)
            links.removeAll(keepingCapacity: true)
            graph.encodeUpper(block, into: &links)
            try transaction.putSealed(store.linksN, UInt32(block), links)
        }
    }

    private static func put(
        _ blocks: [UInt32],
        of codes: CodeSet,
        count: UInt32,
        _ store: GenerationStore,
        _ transaction: inout WriteTransaction
    ) throws(IndexError) {
        let rows = codes.rows
        let perBlock = UInt32(Format.rowsPerCodeBlock(codeBytes: codes.stack.codeBytes))
        for block in blocks {
            let range = Int(block * perBlock)..<Int(min(count, (block + 1) * perBlock))
            let bytes = rows.codes.rows(range).copied + (rows.finer?.rows(range).copied ?? [])
            try transaction.putSealed(store.codes, block, bytes)
        }
    }
}
