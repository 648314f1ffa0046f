import PalateGraph
import PalateIndex
import PalateModel
import PalateQuantization
import PalateTaste

/// Everything a query writes: leased by an event loop or a worker, reused for every query.
package struct QueryScratch: ~Copyable, Sendable {
    var search = SearchScratch()
    var prepared = PreparedQuery()
    var walk = WalkScratch()
    var slate = SlateScratch()
    /// The query's vector, shape [dimensions].
    var vector: [Float] = []
    /// A stored vector being rescored, shape [dimensions].
    var row: [Float] = []
    /// The candidates of the list being made, best first.
    var candidates: [Hit] = []
    /// Unit vectors of the candidates, row-major.
    var unitVectors: [Float] = []
    /// Rows kept out of the list being made.
    var excluded: [Ordinal] = []
    /// Rows scored by the graph since the request began.
    var visitedCount = 0
    private var walkOwner: ObjectIdentifier?

    /// Empty; grows to fit on first use.
    package init() {}

    /// Forgets a walk over another collection's graph: its memory is keyed by person and moment.
    mutating func prepareWalk(for collection: Collection) {
        let owner = ObjectIdentifier(collection)
        if walkOwner != owner {
            walk = WalkScratch()
            walkOwner = owner
        }
    }
}
