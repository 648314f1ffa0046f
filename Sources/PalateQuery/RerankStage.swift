import PalateIndex
import PalateKernels
import PalateModel
import PalateQuantization
import PalateTaste

/// One result on its way out.
struct RankedHit {
    var ordinal: Ordinal
    var parts: ScoreParts
}

/// Step 5: hits to a ranked slate with the terms of each score.
enum RerankStage {
    /// Scores the candidates by taste where the plan says so, drops those below the floor, then
    /// chooses the slate: it ends up in `scratch.slate`.
    static func run(
        _ plan: QueryPlan,
        _ query: ListQuery,
        _ person: PersonSnapshot,
        in collection: Collection,
        now: Int64,
        _ scratch: inout QueryScratch
    ) {
        scratch.slate.removeAll(keepingCapacity: true)
        if let taste = plan.taste {
            scratch.slate = blend(taste, query, person, in: collection, now: now, &scratch)
        } else {
            appendByDistance(collection.metric, &scratch)
        }
        if plan.scoreFloor > -.infinity {
            scratch.slate.removeAll { !($0.parts.total >= plan.scoreFloor) }
        }
        if let slate = plan.slate { choose(slate, plan.k, in: collection, &scratch) }
    }

    private static func appendByDistance(_ metric: any Metric, _ scratch: inout QueryScratch) {
        for hit in scratch.candidates {
            var parts = ScoreParts()
            parts.query = metric.similarity(fromDistance: hit.distance)
            scratch.slate.append(RankedHit(ordinal: hit.ordinal, parts: parts))
        }
    }

    // MARK: Taste

    private static func blend(
        _ taste: TastePlan,
        _ query: ListQuery,
        _ person: PersonSnapshot,
        in collection: Collection,
        now: Int64,
        _ scratch: inout QueryScratch
    ) -> [RankedHit] {
        guard let codes = collection.codes else { return [] }
        let hits = scratch.candidates
        loadUnitVectors(hits.lazy.map(\.ordinal), codes, &scratch)
        var columns = CandidateColumns(items: hits.map { collection.items[$0.ordinal] })
        if query.hasVector {
            columns.querySimilarities = hits.map {
                collection.metric.similarity(fromDistance: $0.distance)
            }
        }
        addSimilarities(person, to: &columns, codes, in: collection, &scratch)
        let items = columns.items
        var walkScores = [Float](repeating: 0, count: items.count)
        let settings = collection.taste.read { graph in
            var scores = walkScores.mutableSpan
            graph.walkScores(
                from: taste.user,
                now: now,
                candidates: items.span,
                scratch: &scratch.walk,
                into: &scores
            )
            columns.popularities = items.map { Float(graph.popularity(of: $0)) }
            return graph.settings
        }
        columns.walkScores = walkScores
        let ranking = BlendReranker.rank(columns, weights: taste.weights, settings: settings)
        return ranking.order.map { index in
            RankedHit(ordinal: hits[index].ordinal, parts: ranking.parts[index])
        }
    }

    /// Cosines of the person's medoids and negatives to every candidate.
    private static func addSimilarities(
        _ person: PersonSnapshot,
        to columns: inout CandidateColumns,
        _ codes: CodeSet,
        in collection: Collection,
        _ scratch: inout QueryScratch
    ) {
        for medoid in person.medoids {
            guard let ordinal = collection.directory.ordinal(of: medoid.item) else { continue }
            columns.medoidImportances.append(medoid.importance)
            appendCosines(ordinal, codes, columns.count, &scratch, to: &columns.medoidSimilarities)
        }
        for negative in person.negatives {
            guard let ordinal = collection.directory.ordinal(of: negative.item) else { continue }
            columns.negativeWeights.append(negative.score)
            appendCosines(
                ordinal,
                codes,
                columns.count,
                &scratch,
                to: &columns.negativeSimilarities
            )
        }
    }

    private static func appendCosines(
        _ ordinal: Ordinal,
        _ codes: CodeSet,
        _ count: Int,
        _ scratch: inout QueryScratch,
        to cosines: inout [Float]
    ) {
        let dimensions = codes.stack.dimensions
        var vector = scratch.row.mutableSpan
        codes.decodeUnit(ordinal, into: &vector)
        let kernels = codes.kernels
        let rows = scratch.unitVectors.span
        for candidate in 0..<count {
            let row = rows.extracting((candidate * dimensions)..<((candidate + 1) * dimensions))
            cosines.append(kernels.innerProduct(scratch.row.span, row))
        }
    }

    /// Decodes rows to unit length into `scratch.unitVectors`, row-major.
    private static func loadUnitVectors(
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

    // MARK: Slate

    private static func choose(
        _ plan: SlatePlan,
        _ k: Int,
        in collection: Collection,
        _ scratch: inout QueryScratch
    ) {
        guard let codes = collection.codes, !scratch.slate.isEmpty else { return }
        let ranked = scratch.slate
        let pool = ranked.prefix(plan.pool)
        let dimensions = codes.stack.dimensions
        let vectorCount = plan.builder.readsVectors ? pool.count * dimensions : 0
        if vectorCount > 0 { loadUnitVectors(pool.lazy.map(\.ordinal), codes, &scratch) }
        let relevance = pool.map(\.parts.total)
        let vectors = scratch.unitVectors
        let input = SlateInput(
            relevance: relevance.span,
            vectors: vectors.span.extracting(0..<vectorCount),
            dimensions: dimensions,
            kernels: codes.kernels
        )
        let chosen = plan.builder.select(
            count: k,
            diversity: plan.diversity,
            from: input,
            rules: SlateRules(),
            scratch: &scratch.slateScratch
        )
        scratch.slate = chosen.map { ranked[$0] }
    }
}
