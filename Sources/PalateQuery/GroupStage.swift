import PalateFields
import PalateIndex
import PalateModel
import PalateQuantization

/// At most so many results of one value of a field, and as many results all the same.
enum GroupStage {
    /// Searches that look for rows of further groups; then all rows that are left are scored.
    private static let roundsMax = 16

    /// The number of each row's group; nil = it has none, and is not held back.
    static func keys(
        _ field: FieldID,
        of rows: some Swift.Collection<Ordinal>,
        in collection: Collection
    ) throws(RequestError) -> [Int64?] {
        try collection.fields.read { table throws(RequestError) in
            let column = try table.column(field)
            return rows.map { column.orderKey(of: $0) }
        }
    }

    /// Searches again among rows of other groups until the candidates can fill a list.
    ///
    /// What is nearest among all rows whose group is not full yet is what a walk down all rows by
    /// distance would take next, so the list is the same as that walk's.
    /// - Returns: searches, the first among them.
    static func deepen(
        _ group: GroupRequest,
        _ plan: QueryPlan,
        _ query: ListQuery,
        _ person: PersonSnapshot,
        _ centres: TasteCentres,
        excluding excluded: [ItemID],
        in collection: Collection,
        _ scratch: inout QueryScratch
    ) throws(IndexError) -> Int {
        var rounds = 1
        while true {
            let rest: RowSet?
            do throws(RequestError) {
                rest = try rowsLeft(group, plan, in: collection, scratch.candidates)
            } catch {
                throw .request(error)
            }
            guard let rest, rest.count > 0, rounds <= roundsMax, !scratch.isOver() else { break }
            var next = plan
            next.filter?.matches = rest
            if rounds == roundsMax {
                next.candidateCount = min(rest.count, Limits.beamWidth.upperBound)
                next.isScan = true
            } else {
                next.isScan = Planner.scans(rest.count, beamWidth: next.beamWidth, in: collection)
            }
            let before = scratch.candidates.count
            try SearchStage.addSearched(
                next,
                query,
                person,
                centres,
                excluding: excluded,
                in: collection,
                &scratch
            )
            rounds += 1
            if scratch.candidates.count == before { break }
        }
        if rounds > 1, query.hasVector {
            scratch.candidates.sortByDistance(scratch.candidates.indices)
        }
        return rounds
    }

    /// The rows that a further search is to look among; nil where the candidates suffice.
    private static func rowsLeft(
        _ group: GroupRequest,
        _ plan: QueryPlan,
        in collection: Collection,
        _ candidates: [Hit]
    ) throws(RequestError) -> RowSet? {
        guard let filter = plan.filter else { return nil }
        return try collection.fields.read { table throws(RequestError) in
            let column = try table.column(group.field)
            var counts: [Int64: Int] = [:]
            var room = 0
            for hit in candidates {
                guard let key = column.orderKey(of: hit.ordinal) else {
                    room += 1
                    continue
                }
                counts[key, default: 0] += 1
                if counts[key, default: 0] <= group.cap { room += 1 }
            }
            guard room < plan.k else { return nil }
            let full = counts.filter { $0.value >= group.cap }.map(\.key).sorted()
            let known = RowSet(candidates.lazy.map(\.ordinal).sorted())
            return filter.matches.subtracting(known).subtracting(column.rows(orderKeys: full))
        }
    }

    /// Leaves the first of every group, in order.
    static func cap(
        _ group: GroupRequest,
        in collection: Collection,
        _ slate: inout [RankedHit]
    ) throws(RequestError) {
        let keys = try keys(group.field, of: slate.lazy.map(\.ordinal), in: collection)
        var counts: [Int64: Int] = [:]
        var kept = 0
        for index in slate.indices {
            if let key = keys[index] {
                counts[key, default: 0] += 1
                guard counts[key, default: 0] <= group.cap else { continue }
            }
            slate[kept] = slate[index]
            kept += 1
        }
        slate.removeLast(slate.count - kept)
    }

    /// Adds what is ranked behind a pool and whose group has room, until the pool can fill a list.
    static func fill(
        _ pool: inout [RankedHit],
        _ group: GroupRequest,
        k: Int,
        from ranked: [RankedHit],
        in collection: Collection
    ) throws(RequestError) {
        guard pool.count < ranked.count else { return }
        let keys = try keys(group.field, of: ranked.lazy.map(\.ordinal), in: collection)
        let pooled = pool.count
        var counts: [Int64: Int] = [:]
        var room = 0
        for (index, hit) in ranked.enumerated() {
            let isPooled = index < pooled
            guard isPooled || room < k else { return }
            if let key = keys[index] {
                counts[key, default: 0] += 1
                guard counts[key, default: 0] <= group.cap else { continue }
            }
            room += 1
            if !isPooled { pool.append(hit) }
        }
    }

    /// Numbers from 0 for the groups of a pool, as slates want them; -1 = none.
    static func numbers(
        _ field: FieldID,
        of pool: [RankedHit],
        in collection: Collection
    ) throws(RequestError) -> [Int32] {
        var numbers: [Int64: Int32] = [:]
        return try keys(field, of: pool.lazy.map(\.ordinal), in: collection).map { key in
            guard let key else { return -1 }
            if let known = numbers[key] { return known }
            let number = Int32(numbers.count)
            numbers[key] = number
            return number
        }
    }
}
