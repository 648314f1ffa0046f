import PalateIndex
import PalateModel
import PalateQuantization
import PalateStorage

/// Step 4: the best candidates scored again from the stored float vectors, in place.
enum RescoreStage {
    /// Replaces code distances by exact ones for the first `plan.rescoreCount` candidates of each
    /// round of searches, and sorts all.
    static func run(
        _ plan: QueryPlan,
        _ rounds: Int,
        _ query: ListQuery,
        in collection: Collection,
        _ transaction: borrowing ReadTransaction,
        _ scratch: inout QueryScratch
    ) throws(IndexError) {
        guard query.hasVector, plan.rescoreCount > 0 else { return }
        let count = min(plan.rescoreCount * rounds, scratch.candidates.count)
        var exact = try scratch.takeExactQuery(for: collection.metric)
        exact.prepare(scratch.vector.span)
        for index in 0..<count {
            let ordinal = scratch.candidates[index].ordinal
            var row = scratch.row.mutableSpan
            try collection.store.readVector(ordinal, transaction, into: &row)
            scratch.candidates[index].distance = exact.distance(to: scratch.row.span)
        }
        scratch.returnExactQuery(exact)
        scratch.candidates.sortByDistance(scratch.candidates.indices)
    }
}
