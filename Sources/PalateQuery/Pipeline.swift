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
    ///
    /// The snapshot of the store is taken after the search: rows are committed before they are
    /// linked, so it holds every row that the search found, and it lives for one list only.
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
        var epoch, replacements: UInt64
        var query: ListQuery
        var (attempts, rounds) = (0, 1)
        repeat {
            epoch = collection.changeEpoch
            replacements = collection.replacementCount
            if attempts > 0 { try refresh(&plan.filter, in: collection) }
            query = try ListQuery(
                request.source,
                list: list,
                moved: person.directions,
                of: collection,
                &scratch
            )
            rounds = try SearchStage.run(
                plan,
                query,
                person,
                centres,
                excluding: request.excluded,
                in: collection,
                &scratch
            )
            attempts += 1
        } while collection.replacementCount != replacements && attempts < searchAttempts
        scratch.times.mark(.search)
        try collection.store.environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            let isSteady = epoch % 2 == 0 && collection.changeEpoch == epoch
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
            try RescoreStage.run(plan, rounds, query, in: collection, transaction, &scratch)
            scratch.times.mark(.rescore)
            try RerankStage.run(plan, query, person, centres, request, in: collection, &scratch)
            scratch.times.mark(.rerank)
            let reasons =
                plan.parts.contains(.reasons)
                ? ReasonStage(person, centres, query, request, in: collection, scratch) : nil
            plan.rounds = max(plan.rounds, rounds)
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
        scratch.times.mark(.fetch)
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
