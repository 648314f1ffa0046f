package import PalateModel

/// A link that is offered to a list.
package struct Newcomer: Sendable {
    /// The link.
    let link: Link
    /// Its distance to the list's owner.
    let distance: Float

    /// A link of this distance.
    package init(link: Link, distance: Float) {
        self.link = link
        self.distance = distance
    }
}

/// Whether an existing node takes new ones into its list, and whom it gives up for them.
///
/// Instead of running Algorithm 4 again over a full list for every link back (some 300 pairs for
/// 33 candidates), the list keeps what the last run found: its diverse links lead it. A newcomer
/// is compared with those alone; it joins them, pushing out the ones it is nearer to, or becomes a
/// filler. The farthest filler leaves a full list (a deleted one first); only without fillers the
/// farthest diverse link does. Tree links never leave. That is 2M pairs a list and 14 or so a
/// newcomer.
package struct LinkOffer: Sendable {
    /// The list as copied, then with the newcomers so far; shape [2M].
    private var links: [Link]
    /// Its rows.
    private var rows: [Ordinal]
    /// From the list's owner to `rows`.
    private var distances: [Float]
    private var count = 0
    private var diverseCount = 0
    /// From a newcomer to the diverse ones of `rows`.
    private var newcomerDistances: [Float]
    /// Those of a list that go on, with their distances; shape [2M + 1] together.
    private var diverse: [Newcomer] = []
    private var fillers: [Newcomer] = []

    /// Of lists of 2M links at most.
    package init(neighbours: Int) {
        let degreeMax = 2 * neighbours
        links = [Link](repeating: Link(word: 0), count: degreeMax)
        rows = [Ordinal](repeating: 0, count: degreeMax)
        distances = [Float](repeating: 0, count: degreeMax)
        newcomerDistances = [Float](repeating: 0, count: degreeMax)
        diverse.reserveCapacity(degreeMax + 1)
        fillers.reserveCapacity(degreeMax + 1)
    }

    /// Offers links to the list of `owner`, one after another.
    ///
    /// Plans on a copy and publishes if the list is still the same, else plans again.
    ///
    /// - Parameters:
    ///   - newcomers: the links and their distances to `owner`.
    ///   - owner: whose list.
    ///   - level: of which level.
    ///   - graph: where.
    ///   - scorer: of its rows.
    /// - Returns: whether the list holds the last of them now.
    package mutating func offer<P: PairScorer & ~Copyable>(
        _ newcomers: [Newcomer],
        to owner: Ordinal,
        level: Int,
        in graph: LiveGraph,
        _ scorer: borrowing P
    ) -> Bool {
        while true {
            guard let state = graph.arena.copy(owner, level: level, into: &links) else {
                return false
            }
            begin(state, owner, scorer)
            var (isHeld, hasChanged) = (false, false)
            for newcomer in newcomers {
                isHeld = rows[..<count].contains(newcomer.link.ordinal)
                if isHeld { continue }
                let row = newcomer.link.ordinal
                Self.score(rows, diverseCount, from: row, scorer, &newcomerDistances)
                isHeld = take(newcomer, level: level, in: graph)
                hasChanged = hasChanged || isHeld
            }
            guard hasChanged else { return isHeld }
            if graph.arena.replace(
                owner,
                level: level,
                from: state,
                with: links.span.extracting(0..<count),
                diverseCount: diverseCount
            ) {
                return isHeld
            }
        }
    }

    /// Starts with the list as it is.
    private mutating func begin<P: PairScorer & ~Copyable>(
        _ state: ListState,
        _ owner: Ordinal,
        _ scorer: borrowing P
    ) {
        count = state.count
        diverseCount = state.diverseCount
        for position in 0..<count { rows[position] = links[position].ordinal }
        Self.score(rows, count, from: owner, scorer, &distances)
    }

    // Spans of two fields of one value are overlapping accesses; of two parameters they are not.
    private static func score<P: PairScorer & ~Copyable>(
        _ rows: [Ordinal],
        _ count: Int,
        from row: Ordinal,
        _ scorer: borrowing P,
        _ distances: inout [Float]
    ) {
        var span = distances.mutableSpan
        scorer.score(from: row, to: rows.span.extracting(0..<count), into: &span)
    }

    /// Takes a newcomer in; false when it finds no place.
    private mutating func take(_ newcomer: Newcomer, level: Int, in graph: LiveGraph) -> Bool {
        let distance = newcomer.distance
        var isDiverse = true
        for index in 0..<diverseCount
        where distances[index] <= distance && newcomerDistances[index] <= distance {
            isDiverse = false
            break
        }
        guard count == graph.parameters.degreeMax(level: level) else {
            join(newcomer, isDiverse: isDiverse, leaving: nil)
            return true
        }
        guard let leaving = departure(newcomer, isDiverse: isDiverse, in: graph) else {
            return false
        }
        join(newcomer, isDiverse: isDiverse, leaving: leaving)
        return true
    }

    /// Whether a newcomer that is diverse makes a filler of a diverse link.
    private func isDisplaced(_ index: Int, by distance: Float) -> Bool {
        distance < distances[index] && newcomerDistances[index] <= distances[index]
    }

    /// Whom a full list gives up; nil when that is the newcomer, or nobody.
    private func departure(
        _ newcomer: Newcomer,
        isDiverse: Bool,
        in graph: LiveGraph
    ) -> Int? {
        let hasDeleted = graph.deletedCount > 0
        var departure = Departure()
        for index in 0..<count where !links[index].isTree {
            let staysDiverse =
                index < diverseCount
                && !(isDiverse && isDisplaced(index, by: newcomer.distance))
            departure.consider(
                index,
                CandidateKey(distance: distances[index], ordinal: rows[index]),
                isDiverse: staysDiverse,
                isDeleted: hasDeleted && graph.isDeleted(rows[index])
            )
        }
        if !newcomer.link.isTree {
            departure.consider(
                count,
                CandidateKey(distance: newcomer.distance, ordinal: newcomer.link.ordinal),
                isDiverse: isDiverse,
                isDeleted: false
            )
        }
        return departure.position == count ? nil : departure.position
    }

    /// Puts a newcomer into its part of the list, and `leaving` out.
    private mutating func join(_ newcomer: Newcomer, isDiverse: Bool, leaving: Int?) {
        if !isDiverse, leaving ?? diverseCount >= diverseCount {
            put(newcomer, at: leaving ?? count)
            if leaving == nil { count += 1 }
            return
        }
        diverse.removeAll(keepingCapacity: true)
        fillers.removeAll(keepingCapacity: true)
        for index in 0..<count where index != leaving {
            let held = Newcomer(link: links[index], distance: distances[index])
            let stays =
                index < diverseCount && !(isDiverse && isDisplaced(index, by: newcomer.distance))
            if stays { diverse.append(held) } else { fillers.append(held) }
        }
        if isDiverse { diverse.append(newcomer) } else { fillers.append(newcomer) }
        diverseCount = diverse.count
        count = diverse.count + fillers.count
        for index in 0..<diverseCount { put(diverse[index], at: index) }
        for index in fillers.indices { put(fillers[index], at: diverseCount + index) }
    }

    private mutating func put(_ held: Newcomer, at index: Int) {
        links[index] = held.link
        rows[index] = held.link.ordinal
        distances[index] = held.distance
    }
}

/// The link that a full list gives up.
private struct Departure {
    /// In the list; its count for the newcomer; nil when all links must stay.
    private(set) var position: Int?
    private var rank = 0
    private var key = CandidateKey(bits: 0)

    /// Deleted before live, fillers before diverse links; the farther of equals.
    @inline(__always)
    mutating func consider(_ position: Int, _ key: CandidateKey, isDiverse: Bool, isDeleted: Bool) {
        let rank = (isDeleted ? 2 : 0) + (isDiverse ? 0 : 1)
        guard self.position == nil || (rank, key) > (self.rank, self.key) else { return }
        self.position = position
        self.rank = rank
        self.key = key
    }
}
