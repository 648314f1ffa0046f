import Glibc
import PalateKernels
package import PalateModel

/// The exact two-hop walk from a person's items over like-minded people to candidates.
///
///     m(v) = sum over items i of both u and v of w(u,i) * w(v,i) / likes(i)^a
///     c(v) = (m(v) / items(v)^b)^q
///     s(j) = sum over people v with j of c(v) * w(v,j) / likes(j)^beta
///
/// With q = 1 and a = b this is RP3beta (Paudel et al., 2017, doi:10.1145/2955101; the sum over all
/// walks rather than a sample of them, cf. Pixie, Eksombatchai et al., 2018, arXiv:1711.07601).
/// Deviations: separate exponents a and b, and q > 1, which lets the people most alike count more
/// than their share. The gain is small: on pinterest37k (10,000 people, one fifth of their items
/// held out) Recall@20 is 0.1433 against 0.1425 of RP3beta at its best (a = b = 0.6, beta = 0.4).
///
/// w(u,i) decays per event type to the moment of the query and rises within the session; w(v,i) is
/// the weight at the edge's newest event and decays from there by one half-life for all types.
/// Bounds: `TasteLimits.walkSeeds` * `walkUsersPerItem` steps, then `walkSecondHopSteps`.
extension TasteGraph {
    /// The best candidates for a person.
    ///
    /// - Parameters:
    ///   - user: a person; an unknown one gets none.
    ///   - now: milliseconds since 1970 UTC.
    ///   - limit: at most so many.
    ///   - excludeSeen: leave out `seenItems`; `hiddenItems` never come back.
    ///   - scratch: keeps the walk, so `walkScores` for the same person and moment is a look-up.
    /// - Returns: scores above 0 in no particular unit, best first, ties by item.
    package func walk(
        from user: UserID,
        now: Int64,
        limit: Int,
        excludeSeen: Bool = true,
        scratch: inout WalkScratch
    ) -> [ScoredItem] {
        guard let record = record(of: user) else { return [] }
        return walk(
            from: record,
            of: user,
            now: now,
            limit: limit,
            excludeSeen: excludeSeen,
            scratch: &scratch
        )
    }

    /// The best candidates for a record, which need not be the one that the graph holds.
    ///
    /// - Parameters:
    ///   - record: what somebody likes.
    ///   - user: who must not be walked over: whose record it is, or derives from.
    ///   - variant: tells records of one person apart, for `walkScores`; 0 = the graph's own.
    ///   - settings: what the record's signals count by; nil = the graph's own.
    ///   - now: milliseconds since 1970 UTC.
    ///   - limit: at most so many.
    ///   - excludeSeen: leave out what the record has seen; hidden items never come back.
    ///   - scratch: keeps the walk for `walkScores`.
    /// - Returns: as of the walk above.
    package func walk(
        from record: UserRecord,
        of user: UserID?,
        variant: UInt64 = 0,
        settings: TasteSettings? = nil,
        now: Int64,
        limit: Int,
        excludeSeen: Bool = true,
        scratch: inout WalkScratch
    ) -> [ScoredItem] {
        spread(
            from: record,
            of: user,
            variant: variant,
            settings: settings ?? self.settings,
            now: now,
            scratch: &scratch
        )
        exclude(record, seen: excludeSeen, scratch: &scratch)
        return best(limit, scratch: &scratch)
    }

    /// The best candidates for a list of weighted items, of nobody in particular.
    ///
    /// - Parameters:
    ///   - seeds: items with weights above 0; unknown ones are skipped. They do not come back.
    ///   - now: milliseconds since 1970 UTC.
    ///   - limit: at most so many.
    ///   - scratch: reused memory.
    /// - Returns: scores above 0 in no particular unit, best first, ties by item.
    package func walk(
        from seeds: [ScoredItem],
        now: Int64,
        limit: Int,
        scratch: inout WalkScratch
    ) -> [ScoredItem] {
        scratch.reset(users: users.capacity, items: items.capacity)
        for seed in seeds where seed.score > 0 {
            guard let number = items.number(of: seed.item) else { continue }
            scratch.seeds.append(WalkSeed(item: UInt32(number), weight: seed.score))
            scratch.excluded.append(UInt32(number))
        }
        scratch.excluded.sort()
        spread(avoiding: nil, now: now, scratch: &scratch)
        return best(limit, scratch: &scratch)
    }

    /// The walk's score of given candidates, in the unit of `walk`.
    ///
    /// - Parameters:
    ///   - user: a person; an unknown one scores everything 0.
    ///   - now: milliseconds since 1970 UTC.
    ///   - candidates: shape [n].
    ///   - scratch: holds the walk already when `walk` ran with the same person and moment.
    ///   - scores: shape [>= n]; 0 for what the walk does not reach.
    package func walkScores(
        from user: UserID,
        now: Int64,
        candidates: Span<ItemID>,
        scratch: inout WalkScratch,
        into scores: inout MutableSpan<Float>
    ) {
        walkScores(
            from: record(of: user) ?? UserRecord(),
            of: user,
            now: now,
            candidates: candidates,
            scratch: &scratch,
            into: &scores
        )
    }

    /// The walk's score of given candidates for a record; parameters as of `walk` and above.
    package func walkScores(
        from record: UserRecord,
        of user: UserID?,
        variant: UInt64 = 0,
        settings: TasteSettings? = nil,
        now: Int64,
        candidates: Span<ItemID>,
        scratch: inout WalkScratch,
        into scores: inout MutableSpan<Float>
    ) {
        spread(
            from: record,
            of: user,
            variant: variant,
            settings: settings ?? self.settings,
            now: now,
            scratch: &scratch
        )
        for index in candidates.indices {
            guard let number = items.number(of: candidates[index]),
                number < scratch.itemMass.count
            else {
                scores[index] = 0
                continue
            }
            scores[index] = scratch.itemMass[number] * dampings.candidate(Int(likeCounts[number]))
        }
    }

    /// Runs the walk of one record, unless the scratch holds it.
    private func spread(
        from record: UserRecord,
        of user: UserID?,
        variant: UInt64,
        settings: TasteSettings,
        now: Int64,
        scratch: inout WalkScratch
    ) {
        let key = WalkScratch.Key(
            user: user,
            variant: variant,
            now: now,
            graph: identity,
            changeCount: changeCount
        )
        guard scratch.key != key else { return }
        scratch.reset(users: users.capacity, items: items.capacity)
        record.forEachItem { range in
            let weight = record.presentWeight(range, now: now, settings: settings)
            guard weight > 0, let item = items.number(of: record.signals[range.lowerBound].item)
            else { return }
            scratch.seeds.append(WalkSeed(item: UInt32(item), weight: weight))
        }
        spread(avoiding: user.flatMap(users.number(of:)), now: now, scratch: &scratch)
        scratch.key = key
    }

    /// Both hops, from `scratch.seeds` to `scratch.itemMass`.
    private func spread(avoiding user: Int?, now: Int64, scratch: inout WalkScratch) {
        if scratch.seeds.count > TasteLimits.walkSeeds {
            scratch.seeds.sort {
                $0.weight != $1.weight ? $0.weight > $1.weight : $0.item < $1.item
            }
            scratch.seeds.removeSubrange(TasteLimits.walkSeeds...)
        }
        let today = WalkDampings.day(of: now)
        hopToUsers(today: today, scratch: &scratch)
        let floor = weighUsers(scratch: &scratch)
        hopToItems(avoiding: user, today: today, floor: floor, scratch: &scratch)
        scratch.clearUsers()
    }

    /// m(v): from the seeds to everybody who likes them.
    private func hopToUsers(today: UInt16, scratch: inout WalkScratch) {
        let edges = usersOfItem.edges.span
        let decay = dampings.decay.span
        var masses = WalkScratch.take(&scratch.userMass)
        var touched = WalkScratch.take(&scratch.touchedUsers)
        var mass = masses.mutableSpan
        var front = touched.mutableSpan
        var count = 0
        for seed in scratch.seeds {
            let number = Int(seed.item)
            let hop = Hop(
                edges: edges.extracting(usersOfItem.lists[number].range),
                factor: seed.weight * dampings.seed(Int(likeCounts[number])),
                today: today,
                decay: decay
            )
            hop.follow(into: &mass, front: &front, count: &count)
        }
        scratch.userMass = masses
        scratch.touchedUsers = touched
        scratch.touchedUserCount = count
    }

    /// Turns every m(v) into c(v).
    ///
    /// - Returns: the bucket of mass below which people are left out, so that the second hop stays
    ///   within its limit; 0 when all of them fit.
    private func weighUsers(scratch: inout WalkScratch) -> Int {
        let sharpness = settings.walk.sharpness
        var steps = 0
        for position in 0..<scratch.touchedUserCount {
            let index = Int(scratch.touchedUsers[position])
            let degree = Int(itemsOfUser.lists[index].count)
            let mass = scratch.userMass[index]
            let sharpened = sharpness == 1 ? mass : pow(mass, sharpness)
            scratch.userMass[index] = sharpened * dampings.user(degree)
            steps += degree
        }
        guard steps > TasteLimits.walkSecondHopSteps else { return 0 }
        scratch.histogram.reset()
        for position in 0..<scratch.touchedUserCount {
            let index = Int(scratch.touchedUsers[position])
            scratch.histogram.add(
                scratch.userMass[index],
                weight: Int(itemsOfUser.lists[index].count)
            )
        }
        return scratch.histogram.floor(limit: TasteLimits.walkSecondHopSteps)
    }

    /// s(j) without its damping: from the people in buckets from `floor` up to all they like.
    private func hopToItems(
        avoiding avoided: Int?,
        today: UInt16,
        floor: Int,
        scratch: inout WalkScratch
    ) {
        let edges = itemsOfUser.edges.span
        let decay = dampings.decay.span
        var masses = WalkScratch.take(&scratch.itemMass)
        var touched = WalkScratch.take(&scratch.touchedItems)
        var mass = masses.mutableSpan
        var front = touched.mutableSpan
        var count = 0
        var stepsLeft = TasteLimits.walkSecondHopSteps
        // Without a floor everybody stands above it; the floor's own bucket comes last.
        for isFloor in floor > 0 ? [false, true] : [false] {
            for position in 0..<scratch.touchedUserCount {
                let user = Int(scratch.touchedUsers[position])
                // Nobody is like-minded to themselves.
                guard user != avoided else { continue }
                let factor = scratch.userMass[user]
                if floor > 0 {
                    let bucket = MassHistogram.bucket(of: factor)
                    guard isFloor ? bucket == floor : bucket > floor else { continue }
                }
                let list = edges.extracting(itemsOfUser.lists[user].range)
                guard list.count <= stepsLeft else { break }
                if position + 1 < scratch.touchedUserCount {
                    let next = itemsOfUser.lists[Int(scratch.touchedUsers[position + 1])]
                    Cache.prefetch(edges.extracting(next.range))
                }
                stepsLeft -= list.count
                let hop = Hop(edges: list, factor: factor, today: today, decay: decay)
                hop.follow(into: &mass, front: &front, count: &count)
            }
        }
        scratch.itemMass = masses
        scratch.touchedItems = touched
        scratch.touchedItemCount = count
    }

    private func exclude(_ record: UserRecord, seen: Bool, scratch: inout WalkScratch) {
        scratch.excluded.removeAll(keepingCapacity: true)
        record.forEachItem { range in
            guard record.isHidden(range) || (seen && record.isSeen(range)),
                let number = items.number(of: record.signals[range.lowerBound].item)
            else { return }
            scratch.excluded.append(UInt32(number))
        }
        scratch.excluded.sort()
    }

    /// The best of the touched items that are not excluded.
    private func best(_ limit: Int, scratch: inout WalkScratch) -> [ScoredItem] {
        guard limit > 0 else { return [] }
        var scores = WalkScratch.take(&scratch.scores)
        score(&scores, scratch)
        let count = scratch.touchedItemCount
        scratch.histogram.count(scores.span.extracting(first: count))
        // Excluded items may stand among the best, so as many more are let through.
        let floor = scratch.histogram.floor(limit: limit - 1 + scratch.excluded.count)
        let lowest = max(MassHistogram.lowest(of: floor), .leastNonzeroMagnitude)
        var best: [ScoredItem] = []
        best.reserveCapacity(limit + scratch.excluded.count)
        for position in 0..<count where scores[position] >= lowest {
            let number = scratch.touchedItems[position]
            guard !scratch.excluded.containsSorted(number) else { continue }
            best.append(ScoredItem(item: items.id(of: Int(number)), score: scores[position]))
        }
        scratch.scores = scores
        best.sort(by: ScoredItem.isBefore)
        if best.count > limit { best.removeSubrange(limit...) }
        return best
    }

    /// Writes the damped score of every touched item.
    private func score(_ scores: inout [Float], _ scratch: borrowing WalkScratch) {
        var score = scores.mutableSpan
        let (masses, touched) = (scratch.itemMass.span, scratch.touchedItems.span)
        let likes = likeCounts.span
        for position in 0..<scratch.touchedItemCount {
            let index = Int(touched[position])
            score[position] = masses[index] * dampings.candidate(Int(likes[index]))
        }
    }
}

/// One step of the walk's front: one adjacency list, weighted.
private struct Hop: ~Escapable {
    private let edges: Span<WalkEdge>
    private let decay: Span<Float>
    private let factor: Float
    private let today: Int

    @_lifetime(copy edges, copy decay)
    init(edges: Span<WalkEdge>, factor: Float, today: UInt16, decay: Span<Float>) {
        self.edges = edges
        self.decay = decay
        self.factor = factor
        self.today = Int(today)
    }

    /// Adds to the mass of every neighbour, and appends those that had none to the front.
    ///
    /// The append has no branch: about a fifth of the neighbours are new, which no predictor can
    /// guess. A gain is never 0, so a neighbour is new only once and the front cannot overflow.
    func follow(
        into mass: inout MutableSpan<Float>,
        front: inout MutableSpan<UInt32>,
        count: inout Int
    ) {
        let oldest = decay.count - 1
        for position in edges.indices {
            let edge = edges[position]
            let index = Int(edge.neighbour)
            let before = mass[index]
            front[count] = edge.neighbour
            count &+= before == 0 ? 1 : 0
            let age = min(max(today &- Int(edge.day), 0), oldest)
            mass[index] = before + max(factor * edge.strength * decay[age], .leastNormalMagnitude)
        }
    }
}
