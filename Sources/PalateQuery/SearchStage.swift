import PalateFields
import PalateGraph
import PalateIndex
import PalateKernels
import PalateModel
import PalateQuantization
import PalateTaste

/// Step 3: plan to candidates, nearest first, in `scratch.candidates`.
enum SearchStage {
    /// Searches the graph for the query's vector, or for each of the person's medoids.
    ///
    /// - Returns: searches; more than one where groups were to be filled.
    static func run(
        _ plan: QueryPlan,
        _ query: ListQuery,
        _ person: PersonSnapshot,
        _ centres: TasteCentres,
        excluding excluded: [ItemID],
        in collection: Collection,
        _ scratch: inout QueryScratch
    ) throws(IndexError) -> Int {
        scratch.candidates.removeAll(keepingCapacity: true)
        guard collection.codes != nil else { return 1 }
        try addSearched(
            plan,
            query,
            person,
            centres,
            excluding: excluded,
            in: collection,
            &scratch
        )
        if !query.hasVector { addSuggested(plan, person, in: collection, &scratch) }
        guard let group = plan.group else { return 1 }
        return try GroupStage.deepen(
            group,
            plan,
            query,
            person,
            centres,
            excluding: excluded,
            in: collection,
            &scratch
        )
    }

    /// Adds what walk, edges and pins bring.
    private static func addSuggested(
        _ plan: QueryPlan,
        _ person: PersonSnapshot,
        in collection: Collection,
        _ scratch: inout QueryScratch
    ) {
        add(person.walked.map(\.item), plan.filter, in: collection, &scratch)
        add(person.associated.map(\.item), plan.filter, in: collection, &scratch)
        add(plan.pinned, plan.filter, in: collection, &scratch)
        scratch.candidates.removeDuplicates()
    }

    /// Adds what the query's search finds, or the searches around the person's medoids.
    static func addSearched(
        _ plan: QueryPlan,
        _ query: ListQuery,
        _ person: PersonSnapshot,
        _ centres: TasteCentres,
        excluding excluded: [ItemID],
        in collection: Collection,
        _ scratch: inout QueryScratch
    ) throws(IndexError) {
        guard let codes = collection.codes else { return }
        exclude(query, person, excluded, plan, in: collection, &scratch)
        if query.hasVector {
            let kept = max(plan.beamWidth, plan.candidateCount)
            search(codes, plan, keeping: kept, in: collection, &scratch)
            return
        }
        guard let taste = plan.taste, case .person(let medoids, _) = taste.retrieval else {
            return
        }
        guard centres.count > 0 || !person.walked.isEmpty || !person.associated.isEmpty else {
            throw .request(.noTaste(user: taste.user ?? 0))
        }
        let dimensions = scratch.vector.count
        let searches = min(medoids, centres.count)
        let share = plan.shared(among: searches)
        for centre in 0..<searches where centre == 0 || !scratch.isOver() {
            for index in 0..<dimensions {
                scratch.vector[index] = centres.vectors[centre * dimensions + index]
            }
            let first = scratch.candidates.count
            search(codes, share, keeping: share.candidateCount, in: collection, &scratch)
            // What one medoid found the next need not find again: it gives others their places.
            for index in first..<scratch.candidates.count {
                scratch.search.exclude(scratch.candidates[index].ordinal)
            }
        }
    }

    /// Leaves the candidates that the plan wants of one search; the rest of the beam was there to
    /// make up for rows dropped because of a write under way.
    static func trim(_ plan: QueryPlan, _ query: ListQuery, _ scratch: inout QueryScratch) {
        guard query.hasVector, plan.group == nil,
            scratch.candidates.count > plan.candidateCount
        else { return }
        scratch.candidates.removeLast(scratch.candidates.count - plan.candidateCount)
    }

    private static func search(
        _ codes: CodeSet,
        _ plan: QueryPlan,
        keeping count: Int,
        in collection: Collection,
        _ scratch: inout QueryScratch
    ) {
        let vector = scratch.vector
        codes.stack.codes.prepare(vector.span, into: &scratch.prepared)
        let kept = max(codes.stack.keptCount(for: plan.candidateCount), plan.beamWidth)
        if plan.filter == nil, !plan.isScan {
            codes.walk(
                collection.graph,
                for: vector.span,
                scratch.prepared,
                &scratch.links,
                beamWidth: plan.beamWidth,
                keeping: kept,
                scratch: &scratch.search
            )
        } else {
            let scorer = codes.stack.makeScorer(scratch.prepared, over: codes.rows)
            if let filter = plan.filter {
                search(filter, plan, scorer, keeping: kept, in: collection, &scratch)
            } else {
                collection.graph.scan(scorer, keeping: kept, scratch: &scratch.search)
            }
        }
        let (first, items) = (scratch.candidates.count, collection.items)
        for index in 0..<scratch.search.count {
            let hit = scratch.search.hit(index)
            scratch.candidates.append(hit)
            guard index < plan.candidateCount else { continue }
            // Fetching reads it, and had to wait for memory: 3 % of a query.
            Cache.prefetch(items.place(of: hit.ordinal))
        }
        codes.stack.refine(
            &scratch.candidates,
            from: first,
            for: vector.span,
            k: plan.candidateCount,
            rows: codes.rows,
            &scratch.refine
        )
        scratch.candidates.removeLast(max(0, scratch.search.count - count))
        scratch.visitedCount += scratch.search.visitedCount
    }

    /// Searches among the rows that pass the filter: all of them where that is cheaper, and where
    /// the graph led to fewer than there are.
    private static func search(
        _ filter: FilterPlan,
        _ plan: QueryPlan,
        _ scorer: borrowing CodeScorer,
        keeping kept: Int,
        in collection: Collection,
        _ scratch: inout QueryScratch
    ) {
        if !plan.isScan {
            collection.graph.searchEligible(
                scorer,
                beamWidth: plan.beamWidth,
                keeping: kept,
                scratch: &scratch.search
            )
            let there = filter.matches.count - scratch.search.exclusionCount
            guard scratch.search.count < min(kept, there) else { return }
        }
        scratch.matching.removeAll(keepingCapacity: true)
        filter.matches.forEach { scratch.matching.append($0) }
        let matching = scratch.matching
        collection.graph.scan(scorer, among: matching, keeping: kept, scratch: &scratch.search)
    }

    /// Keeps the asked item, the caller's list and the person's out of the results of this list.
    private static func exclude(
        _ query: ListQuery,
        _ person: PersonSnapshot,
        _ excluded: [ItemID],
        _ plan: QueryPlan,
        in collection: Collection,
        _ scratch: inout QueryScratch
    ) {
        scratch.search.clearExclusions()
        scratch.search.clearEligible()
        if let filter = plan.filter, !plan.isScan {
            scratch.search.setEligible(count: filter.matches.count) {
                filter.matches.copyBits(to: &$0, rowCount: collection.graph.count)
            }
        }
        if let itself = query.itself { scratch.search.exclude(itself) }
        guard !excluded.isEmpty || !person.excluded.isEmpty else { return }
        scratch.excluded.removeAll(keepingCapacity: true)
        collection.directory.appendOrdinals(of: excluded, to: &scratch.excluded)
        collection.directory.appendOrdinals(of: person.excluded, to: &scratch.excluded)
        for ordinal in scratch.excluded { scratch.search.exclude(ordinal) }
    }

    /// Adds what walk or edges suggest and the collection holds; the caller's exclusions and the
    /// filter hold here too.
    private static func add(
        _ suggested: [ItemID],
        _ filter: FilterPlan?,
        in collection: Collection,
        _ scratch: inout QueryScratch
    ) {
        scratch.excluded.removeAll(keepingCapacity: true)
        collection.directory.appendOrdinals(
            of: suggested,
            to: &scratch.excluded
        )
        for ordinal in scratch.excluded
        where !scratch.search.isExcluded(ordinal) && filter?.matches.contains(ordinal) ?? true {
            scratch.candidates.append(Hit(ordinal: ordinal, distance: .infinity))
        }
    }
}

extension [Hit] {
    /// Keeps one hit per row, rows in rising order: a set has no better order before scoring.
    fileprivate mutating func removeDuplicates() {
        sort { $0.ordinal < $1.ordinal }
        var kept = 0
        for index in indices where kept == 0 || self[index].ordinal != self[kept - 1].ordinal {
            self[kept] = self[index]
            kept += 1
        }
        removeLast(count - kept)
    }
}
