import PalateModel

/// Which candidates become a new node's links.
///
/// Algorithm 4 (a candidate is kept when it is nearer to the node than to every kept one), with
/// three deviations. Pruned candidates fill the list up to its full degree, nearest first
/// (keepPrunedConnections, on every level). The pairs are scored candidate by candidate against all
/// that are left, one call each, instead of one by one: the same pairs, in batches that a scorer
/// can prefetch. And deleted candidates are linked only where live ones do not fill the list.
struct NeighbourSelection: Sendable {
    /// Candidates: the live ones nearest first, then the deleted ones nearest first.
    private var rows: [Ordinal] = []
    private var distances: [Float] = []
    private var isChosen: [Bool] = []
    /// Candidates that no chosen one is nearer to: positions, rows, distances to the last chosen.
    private var open: [Int] = []
    private var openRows: [Ordinal] = []
    private var openDistances: [Float] = []

    /// The links, the diverse ones first.
    private(set) var links: [Ordinal] = []
    /// Their distances to the node.
    private(set) var linkDistances: [Float] = []
    /// Links that the heuristic chose.
    private(set) var diverseCount = 0

    /// Chooses at most `degreeMax` of the candidates that a search left in the pool.
    mutating func choose<P: PairScorer & ~Copyable>(
        from pool: borrowing CandidatePool,
        for node: Ordinal,
        degreeMax: Int,
        in graph: LiveGraph,
        _ scorer: borrowing P
    ) {
        links.removeAll(keepingCapacity: true)
        linkDistances.removeAll(keepingCapacity: true)
        let limit = graph.parameters.candidatesMax
        let liveCount = load(pool, upTo: limit, omitting: node, from: graph)
        openAll(liveCount > 0 ? liveCount : rows.count)
        while let chosen = open.first, links.count < degreeMax {
            take(chosen)
            prune(around: chosen, scorer)
        }
        diverseCount = links.count
        for position in rows.indices where !isChosen[position] {
            guard links.count < degreeMax else { break }
            take(position)
        }
    }

    /// Takes the pool's candidates over; returns how many of them are live.
    private mutating func load(
        _ pool: borrowing CandidatePool,
        upTo limit: Int,
        omitting node: Ordinal,
        from graph: LiveGraph
    ) -> Int {
        rows.removeAll(keepingCapacity: true)
        distances.removeAll(keepingCapacity: true)
        isChosen.removeAll(keepingCapacity: true)
        let hasDeleted = graph.deletedCount > 0
        var liveCount = 0
        for wantsDeleted in hasDeleted ? [false, true] : [false] {
            for position in 0..<min(limit, pool.rememberedCount) {
                let key = pool.candidate(position)
                if hasDeleted, graph.isDeleted(key.ordinal) != wantsDeleted { continue }
                if key.ordinal == node { continue }
                rows.append(key.ordinal)
                distances.append(key.distance)
                isChosen.append(false)
            }
            if !wantsDeleted { liveCount = rows.count }
        }
        return liveCount
    }

    private mutating func openAll(_ count: Int) {
        open.removeAll(keepingCapacity: true)
        openRows.removeAll(keepingCapacity: true)
        for position in 0..<count {
            open.append(position)
            openRows.append(rows[position])
        }
        while openDistances.count < count { openDistances.append(0) }
    }

    private mutating func take(_ position: Int) {
        isChosen[position] = true
        links.append(rows[position])
        linkDistances.append(distances[position])
    }

    /// Closes `chosen`, the first open candidate, and all that are not nearer to the node.
    private mutating func prune<P: PairScorer & ~Copyable>(
        around chosen: Int,
        _ scorer: borrowing P
    ) {
        let count = open.count - 1
        Self.score(from: rows[chosen], to: &openRows, scorer, &openDistances)
        var kept = 0
        for index in 0..<count {
            let position = open[index + 1]
            guard distances[position] < openDistances[index] else { continue }
            open[kept] = position
            openRows[kept] = openRows[index + 1]
            kept += 1
        }
        open.removeLast(open.count - kept)
        openRows.removeLast(openRows.count - kept)
    }

    // Spans of two fields of one value are overlapping accesses; of two parameters they are not.
    private static func score<P: PairScorer & ~Copyable>(
        from chosen: Ordinal,
        to openRows: inout [Ordinal],
        _ scorer: borrowing P,
        _ distances: inout [Float]
    ) {
        var span = distances.mutableSpan
        scorer.score(from: chosen, to: openRows.span.extracting(droppingFirst: 1), into: &span)
    }
}
