import PalateIndex
import PalateKernels
import PalateModel
import PalateQuantization
import PalateTaste

/// One result on its way out.
struct RankedHit {
    var ordinal: Ordinal
    var parts: TermValues
    /// Its place among the scored candidates.
    var candidate: Int
    /// How probable it was that it got here; 1 unless chance had a say.
    var propensity: Float = 1
    /// What put it here.
    var rules: ReasonRules = []
}

/// Step 5: hits to a ranked slate with the terms of each score.
enum RerankStage {
    /// Scores the candidates by taste where the plan says so, drops those below the floor, then
    /// chooses the slate: it ends up in `scratch.slate`.
    static func run(
        _ plan: QueryPlan,
        _ query: ListQuery,
        _ person: PersonSnapshot,
        _ centres: TasteCentres,
        _ request: SearchRequest,
        in collection: Collection,
        _ scratch: inout QueryScratch
    ) throws(IndexError) {
        let boosts = boosts(plan, request, in: collection, scratch)
        scratch.slate.removeAll(keepingCapacity: true)
        if let taste = plan.taste, let state = person.state {
            var columns = columns(
                taste.weights,
                query,
                person,
                centres,
                state,
                in: collection,
                &scratch
            )
            columns.boosts = boosts
            columns.interests = try interests(taste, state, scratch.candidates, in: collection)
            let ranking = taste.reranker.rank(
                columns,
                weights: taste.weights,
                settings: state.settings
            )
            scratch.slate = ranking.order.map { index in
                RankedHit(
                    ordinal: scratch.candidates[index].ordinal,
                    parts: ranking.parts[index],
                    candidate: index
                )
            }
            scratch.columns = columns
        } else {
            scratch.columns = CandidateColumns(items: [])
            appendByDistance(collection.metric, &scratch)
            boost(boosts, &scratch)
        }
        if plan.scoreFloor > -.infinity {
            scratch.slate.removeAll { !($0.parts.total >= plan.scoreFloor) }
        }
        do throws(RequestError) {
            if let slate = plan.slate {
                try SlateStage.choose(
                    slate,
                    plan,
                    person,
                    centres,
                    request,
                    in: collection,
                    &scratch
                )
            } else if let group = plan.group {
                try GroupStage.cap(group, in: collection, &scratch.slate)
            }
        } catch {
            throw .request(error)
        }
        GaugeStage.note(plan, request, in: collection, scratch.slate)
    }

    /// What the caller adds to items and to values of fields, by candidate; empty = nothing.
    private static func boosts(
        _ plan: QueryPlan,
        _ request: SearchRequest,
        in collection: Collection,
        _ scratch: borrowing QueryScratch
    ) -> [Float] {
        guard !request.boosts.isEmpty || !plan.fieldBoosts.isEmpty else { return [] }
        let rows = scratch.candidates.lazy.map(\.ordinal)
        var sums = FieldBoosts.values(plan.fieldBoosts, of: rows, in: collection, now: plan.now)
        guard !request.boosts.isEmpty else { return sums }
        let weights = Dictionary(request.boosts.map { ($0.item, $0.weight) }) { $0 + $1 }
        for (index, row) in rows.enumerated() { sums[index] += weights[collection.items[row]] ?? 0 }
        return sums
    }

    private static func interests(
        _ taste: TastePlan,
        _ state: PersonState,
        _ candidates: [Hit],
        in collection: Collection
    ) throws(IndexError) -> [Float] {
        guard taste.weights[.interest] != 0 else { return [] }
        do throws(RequestError) {
            return try InterestStage.values(state, of: candidates, in: collection)
        } catch {
            throw .request(error)
        }
    }

    /// Adds boosts to plain scores.
    private static func boost(_ boosts: [Float], _ scratch: inout QueryScratch) {
        guard !boosts.isEmpty else { return }
        for index in scratch.slate.indices { scratch.slate[index].parts[.boost] = boosts[index] }
        // Stable: what is not boosted keeps its order.
        let order = scratch.slate.indices.sorted {
            let (left, right) = (scratch.slate[$0].parts.total, scratch.slate[$1].parts.total)
            return left != right ? left > right : $0 < $1
        }
        scratch.slate = order.map { scratch.slate[$0] }
    }

    private static func appendByDistance(_ metric: any Metric, _ scratch: inout QueryScratch) {
        for (index, hit) in scratch.candidates.enumerated() {
            var parts = TermValues()
            parts[.query] = metric.similarity(fromDistance: hit.distance)
            scratch.slate.append(RankedHit(ordinal: hit.ordinal, parts: parts, candidate: index))
        }
    }

    // MARK: Taste

    /// What the terms that count are made of, for every candidate.
    private static func columns(
        _ weights: TermValues,
        _ query: ListQuery,
        _ person: PersonSnapshot,
        _ centres: TasteCentres,
        _ state: PersonState,
        in collection: Collection,
        _ scratch: inout QueryScratch
    ) -> CandidateColumns {
        let hits = scratch.candidates
        var columns = CandidateColumns(items: hits.map { collection.items[$0.ordinal] })
        guard let codes = collection.codes else { return columns }
        if query.hasVector {
            columns.querySimilarities = hits.map {
                collection.metric.similarity(fromDistance: $0.distance)
            }
        }
        CandidateCosines.add(
            person,
            centres,
            hits.map(\.ordinal),
            codes,
            in: collection,
            to: &columns
        )
        let items = columns.items
        if weights[.graph] != 0 {
            columns.walkScores = walkScores(of: items, person, state, in: collection, &scratch)
        }
        if weights[.popularity] != 0 {
            columns.popularities = collection.taste.read { graph in
                items.map { Float(graph.popularity(of: $0)) }
            }
        }
        if let edges = person.edges {
            columns.associations = edges.scores(of: items, scratch: scratch.edges)
        }
        if !state.record.exposures.isEmpty {
            columns.fatigues = items.map {
                state.record.fatigue(of: $0, now: state.now, settings: state.settings)
            }
        }
        return columns
    }

    private static func walkScores(
        of items: [ItemID],
        _ person: PersonSnapshot,
        _ state: PersonState,
        in collection: Collection,
        _ scratch: inout QueryScratch
    ) -> [Float] {
        var scores = [Float](repeating: 0, count: items.count)
        var span = scores.mutableSpan
        collection.taste.read { graph in
            graph.walkScores(
                from: state.record,
                of: person.user,
                variant: state.variant,
                settings: state.settings,
                now: state.now,
                candidates: items.span,
                scratch: &scratch.walk,
                into: &span
            )
        }
        return scores
    }
}
