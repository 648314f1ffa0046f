import PalateIndex
import PalateModel
import PalateStorage

/// Step 6: a slate to columns of the response.
enum FetchStage {
    /// Appends the first k of `slate` that are current and above the floor.
    static func append(
        _ slate: [RankedHit],
        _ plan: QueryPlan,
        since epoch: UInt64,
        in collection: Collection,
        _ transaction: borrowing ReadTransaction,
        _ scratch: inout QueryScratch,
        to response: inout SearchResponse
    ) throws(IndexError) {
        // While a batch replaces rows, an item's old and new row can both be found.
        let mayHoldOldRows = epoch % 2 == 1 || collection.replacementEpoch != epoch
        var count = 0
        for hit in slate where count < plan.k {
            let score = hit.parts.total
            guard score >= plan.scoreFloor else { continue }
            let item = collection.items[hit.ordinal]
            if mayHoldOldRows, collection.directory.ordinal(of: item) != hit.ordinal { continue }
            response.ids.append(item)
            response.scores.append(score)
            if plan.parts.contains(.scoreParts) { response.scoreParts.append(hit.parts) }
            if plan.parts.contains(.payload) {
                response.payloads.append(
                    try collection.payload(of: hit.ordinal, transaction) ?? []
                )
            }
            count += 1
        }
        response.offsets.append(UInt32(response.ids.count))
        response.visitedCount += UInt64(scratch.visitedCount)
        scratch.visitedCount = 0
    }
}
