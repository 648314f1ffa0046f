package import PalateIndex
package import PalateModel

/// The check that a candidate generation has to pass before it becomes live.
///
/// | line    | what is measured                                                                  |
/// |---------|-----------------------------------------------------------------------------------|
/// | rows    | live rows, as a share of the live generation's                                    |
/// | lacking | share of the live generation's items that the candidate does not have             |
/// | links   | broken invariants of the graph, unreachable rows among them                       |
/// | damaged | rows whose stored vector cannot be read: all are                                  |
/// | recall  | recall@10 of sampled items, as queries answer, against exact search               |
/// | overlap | the part of exact neighbour lists that the live generation has too, beyond chance |
/// | nearer  | how often a live neighbour is nearer, in the candidate, than another item         |
///
/// The last two are the shift against the live generation. Vectors under the wrong ids have perfect
/// recall, and 0 and 0.5 there; another model of the same pictures is far above both.
package enum Canary {
    /// Neighbours per list.
    static let k = 10
    /// Items per neighbour of the lists that are compared with the live generation's: shorter lists
    /// in small collections, where ten neighbours would be everybody.
    static let itemsPerNeighbour = 10

    /// Checks a candidate; some seconds for a million rows, all of which are read.
    ///
    /// - Parameters:
    ///   - candidate: not written to meanwhile, or the result is worth nothing.
    ///   - live: what it is compared with.
    ///   - thresholds: what is asked of it.
    ///   - scratch: leased by the caller.
    /// - Returns: the lines, in the order of the table; the last two only where the live generation
    ///   has rows to compare with.
    /// - Throws: damage outside the candidate's stored vectors, which are counted instead.
    @available(*, noasync, message: "searches block their thread")
    package static func check(
        _ candidate: Collection,
        against live: Collection,
        _ thresholds: CanaryThresholds,
        scratch: inout QueryScratch
    ) throws(RequestError) -> [CanaryCheck] {
        let liveItems = live.items(of: live.liveOrdinals)
        let ordinals = candidate.liveOrdinals
        var checks = [
            CanaryCheck(
                name: "rows",
                got: liveItems.isEmpty
                    ? (ordinals.isEmpty ? 0 : 1) : Double(ordinals.count) / Double(liveItems.count),
                threshold: Double(thresholds.rows)
            ),
            CanaryCheck(
                name: "lacking",
                got: share(of: liveItems, lackingIn: candidate),
                threshold: Double(thresholds.lacking),
                isCeiling: true
            ),
            CanaryCheck(
                name: "links",
                got: Double(candidate.graphProblems.count),
                threshold: 0,
                isCeiling: true
            ),
        ]
        let sampled = sample(ordinals, count: thresholds.samples)
        let scan = try ExactScan(of: sampled, among: ordinals, k: k, in: candidate)
        checks.append(
            CanaryCheck(
                name: "damaged",
                got: Double(scan.damagedRows),
                threshold: 0,
                isCeiling: true
            )
        )
        checks.append(
            CanaryCheck(
                name: "recall",
                got: try recall(scan, of: candidate, &scratch),
                threshold: Double(thresholds.recall)
            )
        )
        guard !liveItems.isEmpty else { return checks }
        let shift = try CanaryShift(scan, of: candidate, against: live, &scratch)
        checks.append(
            CanaryCheck(
                name: "overlap",
                got: shift.overlap,
                threshold: Double(thresholds.overlap)
            )
        )
        checks.append(
            CanaryCheck(name: "nearer", got: shift.nearer, threshold: Double(thresholds.nearer))
        )
        return checks
    }

    private static func share(of items: [ItemID], lackingIn collection: Collection) -> Double {
        guard !items.isEmpty else { return 0 }
        let lacking = collection.directory.ordinals(of: items).count { $0 == Ordinal.max }
        return Double(lacking) / Double(items.count)
    }

    /// Rows spread evenly over all.
    private static func sample(_ ordinals: [Ordinal], count: Int) -> [Ordinal] {
        let count = min(count, ordinals.count)
        return (0..<count).map { ordinals[$0 * ordinals.count / count] }
    }

    /// The share of exact neighbours that queries find; a row as near as the farthest of them is as
    /// good.
    private static func recall(
        _ scan: ExactScan,
        of collection: Collection,
        _ scratch: inout QueryScratch
    ) throws(RequestError) -> Double {
        var found = 0
        var wanted = 0
        for (query, ordinal) in scan.queries.enumerated() {
            let truth = scan.nearest[query]
            guard let farthest = truth.last?.distance else { continue }
            wanted += truth.count
            let item = collection.items[ordinal]
            guard
                let answer = try neighbours(of: item, k: truth.count, in: collection, &scratch)
            else { continue }
            for neighbour in collection.directory.ordinals(of: answer) {
                let isTrue =
                    truth.contains { $0.ordinal == neighbour }
                    || scan.distance(from: query, to: neighbour) <= farthest
                if isTrue { found += 1 }
            }
        }
        return wanted == 0 ? .nan : Double(found) / Double(wanted)
    }

    /// What a query by item answers; nil where the item has been deleted meanwhile.
    static func neighbours(
        of item: ItemID,
        k: Int,
        in collection: Collection,
        _ scratch: inout QueryScratch
    ) throws(RequestError) -> [ItemID]? {
        let request = SearchRequest(handle: collection.info.handle, source: .items([item]), k: k)
        do throws(RequestError) {
            return try Pipeline.answer(
                request,
                plan: Planner.plan(request, for: collection),
                in: collection,
                now: 0,
                scratch: &scratch
            ).ids
        } catch .unknownItem {
            return nil
        }
    }
}

/// How a candidate's neighbours compare with the live generation's.
struct CanaryShift {
    /// Mean overlap of neighbour lists beyond chance; NaN where nothing can be compared.
    private(set) var overlap = Double.nan
    /// How often a live neighbour is nearer than another item; NaN likewise.
    private(set) var nearer = Double.nan

    init(
        _ scan: ExactScan,
        of candidate: Collection,
        against live: Collection,
        _ scratch: inout QueryScratch
    ) throws(RequestError) {
        let k = min(Canary.k, max(1, candidate.liveCount / Canary.itemsPerNeighbour))
        var (kept, compared) = (0, 0)
        var (wins, duels) = (0.0, 0)
        for (query, ordinal) in scan.queries.enumerated() {
            let item = candidate.items[ordinal]
            guard let answer = try Canary.neighbours(of: item, k: k, in: live, &scratch) else {
                continue
            }
            let truth = scan.nearest[query].prefix(k)
            let neighbours = candidate.directory.ordinals(of: answer).filter { $0 != Ordinal.max }
            for (place, neighbour) in neighbours.enumerated() {
                compared += 1
                if truth.contains(where: { $0.ordinal == neighbour }) { kept += 1 }
                let other = scan.drawnQuery(for: query, draw: place)
                guard other != ordinal, other != neighbour else { continue }
                let near = scan.distance(from: query, to: neighbour)
                let far = scan.distance(from: query, to: other)
                wins += near < far ? 1 : near == far ? 0.5 : 0
                duels += 1
            }
        }
        if compared > 0 {
            let chance = Double(k) / Double(max(k + 1, candidate.liveCount - 1))
            overlap = (Double(kept) / Double(compared) - chance) / (1 - chance)
        }
        if duels > 0 { nearer = wins / Double(duels) }
    }
}
