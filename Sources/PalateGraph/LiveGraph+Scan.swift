package import PalateModel

extension LiveGraph {
    /// Scores every eligible row: what the scorer calls nearest, without a link followed.
    ///
    /// Rows in their order cost a fifth of rows met on a walk, so the few of a small collection, or
    /// those of a beam that would meet most of them anyway, are found faster so. The results stay
    /// in the scratch, nearest first.
    ///
    /// - Parameters:
    ///   - scorer: the prepared query.
    ///   - kept: the most results; within `Limits.beamWidth`.
    ///   - scratch: receives the results; reuse it.
    package func scan<S: Scorer & ~Copyable>(
        _ scorer: borrowing S,
        keeping kept: Int,
        scratch: inout SearchScratch
    ) {
        precondition(Limits.beamWidth.contains(kept), "results out of limits")
        scratch.results.removeAll(keepingCapacity: true)
        scratch.visitedCount = 0
        scratch.pool.reset(width: kept)
        let isGated = deletedCount + vacantCount > 0 || scratch.exclusions.count > 0
        let end = Ordinal(count)
        var next: Ordinal = 0
        while next < end {
            var found = 0
            while next < end, found < LinkArena.gatherMax {
                if !isGated || isEligible(next, scratch.exclusions) {
                    scratch.list.rows[found] = next
                    found += 1
                }
                next += 1
            }
            scratch.list.score(count: found, scorer)
            scratch.visitedCount += found
            scratch.pool.insert(&scratch.list, count: found)
        }
        collectResults(&scratch)
    }
}
