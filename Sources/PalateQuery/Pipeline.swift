package import PalateIndex
package import PalateModel
import PalateQuantization
import PalateStorage

// PalateQuery: the main path. Start here.
//
// | file                 | step                                                             |
// |----------------------|------------------------------------------------------------------|
// | Pipeline.swift       | request to response, in that order                               |
// | Planner.swift        | request to plan: every decision                                  |
// | QueryPlan.swift      | what was decided                                                 |
// | ListQuery.swift      | what one result list starts from                                 |
// | SearchStage.swift    | plan to candidates, by graph and walk                            |
// | ChangeWindow.swift   | candidates while a write is under way                            |
// | RescoreStage.swift   | candidates to hits, by the stored float vectors                  |
// | RerankStage.swift    | hits to a ranked slate, by taste and diversity                   |
// | PersonSnapshot.swift | what one query needs to know of a person                         |
// | TasteCentres.swift   | the vectors that stand for a person                              |
// | CandidateCosines.swift | how like the candidates are to those, and to what is unwanted  |
// | InterestStage.swift  | what a person cares for among the values of a field              |
// | SlateStage.swift     | ranked hits to a slate, with its explored slots and pins         |
// | ReasonStage.swift    | why results are there                                            |
// | GaugeStage.swift     | what a list tells the gauges                                     |
// | FetchStage.swift     | slate to columns of the response                                 |
// | Deadline.swift       | when the answer must be ready                                    |
// | QueryScratch.swift   | what all of them write                                           |
// | Canary.swift, ExactScan.swift | whether a generation may become the live one            |

/// Answers queries; synchronous from the request to the response.
package enum Pipeline {
    /// Searches of one list when rows are replaced under each: the last one stands.
    private static let searchAttempts = 8

    /// Runs a planned request.
    ///
    /// - Parameters:
    ///   - request: decoded, its limits checked.
    ///   - planned: what the planner made of it.
    ///   - collection: where to look.
    ///   - now: milliseconds since 1970 UTC, for decay.
    ///   - deadline: what is not begun by then is left out, and the response says so: lists, and
    ///     within one list further searches, of other interests or for groups.
    ///   - scratch: leased by the caller.
    /// - Returns: `plan.listCount` lists.
    /// - Throws: `unknownItem`, `noTaste`, and damage by name.
    @available(*, noasync, message: "searches block their thread")
    package static func answer(
        _ request: SearchRequest,
        plan planned: QueryPlan,
        in collection: Collection,
        now: Int64,
        deadline: Deadline? = nil,
        scratch: inout QueryScratch
    ) throws(RequestError) -> SearchResponse {
        var response = SearchResponse()
        response.generation = collection.info.generation
        response.appliedVersion = collection.appliedVersion
        let reader = scratch.reader
        reader.enter()
        defer { reader.leave() }
        var plan = planned
        plan.now = now
        try plan.filter?.refresh(in: collection)
        response.reserve(lists: plan.listCount, k: plan.k, parts: plan.parts)
        scratch.prepare(for: collection)
        scratch.payloadBytes = 0
        (scratch.deadline, scratch.isLate) = (deadline, false)
        let person = try PersonSnapshot(
            plan.taste,
            request.person,
            in: collection,
            now: now,
            scratch: &scratch
        )
        let centres: TasteCentres
        do throws(IndexError) {
            centres = try TasteCentres(person, request.person, in: collection, &scratch)
        } catch {
            throw RequestError(error)
        }
        scratch.times.mark(.person)
        for list in 0..<plan.listCount {
            if scratch.isOver() {
                response.offsets.append(UInt32(response.ids.count))
                continue
            }
            do throws(IndexError) {
                try append(
                    list,
                    of: request,
                    &plan,
                    person,
                    centres,
                    in: collection,
                    &scratch,
                    to: &response
                )
            } catch {
                throw RequestError(error)
            }
        }
        response.isDegraded = response.isDegraded || scratch.isLate
        response.isExact = plan.isScan && request.source != .user
        if plan.parts.contains(.plan) { response.plan = plan.report(in: collection) }
        return response
    }

    private static func refresh(
        _ filter: inout FilterPlan?,
        in collection: Collection
    ) throws(IndexError) {
        do throws(RequestError) {
            try filter?.refresh(in: collection)
        } catch {
            throw .request(error)
        }
    }

    /// Makes one list.
    private static func append(
        _ list: Int,
        of request: SearchRequest,
        _ plan: inout QueryPlan,
        _ person: PersonSnapshot,
        _ centres: TasteCentres,
        in collection: Collection,
        _ scratch: inout QueryScratch,
        to response: inout SearchResponse
    ) throws(IndexError) {
        let found = try search(
            list,
            of: request,
            &plan,
            person,
            centres,
            in: collection,
            &scratch
        )
        scratch.times.mark(.search)
        plan.rounds = max(plan.rounds, found.rounds)
        try finish(found, of: request, plan, person, centres, in: collection, &scratch, &response)
        scratch.times.mark(.fetch)
    }

    /// What the search of one list left beside the candidates.
    private struct Found {
        var query: ListQuery
        /// Searches; more than one where groups were to be filled.
        var rounds: Int
        /// The collection's when the search began.
        var epoch: UInt64
    }

    /// Searches for one list, again where rows were replaced meanwhile.
    private static func search(
        _ list: Int,
        of request: SearchRequest,
        _ plan: inout QueryPlan,
        _ person: PersonSnapshot,
        _ centres: TasteCentres,
        in collection: Collection,
        _ scratch: inout QueryScratch
    ) throws(IndexError) -> Found {
        var attempts = 0
        while true {
            let (epoch, replacements) = (collection.changeEpoch, collection.replacementCount)
            if attempts > 0 { try refresh(&plan.filter, in: collection) }
            let query = try ListQuery(
                request.source,
                list: list,
                moved: person.directions,
                of: collection,
                &scratch
            )
            let rounds = try SearchStage.run(
                plan,
                query,
                person,
                centres,
                excluding: request.excluded,
                in: collection,
                &scratch
            )
            attempts += 1
            if collection.replacementCount == replacements || attempts == searchAttempts {
                return Found(query: query, rounds: rounds, epoch: epoch)
            }
        }
    }

    /// Makes the list of what was found.
    ///
    /// The snapshot of the store is taken after the search: rows are committed before they are
    /// linked, so it holds every row that the search found, and it lives for one list only.
    private static func finish(
        _ found: Found,
        of request: SearchRequest,
        _ plan: QueryPlan,
        _ person: PersonSnapshot,
        _ centres: TasteCentres,
        in collection: Collection,
        _ scratch: inout QueryScratch,
        _ response: inout SearchResponse
    ) throws(IndexError) {
        let query = found.query
        try collection.store.environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            let isSteady = found.epoch % 2 == 0 && collection.changeEpoch == found.epoch
            if !isSteady {
                try ChangeWindow.settle(
                    query,
                    person,
                    excluding: request.excluded,
                    in: collection,
                    transaction,
                    &scratch
                )
            }
            SearchStage.trim(plan, query, &scratch)
            try RescoreStage.run(plan, found.rounds, query, in: collection, transaction, &scratch)
            scratch.times.mark(.rescore)
            try RerankStage.run(plan, query, person, centres, request, in: collection, &scratch)
            scratch.times.mark(.rerank)
            let reasons =
                plan.parts.contains(.reasons)
                ? ReasonStage(person, centres, query, request, in: collection, scratch) : nil
            try FetchStage.append(
                plan,
                reasons: reasons,
                isSteady: isSteady,
                in: collection,
                transaction,
                &scratch,
                to: &response
            )
        }
    }
}

extension SearchResponse {
    /// Makes room for every result that can come.
    fileprivate mutating func reserve(lists: Int, k: Int, parts: ResultParts) {
        offsets.reserveCapacity(lists + 1)
        ids.reserveCapacity(lists * k)
        scores.reserveCapacity(lists * k)
        if parts.contains(.scoreParts) { scoreParts.reserveCapacity(lists * k) }
        if parts.contains(.payload) { payloads.reserveCapacity(lists * k) }
    }
}
