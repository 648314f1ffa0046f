import PalateGraph
import PalateIndex
import PalateModel
import PalateStorage

/// A candidate's item and the row that stands for it.
struct RowClaim {
    /// Whose row.
    var item: ItemID
    /// Which row; `Ordinal.max` = none may come back.
    var ordinal: Ordinal
}

/// Keeps a list right while a write is under way.
///
/// Between a write's commit and the moment the directory knows of it, an item's old and new row can
/// both be found, and a row that was excluded by ordinal may have a successor. Then, and only then,
/// candidates are compared by item: some 2 us for a beam of 64.
enum ChangeWindow {
    /// Leaves one row per item, the one it has now where that was found, and none of an excluded
    /// item.
    ///
    /// - Parameters:
    ///   - query: whose own item never comes back.
    ///   - person: whose excluded items never come back.
    ///   - excluded: the caller's excluded items.
    ///   - collection: where the candidates are from.
    ///   - transaction: begun after the search.
    ///   - scratch: its candidates are thinned out, their order stays.
    /// - Throws: damage met while items were looked up.
    static func settle(
        _ query: ListQuery,
        _ person: PersonSnapshot,
        excluding excluded: [ItemID],
        in collection: Collection,
        _ transaction: borrowing ReadTransaction,
        _ scratch: inout QueryScratch
    ) throws(IndexError) {
        try claim(in: collection, transaction, &scratch)
        if let item = query.item { forbid(item, &scratch) }
        for item in excluded { forbid(item, &scratch) }
        for item in person.excluded { forbid(item, &scratch) }
        var kept = 0
        for index in scratch.candidates.indices {
            let hit = scratch.candidates[index]
            guard let position = position(of: collection.items[hit.ordinal], in: scratch.claims),
                scratch.claims[position].ordinal == hit.ordinal
            else { continue }
            scratch.candidates[kept] = hit
            kept += 1
        }
        scratch.candidates.removeLast(scratch.candidates.count - kept)
    }

    /// Fills the claims: rising by item, one each.
    private static func claim(
        in collection: Collection,
        _ transaction: borrowing ReadTransaction,
        _ scratch: inout QueryScratch
    ) throws(IndexError) {
        scratch.claims.removeAll(keepingCapacity: true)
        for hit in scratch.candidates {
            scratch.claims.append(
                RowClaim(item: collection.items[hit.ordinal], ordinal: hit.ordinal)
            )
        }
        scratch.claims.sort { ($0.item, $1.ordinal) < ($1.item, $0.ordinal) }
        var kept = 0
        for index in scratch.claims.indices {
            let claim = scratch.claims[index]
            if kept == 0 || claim.item != scratch.claims[kept - 1].item {
                scratch.claims[kept] = claim
                kept += 1
            } else if try collection.store.ordinal(of: claim.item, transaction) == claim.ordinal {
                scratch.claims[kept - 1] = claim
            }
        }
        scratch.claims.removeLast(scratch.claims.count - kept)
    }

    private static func forbid(_ item: ItemID, _ scratch: inout QueryScratch) {
        guard let position = position(of: item, in: scratch.claims) else { return }
        scratch.claims[position].ordinal = .max
    }

    private static func position(of item: ItemID, in claims: [RowClaim]) -> Int? {
        claims.sortedIndex(of: item) { $0.item }
    }
}
