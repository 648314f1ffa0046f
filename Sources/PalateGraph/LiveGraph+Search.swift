package import PalateModel

extension LiveGraph {
    /// Finds the nearest eligible rows: neither deleted nor excluded in the scratch.
    ///
    /// Algorithm 5 with the descent of section 4.2. Traversal passes through ineligible rows, which
    /// never take a place among the candidates, so min(most results, reachable eligible rows)
    /// results come back. The results stay in the scratch, nearest first.
    ///
    /// Deviations from the paper, where it is said how many results are wanted:
    /// - The beam may be narrower: ten of fashion-mnist take a beam of 7 at recall 0.95.
    /// - The search ends when a third of the beam was followed in a row without a newcomer among
    ///   the nearest 16, or as many as are wanted (after Teofili and Lin, Patience in Proximity,
    ///   ECIR 2025, who watch the share of newcomers in the whole beam). On 1,000,000 x 256 vectors
    ///   recall 0.999 then takes 950 scored rows instead of 1,430.
    ///
    /// - Parameters:
    ///   - scorer: the prepared query.
    ///   - beamWidth: ef: of how many nearest candidates the links are followed at most; within
    ///     `Limits.beamWidth`.
    ///   - kept: the results wanted; 0 = as many as the beam holds, all of them followed.
    ///   - scratch: receives the results; reuse it.
    package func search<S: Scorer & ~Copyable>(
        _ scorer: borrowing S,
        beamWidth: Int,
        keeping kept: Int = 0,
        scratch: inout SearchScratch
    ) {
        precondition(Limits.beamWidth.contains(beamWidth), "beam width out of limits")
        scratch.results.removeAll(keepingCapacity: true)
        scratch.visitedCount = 0
        guard let entry = entryAndLevel else { return }
        scratch.visited.begin(count: count)
        let start = descend(from: entry, to: 0, scorer, &scratch)
        let isGated = deletedCount > 0 || scratch.exclusions.count > 0
        let width = max(beamWidth, kept)
        scratch.pool.reset(width: width, following: beamWidth)
        scratch.frontier.removeAll()
        admit(start, gated: isGated, &scratch)
        let ineligible = deletedCount + scratch.exclusions.count
        let isPatient = kept == 0 || ineligible * Patience.eligiblePerIneligible > count
        let patience = isPatient ? .endless : Patience(beamWidth: beamWidth, kept: kept)
        searchLayer(0, scorer, gated: isGated, patience: patience, &scratch)
        if scratch.pool.count < width, beamWidth < width {
            scratch.pool.followed = width
            searchLayer(0, scorer, gated: isGated, &scratch)
        }
        collectResults(&scratch)
    }

    /// Copies the beam into the results, leaving out what was deleted meanwhile.
    func collectResults(_ scratch: inout SearchScratch) {
        let hasDeleted = deletedCount + vacantCount > 0
        for position in 0..<scratch.pool.count {
            let key = scratch.pool[position]
            if hasDeleted, arena.isDeleted(key.ordinal) { continue }
            scratch.results.append(Hit(ordinal: key.ordinal, distance: key.distance))
        }
    }

    /// Walks greedily from the entry point down to the nearest row found on `level` + 1.
    ///
    /// Algorithm 2 with ef = 1. The few rows seen are scored again where lists overlap: cheaper
    /// than marks, which level 0 would have to forget.
    func descend<S: Scorer & ~Copyable>(
        from entry: (ordinal: Ordinal, level: Int),
        to level: Int,
        _ scorer: borrowing S,
        _ scratch: inout SearchScratch
    ) -> CandidateKey {
        let distance = distance(to: entry.ordinal, scorer, &scratch)
        var best = CandidateKey(distance: distance, ordinal: entry.ordinal)
        var current = entry.level
        while current > level {
            let count =
                arena.copyRows(best.ordinal, level: current, into: &scratch.list.rows)
            scratch.list.score(count: count, scorer)
            scratch.visitedCount += count
            let nearest = scratch.list.nearest(count: count)
            if nearest < best { best = nearest } else { current -= 1 }
        }
        return best
    }

    /// Scores one row.
    func distance<S: Scorer & ~Copyable>(
        to ordinal: Ordinal,
        _ scorer: borrowing S,
        _ scratch: inout SearchScratch
    ) -> Float {
        scratch.list.rows[0] = ordinal
        scratch.list.score(count: 1, scorer)
        scratch.visitedCount += 1
        return scratch.list.distances[0]
    }

    /// Widens the pool's candidates to the nearest rows of a level.
    ///
    /// Algorithm 2. The pool holds the scored entry points and its width is ef. One scorer call
    /// per adjacency list; when the beam is full, rows not nearer than its last are dropped before
    /// they cost anything. Once it is full, it goes on while there is patience.
    func searchLayer<S: Scorer & ~Copyable>(
        _ level: Int,
        _ scorer: borrowing S,
        gated isGated: Bool,
        patience: Patience = .endless,
        _ scratch: inout SearchScratch
    ) {
        let knowsLinks = level == 0 && scorer.knowsLinks
        var visitedCount = 0
        var fruitless = 0
        while fruitless < patience.lists,
            let node = nextToFollow(level, scorer, gated: isGated, &scratch)
        {
            var (found, lists) = (0, 1)
            if knowsLinks {
                (found, lists) = gatherPromising(node, scorer, gated: isGated, &scratch)
            } else {
                found = gather(node.ordinal, level, &scratch)
            }
            scratch.list.score(count: found, scorer)
            visitedCount += found
            if isGated {
                found = divert(
                    &scratch.list,
                    count: found,
                    bound: scratch.pool.bound,
                    exclusions: scratch.exclusions,
                    &scratch.frontier
                )
            }
            let nearest = scratch.pool.insert(&scratch.list, count: found)
            let isFruitless = nearest >= patience.watched && scratch.pool.isFull
            fruitless = isFruitless ? fruitless + lists : 0
        }
        scratch.visitedCount += visitedCount
    }

    /// Takes the nearest candidate whose links are still to be followed, and marks it.
    @inline(__always)
    private func nextToFollow<S: Scorer & ~Copyable>(
        _ level: Int,
        _ scorer: borrowing S,
        gated isGated: Bool,
        _ scratch: inout SearchScratch
    ) -> CandidateKey? {
        let nearest = scratch.pool.nearestUnchecked()
        if isGated, let ineligible = scratch.frontier.nearest,
            ineligible < nearest ?? scratch.pool.followedBound
        {
            scratch.frontier.removeNearest()
            return ineligible
        }
        guard let nearest else { return nil }
        let next = scratch.pool.checkNearest()
        // The list after this one arrives while this one's rows are scored.
        if level == 0, let next {
            arena.prefetch(next.ordinal)
            scorer.prefetchLinks(of: next.ordinal)
        }
        return nearest
    }

    /// Collects a node's neighbours that were not seen, behind others.
    @inline(__always)
    private func gather(
        _ node: Ordinal,
        _ level: Int,
        behind first: Int = 0,
        _ scratch: inout SearchScratch
    ) -> Int {
        arena.gatherUnvisited(
            node,
            level: level,
            behind: first,
            visited: &scratch.visited,
            into: &scratch.list.rows
        )
    }

    /// Lists whose promising rows are scored together, at most.
    ///
    /// On 1,000,000 x 256 with 3 lists and 16 rows, searches of equal beams were 1 to 7 % faster
    /// than one by one and recall up to 0.004 higher; with 5 and 20, -1 to 6 % faster than that.
    private static let listsTogether = 5

    /// Collects promising neighbours of a node, and of those that are followed next while they are
    /// few: their codes are on the way meanwhile, all at once.
    ///
    /// - Returns: rows collected, and lists they are from.
    private func gatherPromising<S: Scorer & ~Copyable>(
        _ node: CandidateKey,
        _ scorer: borrowing S,
        gated isGated: Bool,
        _ scratch: inout SearchScratch
    ) -> (rows: Int, lists: Int) {
        var rows = gatherPromising(node, scorer, behind: 0, &scratch)
        var (lists, asked) = (1, 0)
        while scratch.pool.isFull, lists < Self.listsTogether, rows < ScoredList.rowsTogether {
            scorer.prefetch(scratch.list.rows.span.extracting(asked..<rows))
            guard let next = nextToFollow(0, scorer, gated: isGated, &scratch) else { break }
            asked = rows
            rows = gatherPromising(next, scorer, behind: rows, &scratch)
            lists += 1
        }
        return (rows, lists)
    }

    /// Collects those of them that may push a candidate out of the beam, as far as is known.
    @inline(__always)
    private func gatherPromising<S: Scorer & ~Copyable>(
        _ node: CandidateKey,
        _ scorer: borrowing S,
        behind first: Int,
        _ scratch: inout SearchScratch
    ) -> Int {
        guard scratch.pool.isFull, arena.isEstimated(node.ordinal) else {
            return gather(node.ordinal, 0, behind: first, &scratch)
        }
        let promising = scorer.promisingLinks(
            of: node.ordinal,
            at: node.distance,
            within: scratch.pool.bound.distance
        )
        return arena.gatherUnvisited(
            node.ordinal,
            promising: promising,
            behind: first,
            visited: &scratch.visited,
            into: &scratch.list.rows
        )
    }

    // MARK: Gates

    /// Puts one scored row that was not visited where it belongs.
    func admit(_ key: CandidateKey, gated isGated: Bool, _ scratch: inout SearchScratch) {
        guard scratch.visited.insert(key.ordinal) else { return }
        if isGated, !isEligible(key.ordinal, scratch.exclusions) {
            scratch.frontier.push(key)
            return
        }
        scratch.list.rows[0] = key.ordinal
        scratch.list.distances[0] = key.distance
        scratch.pool.insert(&scratch.list, count: 1)
    }

    @inline(__always)
    func isEligible(_ ordinal: Ordinal, _ exclusions: borrowing Exclusions) -> Bool {
        !arena.isDeleted(ordinal) && !exclusions.contains(ordinal)
    }

    /// Moves ineligible rows of a scored list to the frontier, and closes the gaps.
    ///
    /// - Returns: eligible rows, which now lead the list.
    private func divert(
        _ list: inout ScoredList,
        count: Int,
        bound: CandidateKey,
        exclusions: borrowing Exclusions,
        _ frontier: inout FrontierHeap
    ) -> Int {
        var kept = 0
        for index in 0..<count {
            let key = list.key(at: index)
            guard key < bound else { continue }
            if isEligible(key.ordinal, exclusions) {
                list.rows[kept] = key.ordinal
                list.distances[kept] = key.distance
                kept += 1
            } else {
                frontier.push(key)
            }
        }
        return kept
    }
}
