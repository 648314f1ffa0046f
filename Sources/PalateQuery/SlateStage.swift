import PalateIndex
import PalateModel
import PalateQuantization
import PalateTaste

/// The end of step 5: a slate out of ranked hits, in `scratch.slate`.
enum SlateStage {
    /// Newest exposures that a slate is made to differ from: about what was on the last screen.
    private static let seedCount = 10

    /// Chooses the slate, explores, and puts pins into their places.
    static func choose(
        _ plan: SlatePlan,
        _ query: QueryPlan,
        _ person: PersonSnapshot,
        _ centres: TasteCentres,
        _ request: SearchRequest,
        in collection: Collection,
        _ scratch: inout QueryScratch
    ) throws(RequestError) {
        guard let codes = collection.codes, !scratch.slate.isEmpty else { return }
        if let group = query.group, plan.surprise > 0 {
            // Chance draws from the whole pool: whatever it draws has to keep to the cap.
            try GroupStage.cap(group, in: collection, &scratch.slate)
        }
        let pins = pins(request.pins, in: collection, scratch.slate)
        var pool = pool(plan.pool, pins, scratch.slate)
        var rules = SlateRules()
        var groups: [Int32] = []
        if let group = query.group {
            try GroupStage.fill(&pool, group, k: query.k, from: scratch.slate, in: collection)
            rules.groupCap = group.cap
            groups = try GroupStage.numbers(group.field, of: pool, in: collection)
        }
        var spacingGroups: [Int32] = []
        if let spacing = plan.spacing {
            rules.spacingWeight = spacing.weight
            rules.spacingWindow = spacing.window
            spacingGroups = try GroupStage.numbers(spacing.field, of: pool, in: collection)
        }
        if plan.surprise == 0 {
            rules.pins = pins.compactMap { pin in
                pool.firstIndex { $0.ordinal == pin.hit.ordinal }
                    .map { SlatePin(position: pin.slot, candidate: $0) }
            }
        }
        let preferences = Preferences(person, centres, scratch.columns, pool)
        rules.clusterQuotas = preferences.quotas(person, k: query.k)
        let chosen = select(
            plan,
            query.k,
            from: pool,
            rules,
            groups,
            spacingGroups,
            preferences,
            codes,
            seeds: seeds(plan, person, in: collection, codes),
            &scratch
        )
        guard plan.surprise > 0 else {
            scratch.slate = chosen.enumerated().map { place, index in
                var hit = pool[index]
                if index != place { hit.rules.insert(.movedBySlate) }
                if pins.contains(where: { $0.hit.ordinal == hit.ordinal && $0.slot == place }) {
                    hit.rules.insert(.pinned)
                }
                return hit
            }
            return
        }
        scratch.slate = explore(chosen, plan, pool, request, scratch.columns)
        for pin in pins {
            scratch.slate.removeAll { $0.ordinal == pin.hit.ordinal }
            var hit = pin.hit
            hit.rules.insert(.pinned)
            scratch.slate.insert(hit, at: min(pin.slot, scratch.slate.count))
        }
    }

    /// Pinned hits by rising slot; what is not among the ranked ones cannot be pinned.
    private static func pins(
        _ pins: [Pin],
        in collection: Collection,
        _ ranked: [RankedHit]
    ) -> [(slot: Int, hit: RankedHit)] {
        pins.sorted { $0.slot < $1.slot }.compactMap { pin in
            guard let ordinal = collection.directory.ordinal(of: pin.item),
                let hit = ranked.first(where: { $0.ordinal == ordinal })
            else { return nil }
            return (pin.slot, hit)
        }
    }

    private static func pool(
        _ count: Int,
        _ pins: [(slot: Int, hit: RankedHit)],
        _ ranked: [RankedHit]
    ) -> [RankedHit] {
        var pool = Array(ranked.prefix(count))
        for pin in pins where !pool.contains(where: { $0.ordinal == pin.hit.ordinal }) {
            pool.append(pin.hit)
        }
        return pool
    }

    /// Unit vectors of what the person was shown last, the oldest first.
    private static func seeds(
        _ plan: SlatePlan,
        _ person: PersonSnapshot,
        in collection: Collection,
        _ codes: CodeSet
    ) -> [Float] {
        guard let record = person.state?.record, plan.builder.readsVectors, plan.diversity > 0
        else {
            return []
        }
        let newest = record.exposures.sorted {
            ($0.sum.timeMilliseconds, $0.item) < ($1.sum.timeMilliseconds, $1.item)
        }.suffix(seedCount)
        return newest.compactMap { collection.directory.ordinal(of: $0.item) }
            .flatMap { codes.unitVector(of: $0) }
    }

    private static func select(
        _ plan: SlatePlan,
        _ k: Int,
        from pool: [RankedHit],
        _ rules: SlateRules,
        _ groups: [Int32],
        _ spacingGroups: [Int32],
        _ preferences: Preferences,
        _ codes: CodeSet,
        seeds: [Float],
        _ scratch: inout QueryScratch
    ) -> [Int] {
        let dimensions = codes.stack.dimensions
        let isRead = plan.builder.readsVectors && plan.diversity > 0
        let vectorCount = isRead ? pool.count : 0
        loadUnitVectors(pool.prefix(vectorCount), codes, &scratch)
        let relevance = pool.map(\.parts.total)
        let vectors = scratch.unitVectors
        let input = SlateInput(
            relevance: relevance.span,
            vectors: vectors.span.extracting(0..<vectorCount * dimensions),
            dimensions: dimensions,
            seeds: seeds.span,
            clusters: preferences.clusters.span,
            clusterTargets: preferences.targets.span,
            groups: groups.span,
            spacingGroups: spacingGroups.span,
            kernels: codes.kernels
        )
        return plan.builder.select(
            count: k,
            diversity: plan.diversity,
            from: input,
            rules: rules,
            scratch: &scratch.slateScratch
        )
    }

    /// Decodes the pool to unit length into `scratch.unitVectors`, row-major.
    private static func loadUnitVectors(
        _ pool: ArraySlice<RankedHit>,
        _ codes: CodeSet,
        _ scratch: inout QueryScratch
    ) {
        let dimensions = codes.stack.dimensions
        let needed = pool.count * dimensions
        if scratch.unitVectors.count < needed {
            scratch.unitVectors = [Float](repeating: 0, count: needed)
        }
        var all = scratch.unitVectors.mutableSpan
        for (place, hit) in pool.enumerated() {
            var row = all._mutatingExtracting((place * dimensions)..<((place + 1) * dimensions))
            codes.decodeUnit(hit.ordinal, into: &row)
        }
    }

    /// Gives some slots to chance, and says how probable each result was.
    private static func explore(
        _ chosen: [Int],
        _ plan: SlatePlan,
        _ pool: [RankedHit],
        _ request: SearchRequest,
        _ columns: CandidateColumns
    ) -> [RankedHit] {
        let relevance = pool.map(\.parts.total)
        let all = Novelty.fromMedoids(columns.medoidSimilarities.span, count: columns.count)
        let novelty = pool.map { $0.candidate < all.count ? all[$0.candidate] : 1 }
        let seed = request.person?.seed ?? 0
        return ExplorationPlan(surprise: plan.surprise).explore(
            chosen,
            relevance: relevance.span,
            novelty: novelty.span,
            seed: seed == 0 ? UInt64.random(in: 1...UInt64.max) : seed
        ).map { slot in
            var hit = pool[slot.candidate]
            hit.propensity = Float(slot.propensity)
            if slot.isExplored { hit.rules.insert(.explored) }
            return hit
        }
    }
}

/// The person's interests as a calibrated slate wants them.
private struct Preferences {
    /// The nearest centre of each candidate of the pool; -1 where none is near.
    var clusters: [Int32] = []
    /// The importance of each centre.
    var targets: [Float] = []

    init(
        _ person: PersonSnapshot,
        _ centres: TasteCentres,
        _ columns: CandidateColumns,
        _ pool: [RankedHit]
    ) {
        guard let state = person.state, centres.count > 0, columns.count > 0 else { return }
        targets = centres.importances
        let (similarities, count) = (columns.medoidSimilarities, columns.count)
        clusters = pool.map { hit in
            var nearest = (centre: -1, cosine: state.settings.calibrationSimilarity)
            for centre in 0..<centres.count {
                let cosine = similarities[centre * count + hit.candidate]
                if cosine >= nearest.cosine { nearest = (centre, cosine) }
            }
            return Int32(nearest.centre)
        }
    }

    /// Results of each centre at most; empty = as many as come.
    func quotas(_ person: PersonSnapshot, k: Int) -> [Int] {
        guard let quota = person.state?.settings.interestQuota, quota < 1 else { return [] }
        let most = Int((quota * Float(k)).rounded(.up))
        return [Int](repeating: most, count: targets.count)
    }
}
