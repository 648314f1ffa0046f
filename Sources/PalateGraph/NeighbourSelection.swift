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
    private var count = 0
    /// Candidates that no chosen one is nearer to: positions, rows, distances to the node, and
    /// distances to the last chosen.
    private var openPositions: [UInt32] = []
    private var openRows: [Ordinal] = []
    private var openDistances: [Float] = []
    private var pairDistances: [Float] = []
    /// The chosen candidates' positions, rising.
    private var chosen: [Int] = []
    private let kernel = BeamKernel.selected

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
        chosen.removeAll(keepingCapacity: true)
        let limit = graph.parameters.candidatesMax
        reserve(min(limit, pool.rememberedCount))
        let liveCount = load(pool, upTo: limit, omitting: node, from: graph)
        var open = openAll(liveCount > 0 ? liveCount : count)
        while open > 0, links.count < degreeMax {
            let nearest = Int(openPositions[0])
            chosen.append(nearest)
            take(nearest)
            open = close(nearest, open, scorer)
        }
        diverseCount = links.count
        var next = 0
        for position in 0..<count where links.count < degreeMax {
            if next < chosen.count, chosen[next] == position {
                next += 1
            } else {
                take(position)
            }
        }
    }

    /// Makes room for so many candidates.
    private mutating func reserve(_ most: Int) {
        let missing = most - rows.count
        guard missing > 0 else { return }
        rows.append(contentsOf: repeatElement(0, count: missing))
        distances.append(contentsOf: repeatElement(0, count: missing))
        openPositions.append(contentsOf: repeatElement(0, count: missing))
        openRows.append(contentsOf: repeatElement(0, count: missing))
        openDistances.append(contentsOf: repeatElement(0, count: missing))
        pairDistances.append(contentsOf: repeatElement(0, count: missing))
    }

    /// Takes the pool's candidates over; returns how many of them are live.
    private mutating func load(
        _ pool: borrowing CandidatePool,
        upTo limit: Int,
        omitting node: Ordinal,
        from graph: LiveGraph
    ) -> Int {
        let hasDeleted = graph.deletedCount > 0
        let end = min(limit, pool.rememberedCount)
        count = 0
        var liveCount = 0
        for wantsDeleted in hasDeleted ? [false, true] : [false] {
            for position in 0..<end {
                let key = pool.candidate(position)
                if hasDeleted, graph.isDeleted(key.ordinal) != wantsDeleted { continue }
                if key.ordinal == node { continue }
                rows[count] = key.ordinal
                distances[count] = key.distance
                count += 1
            }
            if !wantsDeleted { liveCount = count }
        }
        return liveCount
    }

    private mutating func openAll(_ open: Int) -> Int {
        for position in 0..<open {
            openPositions[position] = UInt32(position)
            openRows[position] = rows[position]
            openDistances[position] = distances[position]
        }
        return open
    }

    private mutating func take(_ position: Int) {
        links.append(rows[position])
        linkDistances.append(distances[position])
    }

    /// Closes the first open candidate, and all that are not nearer to the node than to it.
    private mutating func close<P: PairScorer & ~Copyable>(
        _ first: Int,
        _ open: Int,
        _ scorer: borrowing P
    ) -> Int {
        Self.score(from: rows[first], to: openRows, open, scorer, into: &pairDistances)
        return Self.keepNearer(
            kernel,
            &openPositions,
            &openRows,
            &openDistances,
            than: pairDistances,
            open
        )
    }

    // Spans of two fields of one value are overlapping accesses; of two parameters they are not.

    private static func score<P: PairScorer & ~Copyable>(
        from first: Ordinal,
        to openRows: [Ordinal],
        _ open: Int,
        _ scorer: borrowing P,
        into pairDistances: inout [Float]
    ) {
        var distances = pairDistances.mutableSpan
        scorer.score(from: first, to: openRows.span.extracting(1..<open), into: &distances)
    }

    private static func keepNearer(
        _ kernel: BeamKernel,
        _ positions: inout [UInt32],
        _ rows: inout [Ordinal],
        _ distances: inout [Float],
        than pairDistances: [Float],
        _ open: Int
    ) -> Int {
        var positions = positions.mutableSpan
        var rows = rows.mutableSpan
        var distances = distances.mutableSpan
        return kernel.keepNearer(
            &positions,
            &rows,
            &distances,
            than: pairDistances.span,
            count: open
        )
    }
}
