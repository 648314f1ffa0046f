import PalateFields
import PalateGraph
import PalateIndex
package import PalateModel
package import PalateTaste

/// Every decision about one request, made by the planner before anything is searched.
package struct QueryPlan: Sendable {
    /// Result lists to make.
    package var listCount: Int
    /// Results per list.
    package var k: Int
    /// ef of every graph search; below `candidateCount` where the caller asked for that.
    package var beamWidth: Int
    /// Whether the planner chose the beam, rather than the caller.
    package var isBeamChosen: Bool
    /// Whether every row is scored instead of a walk on the graph, of those that may come back.
    package var isScan: Bool
    /// Which rows may come back; nil = all.
    package var filter: FilterPlan?
    /// At most so many results of one value of a field.
    package var group: GroupRequest?
    /// Hits that a search hands on, nearest first.
    package var candidateCount: Int
    /// Of these, how many are scored again from the stored float vectors.
    package var rescoreCount: Int
    /// How the person's taste applies; nil = it does not.
    package var taste: TastePlan?
    /// Items with a place of their own: candidates wherever lists come from a person.
    package var pinned: [ItemID]
    /// How the slate is chosen; nil = by score.
    package var slate: SlatePlan?
    /// What to fetch for each result.
    package var parts: ResultParts
    /// Results below are left out.
    package var scoreFloor: Float
    /// What values of fields add to scores.
    package var fieldBoosts: [FieldBoost] = []
    /// Fields whose values come with the results.
    package var fields: [FieldID] = []
    /// The moment of the answer, milliseconds since 1970 UTC; set when it is made.
    package var now: Int64 = 0
    /// Searches that groups took to fill a list, at most; counted while it is made.
    package var rounds = 1
    /// What the searches will cost, roughly; decides where the request runs.
    package var estimatedMicroseconds: Int
}

extension QueryPlan {
    /// Rows that pass the filter; 0 without one.
    package var matchCount: Int { filter?.matches.count ?? 0 }

    /// What was decided, for whoever asks.
    func report(in collection: Collection) -> PlanReport {
        let costs = collection.costs
        var report = PlanReport(
            strategy: strategy,
            beamWidth: UInt32(clamping: beamWidth),
            candidates: UInt32(clamping: candidateCount),
            rescored: UInt32(clamping: rescoreCount),
            matches: UInt64(filter?.matches.count ?? collection.graph.liveCount),
            rows: UInt64(collection.graph.liveCount),
            scanNanoseconds: costs.scanNanoseconds,
            walkNanoseconds: costs.walkNanoseconds,
            slotNanoseconds: costs.slotNanoseconds
        )
        report.rounds = UInt32(clamping: rounds)
        return report
    }

    /// How candidates are found.
    package var strategy: SearchStrategy {
        switch (filter != nil, isScan) {
        case (false, false): .graph
        case (false, true): .scan
        case (true, false): .matchGraph
        case (true, true): .matchScan
        }
    }

    /// The plan of one of several searches that together find what the plan wants.
    func shared(among searches: Int) -> QueryPlan {
        var share = self
        let count = (candidateCount + searches - 1) / max(searches, 1)
        share.candidateCount = max(count, 1)
        if isBeamChosen { share.beamWidth = max(Planner.defaultBeamWidth, share.candidateCount) }
        return share
    }
}

/// How taste applies to a request.
package struct TastePlan: Sendable {
    /// Whose; nil where the request brings a taste of its own.
    package var user: UserID?
    /// How much each term counts.
    package var weights: TermValues
    /// The weight profile they are of.
    package var profile: String
    /// How they become one score.
    package var reranker: any Reranker.Type
    /// Whether what the person acted on stays away.
    package var excludeSeen: Bool
    /// Where the candidates come from.
    package var retrieval: Retrieval

    /// Where candidates come from.
    package enum Retrieval: Sendable {
        /// From the query's own search: taste only orders them.
        case query
        /// From the person: a search per medoid, and the walk.
        case person(medoids: Int, walk: Int)
    }

    /// Medoids that score candidates, the most important first.
    package static let scoringMedoids = 10
    /// Rejected items that score candidates, the strongest first.
    package static let scoringNegatives = 16
}

/// How a slate is chosen.
package struct SlatePlan: Sendable {
    /// The builder.
    package var builder: any SlateBuilder.Type
    /// The knob, 0 to 1.
    package var diversity: Float
    /// Candidates it chooses from.
    package var pool: Int
    /// How much of it explores.
    package var surprise: Float
    /// What stands apart.
    package var spacing: SpacingRequest?
}
