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
            var columns = columns(query, person, centres, state, in: collection, &scratch)
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

    /// What the terms are made of, for every candidate.
    private static func columns(
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
        loadUnitVectors(hits.lazy.map(\.ordinal), codes, &scratch)
        if query.hasVector {
            columns.querySimilarities = hits.map {
                collection.metric.similarity(fromDistance: $0.distance)
            }
        }
        addSimilarities(person, centres, to: &columns, codes, in: collection, &scratch)
        addContexts(person.pairs, to: &columns, codes, in: collection, scratch)
        let items = columns.items
        var walkScores = [Float](repeating: 0, count: items.count)
        collection.taste.read { graph in
            var scores = walkScores.mutableSpan
            graph.walkScores(
                from: state.record,
                of: person.user,
                variant: state.variant,
                settings: state.settings,
                now: state.now,
                candidates: items.span,
                scratch: &scratch.walk,
                into: &scores
            )
            columns.popularities = items.map { Float(graph.popularity(of: $0)) }
        }
        columns.walkScores = walkScores
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

    /// Cosines of the person's centres and of what they do not want to every candidate.
    private static func addSimilarities(
        _ person: PersonSnapshot,
        _ centres: TasteCentres,
        to columns: inout CandidateColumns,
        _ codes: CodeSet,
        in collection: Collection,
        _ scratch: inout QueryScratch
    ) {
        columns.medoidImportances = centres.importances
        columns.medoidSimilarities = [Float](
            repeating: 0,
            count: centres.count * columns.count
        )
        fillCosines(centres, codes, columns.count, scratch, into: &columns.medoidSimilarities)
        for unwanted in person.unwanted {
            guard let ordinal = collection.directory.ordinal(of: unwanted.item) else { continue }
            columns.negativeWeights.append(unwanted.weight)
            columns.negativeThresholds.append(unwanted.threshold)
            let unit = codes.unitVector(of: ordinal)
            appendCosines(
                unit.span,
                codes,
                columns.count,
                scratch,
                to: &columns.negativeSimilarities
            )
        }
    }

    /// Sum over pairs of min(0, cosine to the better - cosine to the worse): 0 for a candidate on
    /// the right side of every pair (the loss of Qdrant's context search).
    private static func addContexts(
        _ pairs: [ItemPair],
        to columns: inout CandidateColumns,
        _ codes: CodeSet,
        in collection: Collection,
        _ scratch: borrowing QueryScratch
    ) {
        guard !pairs.isEmpty else { return }
        columns.contexts = [Float](repeating: 0, count: columns.count)
        for pair in pairs {
            guard let better = collection.directory.ordinal(of: pair.better),
                let worse = collection.directory.ordinal(of: pair.worse)
            else { continue }
            var cosines: [Float] = []
            for ordinal in [better, worse] {
                let unit = codes.unitVector(of: ordinal)
                appendCosines(unit.span, codes, columns.count, scratch, to: &cosines)
            }
            for index in 0..<columns.count {
                columns.contexts[index] += min(0, cosines[index] - cosines[columns.count + index])
            }
        }
    }

    /// Cosines of all centres to all candidates, row-major [m, n]; a candidate's vector is read
    /// once, while the centres stay in the cache.
    private static func fillCosines(
        _ centres: TasteCentres,
        _ codes: CodeSet,
        _ count: Int,
        _ scratch: borrowing QueryScratch,
        into cosines: inout [Float]
    ) {
        let dimensions = codes.stack.dimensions
        let kernels = codes.kernels
        let (rows, units) = (scratch.unitVectors.span, centres.units.span)
        let ordinals = (0..<Ordinal(centres.count)).map { $0 }
        var column = [Float](repeating: 0, count: centres.count)
        var products = column.mutableSpan
        var output = cosines.mutableSpan
        for candidate in 0..<count {
            let row = rows.extracting(candidate * dimensions..<(candidate + 1) * dimensions)
            kernels.innerProducts(row, units, ordinals.span, into: &products)
            for centre in 0..<centres.count {
                output[centre * count + candidate] = products[centre]
            }
        }
    }

    private static func appendCosines(
        _ unit: Span<Float>,
        _ codes: CodeSet,
        _ count: Int,
        _ scratch: borrowing QueryScratch,
        to cosines: inout [Float]
    ) {
        let dimensions = codes.stack.dimensions
        let kernels = codes.kernels
        let rows = scratch.unitVectors.span
        for candidate in 0..<count {
            let row = rows.extracting((candidate * dimensions)..<((candidate + 1) * dimensions))
            cosines.append(kernels.innerProduct(unit, row))
        }
    }

    /// Decodes rows to unit length into `scratch.unitVectors`, row-major.
    static func loadUnitVectors(
        _ ordinals: some Swift.Collection<Ordinal>,
        _ codes: CodeSet,
        _ scratch: inout QueryScratch
    ) {
        let dimensions = codes.stack.dimensions
        let needed = ordinals.count * dimensions
        if scratch.unitVectors.count < needed {
            scratch.unitVectors = [Float](repeating: 0, count: needed)
        }
        for (index, ordinal) in ordinals.enumerated() {
            var all = scratch.unitVectors.mutableSpan
            var row = all._mutatingExtracting((index * dimensions)..<((index + 1) * dimensions))
            codes.decodeUnit(ordinal, into: &row)
        }
    }
}
