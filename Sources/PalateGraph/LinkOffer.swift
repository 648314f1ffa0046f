import PalateModel

/// Whether an existing node takes a new one into its list, and whom it gives up for it.
///
/// Instead of running Algorithm 4 again over a full list for every link back (some 300 pairs for
/// 33 candidates), the list keeps what the last run found: its diverse links lead it. The newcomer
/// is compared with those alone; it joins them, pushing out the ones it is nearer to, or becomes a
/// filler. The farthest filler leaves a full list (a deleted one first); only without fillers the
/// farthest diverse link does. That is 2M + 14 pairs or so.
struct LinkOffer: Sendable {
    /// The list as copied; shape [2M].
    private var rows: [Ordinal]
    /// From the list's owner to `rows`.
    private var distances: [Float]
    /// From the newcomer to the diverse ones of `rows`.
    private var newcomerDistances: [Float]
    /// The new list, the diverse links first; shape [2M + 1].
    private var diverse: [Ordinal]
    private var fillers: [Ordinal]
    private var planned: [Ordinal]

    init(neighbours: Int) {
        let degreeMax = 2 * neighbours
        rows = [Ordinal](repeating: 0, count: degreeMax)
        distances = [Float](repeating: 0, count: degreeMax)
        newcomerDistances = [Float](repeating: 0, count: degreeMax)
        diverse = []
        fillers = []
        planned = []
        diverse.reserveCapacity(degreeMax + 1)
        fillers.reserveCapacity(degreeMax + 1)
        planned.reserveCapacity(degreeMax + 1)
    }

    /// Offers `newcomer`, which the scorer has selected, to the list of `owner`.
    ///
    /// Plans on a copy and publishes if the list is still the same, else plans again.
    mutating func offer<P: PairScorer & ~Copyable>(
        _ newcomer: Ordinal,
        at distance: Float,
        to owner: Ordinal,
        level: Int,
        in graph: LiveGraph,
        _ scorer: borrowing P
    ) {
        while true {
            guard let state = graph.arena.copy(owner, level: level, into: &rows) else { return }
            for position in 0..<state.count where rows[position] == newcomer { return }
            Self.score(&rows, of: owner, state, scorer, &distances, &newcomerDistances)
            guard plan(newcomer, at: distance, state, level: level, in: graph) else { return }
            planned.removeAll(keepingCapacity: true)
            planned.append(contentsOf: diverse)
            planned.append(contentsOf: fillers)
            if graph.arena.replace(
                owner,
                level: level,
                from: state,
                with: planned.span,
                count: planned.count,
                diverseCount: diverse.count
            ) {
                return
            }
        }
    }

    // Spans of two fields of one value count as overlapping accesses; of two parameters they do not.
    private static func score<P: PairScorer & ~Copyable>(
        _ rows: inout [Ordinal],
        of owner: Ordinal,
        _ state: ListState,
        _ scorer: borrowing P,
        _ distances: inout [Float],
        _ newcomerDistances: inout [Float]
    ) {
        var own = distances.mutableSpan
        var other = newcomerDistances.mutableSpan
        scorer.score(from: owner, to: rows.span.extracting(0..<state.count), into: &own)
        scorer.score(rows.span.extracting(0..<state.diverseCount), into: &other)
    }

    /// Fills `diverse` and `fillers`; false when the list stays as it is.
    private mutating func plan(
        _ newcomer: Ordinal,
        at distance: Float,
        _ state: ListState,
        level: Int,
        in graph: LiveGraph
    ) -> Bool {
        diverse.removeAll(keepingCapacity: true)
        fillers.removeAll(keepingCapacity: true)
        let hasDeleted = graph.deletedCount > 0
        var isDiverse = true
        for index in 0..<state.diverseCount
        where distances[index] <= distance && newcomerDistances[index] <= distance {
            isDiverse = false
            break
        }
        // Who leaves, if somebody must: the worst filler, else the worst of all.
        var worst = Departure()
        for index in 0..<state.count {
            let own = distances[index]
            let staysDiverse =
                index < state.diverseCount
                && !(isDiverse && distance < own && newcomerDistances[index] <= own)
            let isDeleted = hasDeleted && graph.isDeleted(rows[index])
            let position = staysDiverse ? diverse.count : fillers.count
            worst.consider(position, own, isDiverse: staysDiverse, isDeleted: isDeleted)
            if staysDiverse { diverse.append(rows[index]) } else { fillers.append(rows[index]) }
        }
        let isFull = state.count == graph.parameters.degreeMax(level: level)
        let position = isDiverse ? diverse.count : fillers.count
        worst.consider(position, distance, isDiverse: isDiverse, isDeleted: false)
        if isDiverse { diverse.append(newcomer) } else { fillers.append(newcomer) }
        guard isFull else { return true }
        let leaves =
            worst.isDiverse
            ? diverse.remove(at: worst.position) : fillers.remove(at: worst.position)
        return leaves != newcomer
    }
}

/// The link that a full list gives up.
private struct Departure {
    var position = 0
    var distance = -Float.infinity
    var isDiverse = true
    private var rank = -1

    /// Deleted before fillers before diverse links; the farther of equals.
    mutating func consider(_ position: Int, _ distance: Float, isDiverse: Bool, isDeleted: Bool) {
        let rank = (isDeleted ? 2 : 0) + (isDiverse ? 0 : 1)
        guard (rank, distance) >= (self.rank, self.distance) else { return }
        self = Departure(position: position, distance: distance, isDiverse: isDiverse, rank: rank)
    }

    init() {}

    private init(position: Int, distance: Float, isDiverse: Bool, rank: Int) {
        self.position = position
        self.distance = distance
        self.isDiverse = isDiverse
        self.rank = rank
    }
}
