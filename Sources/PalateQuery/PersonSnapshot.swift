import PalateIndex
import PalateModel
import PalateTaste

/// What one query needs to know of a person, read under one hold of the taste lock.
struct PersonSnapshot {
    /// Centres of what they like, the most important first.
    var medoids: [Medoid] = []
    /// What they rejected, the strongest first, weight in 0...1.
    var negatives: [ScoredItem] = []
    /// What the walk suggests, best first; only where candidates come from the person.
    var walked: [ScoredItem] = []
    /// Items that must not come back.
    var excluded: [ItemID] = []

    /// Nothing where taste does not apply.
    init(_ plan: TastePlan?, in collection: Collection, now: Int64, scratch: inout QueryScratch) {
        guard let plan else { return }
        self = collection.taste.read { graph in
            var person = PersonSnapshot()
            person.medoids = graph.medoids(
                of: plan.user,
                now: now,
                limit: TastePlan.scoringMedoids
            )
            person.negatives = graph.negatives(
                of: plan.user,
                now: now,
                limit: TastePlan.scoringNegatives
            )
            person.excluded =
                plan.weights.excludeSeen
                ? graph.seenItems(of: plan.user) : graph.hiddenItems(of: plan.user)
            if case .person(_, let walk) = plan.retrieval {
                person.walked = graph.walk(
                    from: plan.user,
                    now: now,
                    limit: walk,
                    excludeSeen: plan.weights.excludeSeen,
                    scratch: &scratch.walk
                )
            }
            return person
        }
    }

    private init() {}
}
