package import PalateModel

extension LiveGraph {
    /// Finds the nearest of the rows that `SearchScratch.setEligible` named.
    ///
    /// After ACORN-1 (Patel and others, arXiv:2403.04871): only eligible rows are scored and
    /// followed; where a list has few of them, the lists of its other rows are read too.
    /// Deviations:
    /// - The second hop is taken only where the first brought less than `enough`, and ends with
    ///   `endsHop`, so that filters that let most rows through cost little more than none.
    /// - The search starts from the descent's end and from `seeds` eligible rows spread over all:
    ///   where the rows around the query are not eligible, there is no way out over two hops.
    ///
    /// Rows may be out of reach, where the graph of eligible rows falls apart: fewer results than
    /// there are eligible rows mean that those are to be scanned.
    ///
    /// - Parameters:
    ///   - scorer: the prepared query.
    ///   - beamWidth: ef: of how many nearest candidates the links are followed at most; within
    ///     `Limits.beamWidth`.
    ///   - kept: the results wanted.
    ///   - scratch: knows the eligible rows and receives the results; reuse it.
    package func searchEligible<S: Scorer & ~Copyable>(
        _ scorer: borrowing S,
        beamWidth: Int,
        keeping kept: Int,
        scratch: inout SearchScratch
    ) {
        precondition(Limits.beamWidth.contains(beamWidth), "beam width out of limits")
        scratch.results.removeAll(keepingCapacity: true)
        scratch.visitedCount = 0
        guard let entry = entryAndLevel else { return }
        scratch.visited.begin(count: count)
        let start = descend(from: entry, to: 0, scorer, &scratch)
        let width = max(beamWidth, kept)
        scratch.pool.reset(width: width, following: beamWidth)
        offerStart(start.ordinal, beamWidth: beamWidth, scorer, &scratch)
        while let node = scratch.pool.nearestUnchecked() {
            if let next = scratch.pool.checkNearest() { arena.prefetch(next.ordinal) }
            offer(&scratch, count: gatherEligible(node.ordinal, &scratch).found, scorer)
        }
        collectResults(&scratch)
    }

    /// Eligible rows spread over all, where a search starts; and how many for each place of the
    /// beam, at most, where few of the rows around the query are eligible.
    ///
    /// Among 20,000 x 24 in clusters, all rows eligible but those of the query's own, recall@10 at
    /// a beam of 64 is 0.948 with 16.
    private static let seeds = 16
    private static let farSeeds = (perSlot: 4, most: 512)
    /// Eligible neighbours that make a list enough by itself, and those that end a second hop.
    ///
    /// Fashion-mnist at recall 0.95, with the beam that each needs: 8 and 12 give 34,800 searches/s
    /// where a twentieth of the rows is eligible, and 21,800 for a conjunction of three fields; 8
    /// and 30 give 39,700 and 30,500. At a tenth and a fifth they are alike.
    private static let enough = 8
    private static let endsHop = 30
    /// Lists of a second hop that are asked for before they are read.
    private static let listsAhead = 4

    /// Scores where the search starts: the descent's end with what is around it, and the seeds.
    private func offerStart<S: Scorer & ~Copyable>(
        _ start: Ordinal,
        beamWidth: Int,
        _ scorer: borrowing S,
        _ scratch: inout SearchScratch
    ) {
        guard scratch.visited.insert(start) else { return }
        var found = 0
        if scratch.eligible.contains(start) {
            scratch.list.rows[0] = start
            found = 1
        }
        let first = found
        var around = 0
        (found, around) = gatherEligible(start, behind: found, &scratch)
        // As a share of the neighbours, against all rows.
        let isFar = (found - first) * 2 * count < (found - first + around) * scratch.eligible.count
        offer(&scratch, count: found, scorer)
        let many = min(Self.farSeeds.most, beamWidth * Self.farSeeds.perSlot)
        offerSeeds(isFar ? max(Self.seeds, many) : Self.seeds, scorer, &scratch)
    }

    /// Scores eligible rows spread over all.
    private func offerSeeds<S: Scorer & ~Copyable>(
        _ seeds: Int,
        _ scorer: borrowing S,
        _ scratch: inout SearchScratch
    ) {
        let words = scratch.eligible.words.count
        var found = 0
        for seed in 0..<seeds {
            var word = seed * words / seeds
            let end = (seed + 1) * words / seeds
            while word < end, scratch.eligible.words[word] == 0 { word += 1 }
            guard word < end else { continue }
            let row = Ordinal(word << 6 | scratch.eligible.words[word].trailingZeroBitCount)
            guard Int(row) < count, scratch.visited.insert(row) else { continue }
            scratch.list.rows[found] = row
            found += 1
        }
        offer(&scratch, count: found, scorer)
    }

    private func offer<S: Scorer & ~Copyable>(
        _ scratch: inout SearchScratch,
        count: Int,
        _ scorer: borrowing S
    ) {
        scratch.list.score(count: count, scorer)
        scratch.visitedCount += count
        scratch.pool.insert(&scratch.list, count: count)
    }

    /// Collects eligible rows one link away, and two where those are few.
    ///
    /// - Returns: rows found, and neighbours that are not eligible.
    private func gatherEligible(
        _ node: Ordinal,
        behind first: Int = 0,
        _ scratch: inout SearchScratch
    ) -> (found: Int, passed: Int) {
        var (found, passed) = arena.gatherEligible(
            node,
            among: scratch.eligible.words,
            visited: &scratch.visited,
            behind: first,
            into: &scratch.list.rows,
            passing: &scratch.eligible.passed,
            wantsPassed: true
        )
        guard found - first < Self.enough else { return (found, passed) }
        for index in 0..<min(passed, Self.listsAhead) {
            arena.prefetch(scratch.eligible.passed[index])
        }
        for index in 0..<passed {
            if index + Self.listsAhead < passed {
                arena.prefetch(scratch.eligible.passed[index + Self.listsAhead])
            }
            let between = scratch.eligible.passed[index]
            guard found - first < Self.endsHop else { break }
            guard scratch.visited.insert(between) else { continue }
            (found, _) = arena.gatherEligible(
                between,
                among: scratch.eligible.words,
                visited: &scratch.visited,
                behind: found,
                into: &scratch.list.rows,
                passing: &scratch.eligible.passed,
                wantsPassed: false
            )
        }
        return (found, passed)
    }

    /// Scores every one of the given rows that is eligible: the nearest of few.
    ///
    /// - Parameters:
    ///   - scorer: the prepared query.
    ///   - rows: rising, each once.
    ///   - kept: the most results; within `Limits.beamWidth`.
    ///   - scratch: receives the results; reuse it.
    package func scan<S: Scorer & ~Copyable>(
        _ scorer: borrowing S,
        among rows: borrowing [Ordinal],
        keeping kept: Int,
        scratch: inout SearchScratch
    ) {
        precondition(Limits.beamWidth.contains(kept), "results out of limits")
        scratch.results.removeAll(keepingCapacity: true)
        scratch.visitedCount = 0
        scratch.pool.reset(width: kept)
        var next = 0
        while next < rows.count {
            var found = 0
            while next < rows.count, found < LinkArena.gatherMax {
                let row = rows[next]
                next += 1
                guard Int(row) < count, isEligible(row, scratch.exclusions) else { continue }
                scratch.list.rows[found] = row
                found += 1
            }
            scratch.list.score(count: found, scorer)
            scratch.visitedCount += found
            scratch.pool.insert(&scratch.list, count: found)
        }
        collectResults(&scratch)
    }
}
