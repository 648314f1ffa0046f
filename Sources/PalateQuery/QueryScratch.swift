import PalateGraph
import PalateIndex
import PalateModel
import PalateQuantization
import PalateTaste

/// Everything a query writes: leased by an event loop or a worker, reused for every query.
package struct QueryScratch: ~Copyable, Sendable {
    var search = SearchScratch()
    var prepared = PreparedQuery()
    var links = LinkQuery()
    var walk = WalkScratch()
    var edges = EdgeScratch()
    var slateScratch = SlateScratch()
    /// The query's vector, shape [dimensions].
    var vector: [Float] = []
    /// A stored vector being rescored, shape [dimensions].
    var row: [Float] = []
    /// Of scoring again by finer codes.
    var refine = RefineScratch()
    /// The candidates of the list being made, best first.
    var candidates: [Hit] = []
    /// Unit vectors of what a slate is chosen from, row-major.
    var unitVectors: [Float] = []
    /// What the candidates were scored by, where taste had a say.
    var columns = CandidateColumns(items: [])
    /// The results of the list being made, best first.
    var slate: [RankedHit] = []
    /// Rows by item, while a write is under way.
    var claims: [RowClaim] = []
    /// Rows that pass a filter, where all of them are scored.
    var matching: [Ordinal] = []
    /// Rows kept out of the list being made.
    var excluded: [Ordinal] = []
    /// Keeps rows from being replaced in their slots while a request knows of them.
    let reader = ReadEpochs.shared.makeReader()
    /// Rows scored by the graph since the request began.
    var visitedCount = 0
    /// What the stages took, where somebody wants to know.
    package var times = StageTimes()
    /// When the answer must be ready.
    var deadline: Deadline?
    /// Something was left out of the answer because its time was over.
    var isLate = false
    /// Bytes of payloads fetched since the request began.
    var payloadBytes = 0
    /// Rescores; of the collection that `owner` names.
    private var exact: ExactQuery?
    private var owner: Owner?

    private struct Owner: Equatable {
        var address: ObjectIdentifier
        var handle: UInt32
        var generation: UInt64
    }

    /// Empty; grows to fit on first use.
    package init() {}

    /// Whether the time is over; what the caller leaves out then makes the answer a degraded one.
    mutating func isOver() -> Bool {
        guard let deadline, deadline.isPast else { return false }
        isLate = true
        return true
    }

    /// Makes `vector` and `row` hold one vector of the collection.
    mutating func makeRoom(dimensions: Int) {
        guard vector.count != dimensions else { return }
        vector = [Float](repeating: 0, count: dimensions)
        row = vector
    }

    /// Forgets what belongs to another collection: its metric, and a walk over its people.
    mutating func prepare(for collection: Collection) {
        // An address may be used again, by the next generation say: the numbers tell them apart.
        let owner = Owner(
            address: ObjectIdentifier(collection),
            handle: collection.info.handle,
            generation: collection.info.generation
        )
        guard self.owner != owner else { return }
        walk = WalkScratch()
        exact = nil
        self.owner = owner
    }

    /// Lends the scratch that rescores, so that it can be used while the rest is written.
    mutating func takeExactQuery(for metric: any Metric) throws(IndexError) -> ExactQuery {
        if let exact {
            self.exact = nil
            return exact
        }
        do {
            return try ExactQuery(metric: metric)
        } catch {
            throw .quantization(error)
        }
    }

    /// Takes back what `takeExactQuery` lent.
    mutating func returnExactQuery(_ exact: consuming ExactQuery) { self.exact = exact }
}
