import PalateIndex
import PalateModel
import PalateQuantization
import PalateStorage

/// Step 4: the best candidates scored again from the stored float vectors, in place.
enum RescoreStage {
    /// Candidates up to which sorting in place beats the library's sort, which allocates: they
    /// are nearly in order, since code distances are close to the exact ones.
    private static let insertionLimit = 512

    /// Replaces code distances by exact ones for the first `plan.rescoreCount` candidates, and
    /// sorts all.
    static func run(
        _ plan: QueryPlan,
        _ query: ListQuery,
        in collection: Collection,
        _ transaction: borrowing ReadTransaction,
        _ scratch: inout QueryScratch
    ) throws(IndexError) {
        guard query.hasVector, plan.rescoreCount > 0 else { return }
        let count = min(plan.rescoreCount, scratch.candidates.count)
        var exact = try scratch.takeExactQuery(for: collection.metric)
        exact.prepare(scratch.vector.span)
        for index in 0..<count {
            let ordinal = scratch.candidates[index].ordinal
            var row = scratch.row.mutableSpan
            try collection.store.readVector(ordinal, transaction, into: &row)
            scratch.candidates[index].distance = exact.distance(to: scratch.row.span)
        }
        scratch.returnExactQuery(exact)
        sort(&scratch.candidates)
    }

    private static func sort(_ hits: inout [Hit]) {
        guard hits.count <= insertionLimit else {
            hits.sort(by: isBefore)
            return
        }
        var hits = hits.mutableSpan
        for end in hits.indices.dropFirst() {
            let hit = hits[end]
            var position = end
            while position > 0, isBefore(hit, hits[position - 1]) {
                hits[position] = hits[position - 1]
                position -= 1
            }
            hits[position] = hit
        }
    }

    private static func isBefore(_ left: Hit, _ right: Hit) -> Bool {
        left.distance != right.distance
            ? left.distance < right.distance : left.ordinal < right.ordinal
    }
}
