import PalateIndex
import PalateModel
import PalateTaste

/// What one query needs to know of a person, read before its lists are made.
struct PersonSnapshot {
    /// What they did, by what it counts, and the moment it decays to.
    var state: PersonState?
    /// Whose edges the walk must not go back over.
    var user: UserID?
    /// Centres of what they like, in the order in which they are searched.
    var medoids: [Medoid] = []
    /// Examples and medoids that are wanted, with their importance, in the order of searches.
    var wanted: [ScoredItem] = []
    /// What they rejected or have just bought, the strongest first.
    var unwanted: [UnwantedItem] = []
    /// Steps that every search vector takes.
    var directions: [Direction] = []
    /// Pairs of a better and a worse item.
    var pairs: [ItemPair] = []
    /// What the walk suggests, best first; only where candidates come from the person.
    var walked: [ScoredItem] = []
    /// Item-item edges; nil where they were never derived.
    var edges: ItemEdges?
    /// What the edges suggest, best first; only where candidates come from the person.
    var associated: [ScoredItem] = []
    /// Items that must not come back.
    var excluded: [ItemID] = []

    /// Nothing where neither taste nor a person is asked for.
    ///
    /// - Throws: `unknownSandbox`, `unknownSession`, and damage met in a replay.
    init(
        _ plan: TastePlan?,
        _ request: PersonRequest?,
        in collection: Collection,
        now: Int64,
        scratch: inout QueryScratch
    ) throws(RequestError) {
        var session: Session?
        if let id = request?.session { session = try collection.taste.session(id).get() }
        directions = (request?.directions ?? []) + (session?.directions(now: now) ?? [])
        guard let plan else { return }
        let state = try collection.taste.person(plan.user, request, now: now)
        user = plan.user
        pairs = request?.pairs ?? []
        take(state, plan)
        add((request?.examples ?? []) + (session?.examples(now: now) ?? []), state.settings)
        addAssociated(state, plan, collection.taste.itemEdges, &scratch.edges)
        if case .person(_, let walk) = plan.retrieval {
            walked = collection.taste.read { graph in
                graph.walk(
                    from: state.record,
                    of: plan.user,
                    variant: state.variant,
                    settings: state.settings,
                    now: state.now,
                    limit: walk,
                    excludeSeen: plan.excludeSeen,
                    scratch: &scratch.walk
                )
            }
        }
        self.state = state
    }

    /// What the record says.
    private mutating func take(_ state: PersonState, _ plan: TastePlan) {
        let (record, settings, now) = (state.record, state.settings, state.now)
        medoids = record.rewardedMedoids(
            now: now,
            limit: TastePlan.scoringMedoids,
            settings: settings
        )
        wanted = medoids.map { ScoredItem(item: $0.item, score: $0.importance) }
        let negatives = record.negatives(
            now: now,
            limit: TastePlan.scoringNegatives,
            settings: settings
        )
        unwanted = negatives.map {
            UnwantedItem(item: $0.item, weight: $0.score, threshold: settings.negativeSimilarity)
        }
        unwanted += record.recentPurchases(
            now: now,
            limit: TastePlan.scoringNegatives,
            settings: settings
        ).map { .purchase($0, settings) }
        excluded = plan.excludeSeen ? record.seenItems() : record.hiddenItems()
        if plan.excludeSeen { excluded += record.tiringItems(now: now, settings: settings) }
    }

    /// Spreads what is liked over the item-item edges: the scores stay in the scratch.
    private mutating func addAssociated(
        _ state: PersonState,
        _ plan: TastePlan,
        _ edges: ItemEdges?,
        _ scratch: inout EdgeScratch
    ) {
        guard let edges, plan.weights[.association] != 0 else { return }
        self.edges = edges
        var seeds = state.record.likedItems(
            now: state.now,
            limit: TasteLimits.walkSeeds,
            settings: state.settings
        )
        // Examples are liked as well, for this query.
        seeds += wanted.filter { wanted in !medoids.contains { $0.item == wanted.item } }
        edges.spread(from: seeds, scratch: &scratch)
        if case .person(_, let limit) = plan.retrieval {
            associated = edges.best(limit, excluding: excluded.sorted(), scratch: &scratch)
        }
    }

    /// Examples count as fresh events would.
    private mutating func add(_ examples: [WeightedItem], _ settings: TasteSettings) {
        let unit = max(-settings[.hide].weight, .leastNormalMagnitude)
        for example in examples {
            if example.weight > 0 {
                let importance = example.weight * (1 + settings.sessionBoost)
                // Among the medoids by importance; those stay as rewards have them.
                let place = wanted.firstIndex { $0.score < importance } ?? wanted.count
                wanted.insert(ScoredItem(item: example.item, score: importance), at: place)
            } else if example.weight < 0 {
                unwanted.append(
                    UnwantedItem(
                        item: example.item,
                        weight: min(-example.weight / unit, 1),
                        threshold: settings.negativeSimilarity
                    )
                )
            }
        }
    }
}

/// An item whose likeness counts against a candidate.
struct UnwantedItem {
    var item: ItemID
    /// In 0...1 for what was rejected.
    var weight: Float
    /// The cosine from which it counts.
    var threshold: Float
    /// Whether it was bought rather than rejected.
    var isPurchase = false

    /// Something just bought: near-duplicates are held back in full, nothing else is.
    static func purchase(_ item: ItemID, _ settings: TasteSettings) -> UnwantedItem {
        // Ten times over: the term reaches its 1 a tenth of the way above the threshold.
        UnwantedItem(
            item: item,
            weight: 10,
            threshold: settings.duplicateSimilarity,
            isPurchase: true
        )
    }
}
