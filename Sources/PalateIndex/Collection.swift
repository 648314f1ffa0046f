package import PalateGraph
package import PalateModel
package import PalateQuantization
import PalateStorage
import Synchronization

/// A generation of a collection: everything a query reads, and the door to its writer.
///
/// A query takes the one behind its handle once, so it is answered by one generation whatever is
/// swapped meanwhile. `taste` is the same object in all of them.
///
/// | what        | who changes it     | how readers see it                                      |
/// |-------------|--------------------|---------------------------------------------------------|
/// | `graph`     | the writer         | published lists, no lock                                |
/// | `items`     | the writer         | written before the graph publishes the ordinal          |
/// | `directory` | the writer         | its own lock, once per list of ids                      |
/// | `fields`    | the writer         | a readers-writer lock, once per filter                  |
/// | `codes`     | the writer, seldom | a reference, taken once per query                       |
/// | `store`     | the writer         | LMDB snapshots                                          |
/// | `taste`     | its own writer     | a readers-writer lock, once per query                   |
package final class Collection: Sendable {
    /// Handle, generation and schema.
    package let info: CollectionInfo
    /// The generation's tables.
    package let store: GenerationStore
    /// The links.
    package let graph: LiveGraph
    /// Ordinal to item id.
    package let items: ItemColumn
    /// Item id to ordinal.
    package let directory: ItemDirectory
    /// The values that filters read.
    package let fields: FieldStore
    /// How vectors compare.
    package let metric: any Metric
    /// What people did, and what follows from it.
    package let taste: TasteStore
    /// The one that writes.
    package let writer: CollectionWriter
    let state: CollectionState
    let payloads = PayloadReader()
    /// What the last count of unreachable rows found, and one more than the version it was at.
    let reachability = ReadWriteLock(Reachability())
    let checkedVersion = Atomic<UInt64>(0)

    init(
        info: CollectionInfo,
        parts: CollectionParts,
        taste: TasteStore,
        options: DataDirectoryOptions,
        pace: LinkPace
    ) throws(IndexError) {
        self.info = info
        self.taste = taste
        store = parts.store
        graph = parts.graph
        items = parts.items
        directory = parts.directory
        fields = parts.fields
        metric = parts.metric
        state = parts.state
        writer = try CollectionWriter(parts: parts, taste: taste, options: options, pace: pace)
    }

    /// The same generation under another handle: a candidate that becomes the live one.
    init(_ other: Collection, as info: CollectionInfo) {
        self.info = info
        taste = other.taste
        store = other.store
        graph = other.graph
        items = other.items
        directory = other.directory
        fields = other.fields
        metric = other.metric
        state = other.state
        writer = other.writer
    }

    /// The quantizer and its codes; nil while the collection has never had a row.
    package var codes: CodeSet? { state.codes }

    /// What searches cost, as measured last.
    package var costs: SearchCosts { state.costs.withReadLock { $0 } }

    /// The version of the last write that queries see.
    package var appliedVersion: UInt64 { state.appliedVersion.load(ordering: .acquiring) }

    /// Odd from before rows are committed until graph and directory have caught up.
    ///
    /// A query that saw the same even number before its search and after it took its snapshot of
    /// the store has met each item once and as it is stored.
    package var changeEpoch: UInt64 {
        // The fence keeps the load behind what a search has read.
        atomicMemoryFence(ordering: .acquiring)
        return state.changes.load(ordering: .acquiring)
    }

    /// Raised before the old rows of replaced items leave the graph.
    ///
    /// A search that began before the new row was linked and ended after the old one was marked
    /// deleted met neither: where this count moved, it is to be run again.
    package var replacementCount: UInt64 {
        atomicMemoryFence(ordering: .acquiring)
        return state.replacements.load(ordering: .acquiring)
    }

    /// Bytes of codes, links and their sketches, ids and fields in memory.
    package var indexBytes: Int {
        let codeBytes = codes.map { $0.rowBytes * graph.count } ?? 0
        return graph.byteCount + codeBytes + 8 * graph.count + directory.byteCount
            + fields.byteCount
    }

    /// Writes what waits and refuses everything after; no checkpoint, since the files go next.
    func abandon() {
        writer.stop()
        taste.close()
    }

    /// Writes what is left, and a checkpoint; afterwards every write is refused.
    package func close() throws(IndexError) {
        defer { taste.close() }
        try writer.close()
    }
}

/// What the writer publishes to readers beside the graph.
final class CollectionState: Sendable {
    private let codeSet: ReadWriteLock<CodeSet?>
    let appliedVersion: Atomic<UInt64>
    let changes = Atomic<UInt64>(0)
    let replacements = Atomic<UInt64>(0)
    /// Rows that the last checkpoint does not cover.
    let tailRows = Atomic<Int>(0)
    let costs = ReadWriteLock(SearchCosts.unmeasured)
    /// What linking the rows since the last checkpoint took.
    let tailMilliseconds = Atomic<UInt64>(0)

    init(codes: CodeSet?, appliedVersion: UInt64) {
        codeSet = ReadWriteLock(codes)
        self.appliedVersion = Atomic(appliedVersion)
    }

    /// Before a commit that may change rows.
    func beginChange() { changes.wrappingAdd(1, ordering: .acquiringAndReleasing) }

    /// Once the graph and the directory show what was committed, or nothing was.
    func endChange() { changes.wrappingAdd(1, ordering: .acquiringAndReleasing) }

    /// Measures what searches cost.
    func measureCosts(of graph: LiveGraph) {
        guard let codes else { return }
        let measured = SearchCosts.measure(graph, codes)
        costs.withWriteLock { $0 = measured }
    }

    var codes: CodeSet? {
        get { codeSet.withReadLock { $0 } }
        set { codeSet.withWriteLock { $0 = newValue } }
    }
}
