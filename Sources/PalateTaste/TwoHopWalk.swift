import Glibc
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
/// than their share. On pinterest37k (validation split) q = 1.16 gains 0.005 of Recall@20 over the
/// best plain walk.
///
/// w(u,i) decays per event type to the moment of the query; w(v,i) decays by one half-life from the
/// edge's newest event, by table. Bounds: `TasteLimits.walkSeeds` * `walkUsersPerItem` steps, then
/// `walkSecondHopSteps`.
extension TasteGraph {
    /// The best candidates for a person.
    ///
    /// - Parameters:
    ///   - user: a person; an unknown one gets none.
    ///   - now: milliseconds since 1970 UTC.
    ///   - limit: at most so many.
    ///   - excludeSeen: leave out `seenItems`; `hiddenItems` never come back.
    ///   - scratch: keeps the walk, so that `walkScores` for the same person and moment is a look-up.
    /// - Returns: scores above 0 in no particular unit, best first, ties by item.
    package func walk(
        from user: UserID,
        now: Int64,
        limit: Int,
        excludeSeen: Bool = true,
        scratch: inout WalkScratch
    ) -> [ScoredItem] {
        spread(from: user, now: now, scratch: &scratch)
        guard let number = users.number(of: user) else { return [] }
        exclude(records[number], seen: excludeSeen, scratch: &scratch)
        return best(limit, scratch: scratch)
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
        return best(limit, scratch: scratch)
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
        spread(from: user, now: now, scratch: &scratch)
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

    /// Runs the walk of one person, unless the scratch holds it.
    private func spread(from user: UserID, now: Int64, scratch: inout WalkScratch) {
        let key = WalkScratch.Key(user: user, now: now, changeCount: changeCount)
        guard scratch.key != key else { return }
        scratch.reset(users: users.capacity, items: items.capacity)
        guard let number = users.number(of: user) else { return }
        let record = records[number]
        record.forEachItem { range in
            let weight = record.weight(range, now: now, settings: settings)
            guard weight > 0, let item = items.number(of: record.signals[range.lowerBound].item)
            else { return }
            scratch.seeds.append(WalkSeed(item: UInt32(item), weight: weight))
        }
        spread(avoiding: number, now: now, scratch: &scratch)
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
        hopToUsers(avoiding: user, today: today, scratch: &scratch)
        let floor = weighUsers(scratch: &scratch)
        hopToItems(today: today, floor: floor, scratch: &scratch)
        scratch.clearUsers()
    }

    /// m(v): from the seeds to everybody who likes them.
    private func hopToUsers(avoiding user: Int?, today: UInt16, scratch: inout WalkScratch) {
        let avoided = user.map(UInt32.init) ?? UInt32.max
        let edges = usersOfItem.edges.span
        var masses = WalkScratch.take(&scratch.userMass)
        var mass = masses.mutableSpan
        for seed in scratch.seeds {
            let number = Int(seed.item)
            let factor = seed.weight * dampings.seed(Int(likeCounts[number]))
            for position in usersOfItem.lists[number].range {
                let edge = edges[position]
                guard edge.neighbour != avoided else { continue }
                let index = Int(edge.neighbour)
                if mass[index] == 0 { scratch.touchedUsers.append(edge.neighbour) }
                mass[index] += factor * edge.strength * dampings.decay(edge.day, today: today)
            }
        }
        scratch.userMass = masses
    }

    /// Turns every m(v) into c(v).
    ///
    /// - Returns: the bucket of mass below which people are left out, so that the second hop stays
    ///   within its limit; 0 when all of them fit.
    private func weighUsers(scratch: inout WalkScratch) -> Int {
        let sharpness = settings.walk.sharpness
        var masses = WalkScratch.take(&scratch.userMass)
        var mass = masses.mutableSpan
        var steps = 0
        for user in scratch.touchedUsers {
            let index = Int(user)
            let degree = Int(itemsOfUser.lists[index].count)
            let sharpened = sharpness == 1 ? mass[index] : pow(mass[index], sharpness)
            mass[index] = sharpened * dampings.user(degree)
            steps += degree
        }
        scratch.userMass = masses
        guard steps > TasteLimits.walkSecondHopSteps else { return 0 }
        scratch.bucketSteps.removeAll(keepingCapacity: true)
        scratch.bucketSteps.append(contentsOf: repeatElement(0, count: Self.bucketCount))
        for user in scratch.touchedUsers {
            let bucket = Self.bucket(of: scratch.userMass[Int(user)])
            scratch.bucketSteps[bucket] += Int(itemsOfUser.lists[Int(user)].count)
        }
        var taken = 0
        for bucket in scratch.bucketSteps.indices.reversed() {
            taken += scratch.bucketSteps[bucket]
            if taken > TasteLimits.walkSecondHopSteps { return bucket }
        }
        return 0
    }

    /// s(j) without its damping: from the people in buckets from `floor` up to all they like.
    private func hopToItems(today: UInt16, floor: Int, scratch: inout WalkScratch) {
        let edges = itemsOfUser.edges.span
        var masses = WalkScratch.take(&scratch.itemMass)
        var mass = masses.mutableSpan
        var stepsLeft = TasteLimits.walkSecondHopSteps
        // Without a floor everybody stands above it; the floor's own bucket comes last.
        for isFloor in floor > 0 ? [false, true] : [false] {
            for user in scratch.touchedUsers {
                let factor = scratch.userMass[Int(user)]
                if floor > 0 {
                    let bucket = Self.bucket(of: factor)
                    guard isFloor ? bucket == floor : bucket > floor else { continue }
                }
                let range = itemsOfUser.lists[Int(user)].range
                guard range.count <= stepsLeft else { break }
                stepsLeft -= range.count
                for position in range {
                    let edge = edges[position]
                    let index = Int(edge.neighbour)
                    if mass[index] == 0 { scratch.touchedItems.append(edge.neighbour) }
                    mass[index] += factor * edge.strength * dampings.decay(edge.day, today: today)
                }
            }
        }
        scratch.itemMass = masses
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

    private func best(_ limit: Int, scratch: WalkScratch) -> [ScoredItem] {
        var selection = TopSelection(limit: limit)
        for number in scratch.touchedItems {
            let index = Int(number)
            let score = scratch.itemMass[index] * dampings.candidate(Int(likeCounts[index]))
            guard score > 0, score >= selection.floor else { continue }
            guard !scratch.excluded.containsSorted(number) else { continue }
            selection.insert(ScoredItem(item: items.id(of: index), score: score))
        }
        return selection.sorted()
    }

    /// Buckets of positive floats: exponent and the first 4 bits of the significand, so a bucket
    /// is 6 % wide.
    private static let bucketCount = 1 << 12

    private static func bucket(of mass: Float) -> Int { Int(mass.bitPattern >> 19) }
}

extension [UInt32] {
    /// Binary search in an ascending array.
    fileprivate func containsSorted(_ value: UInt32) -> Bool {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low < count && self[low] == value
    }
}
