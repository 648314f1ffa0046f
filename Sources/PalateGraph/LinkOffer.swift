import PalateModel

/// Whether an existing node takes a new one into its list, and whom it gives up for it.
///
/// Instead of running Algorithm 4 again over a full list for every link back (some 300 pairs for
/// 33 candidates), the list keeps what the last run found: its diverse links lead it. The newcomer
/// is compared with those alone; it joins them, pushing out the ones it is nearer to, or becomes a
/// filler. The farthest filler leaves a full list (a deleted one first); only without fillers the
/// farthest diverse link does. Tree links never leave. That is 2M + 14 pairs or so.
struct LinkOffer: Sendable {
    /// The list as copied; shape [2M].
    private var links: [Link]
    /// Their rows, to be scored.
    private var rows: [Ordinal]
    /// From the list's owner to `rows`.
    private var distances: [Float]
    /// From the newcomer to the diverse ones of `rows`.
    private var newcomerDistances: [Float]
    /// The new list in two parts; shape [2M + 1] together.
    private var diverse: [Link] = []
    private var fillers: [Link] = []

    init(neighbours: Int) {
        let degreeMax = 2 * neighbours
        links = [Link](repeating: Link(word: 0), count: degreeMax)
        rows = [Ordinal](repeating: 0, count: degreeMax)
        distances = [Float](repeating: 0, count: degreeMax)
        newcomerDistances = [Float](repeating: 0, count: degreeMax)
        diverse.reserveCapacity(degreeMax + 1)
        fillers.reserveCapacity(degreeMax + 1)
    }

    /// Offers a link to a row that the scorer has selected to the list of `owner`.
    ///
    /// Plans on a copy and publishes if the list is still the same, else plans again.
    ///
    /// - Returns: whether the list holds the newcomer now.
    mutating func offer<P: PairScorer & ~Copyable>(
        _ newcomer: Link,
        at distance: Float,
        to owner: Ordinal,
        level: Int,
        in graph: LiveGraph,
        _ scorer: borrowing P
    ) -> Bool {
        while true {
            guard let state = graph.arena.copy(owner, level: level, into: &links) else {
                return false
            }
            for position in 0..<state.count {
                rows[position] = links[position].ordinal
                if rows[position] == newcomer.ordinal { return true }
            }
            Self.score(&rows, of: owner, state, scorer, &distances, &newcomerDistances)
            guard plan(newcomer, at: distance, state, level: level, in: graph) else {
                return false
            }
            let diverseCount = diverse.count
            diverse.append(contentsOf: fillers)
            if graph.arena.replace(
                owner,
                level: level,
                from: state,
                with: diverse.span,
                diverseCount: diverseCount
            ) {
                return true
            }
        }
    }

    // Spans of two fields of one value are overlapping accesses; of two parameters they are not.
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

    /// Fills `diverse` and `fillers`; false when the newcomer finds no place.
    private mutating func plan(
        _ newcomer: Link,
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
        var departure = Departure()
        for index in 0..<state.count {
            let own = distances[index]
            let staysDiverse =
                index < state.diverseCount
                && !(isDiverse && distance < own && newcomerDistances[index] <= own)
            let isDeleted = hasDeleted && graph.isDeleted(rows[index])
            add(links[index], own, isDiverse: staysDiverse, isDeleted: isDeleted, &departure)
        }
        add(newcomer, distance, isDiverse: isDiverse, isDeleted: false, &departure)
        guard state.count == graph.parameters.degreeMax(level: level) else { return true }
        guard let position = departure.position else { return false }
        let leaving =
            departure.isDiverse ? diverse.remove(at: position) : fillers.remove(at: position)
        return leaving != newcomer
    }

    private mutating func add(
        _ link: Link,
        _ distance: Float,
        isDiverse: Bool,
        isDeleted: Bool,
        _ departure: inout Departure
    ) {
        if !link.isTree {
            departure.consider(
                isDiverse ? diverse.count : fillers.count,
                CandidateKey(distance: distance, ordinal: link.ordinal),
                isDiverse: isDiverse,
                isDeleted: isDeleted
            )
        }
        if isDiverse { diverse.append(link) } else { fillers.append(link) }
    }
}

/// The link that a full list gives up.
private struct Departure {
    /// In its part of the list; nil when all links must stay.
    private(set) var position: Int?
    private(set) var isDiverse = true
    private var rank = 0
    private var key = CandidateKey(bits: 0)

    /// Deleted before live, fillers before diverse links; the farther of equals.
    mutating func consider(_ position: Int, _ key: CandidateKey, isDiverse: Bool, isDeleted: Bool) {
        let rank = (isDeleted ? 2 : 0) + (isDiverse ? 0 : 1)
        guard self.position == nil || (rank, key) > (self.rank, self.key) else { return }
        self.position = position
        self.isDiverse = isDiverse
        self.rank = rank
        self.key = key
    }
}
