import Glibc
import PalateFields
import PalateGraph
package import PalateIndex
package import PalateModel
import PalateQuantization
import PalateTaste

/// Turns a request into a plan; the only place that decides anything about it.
package enum Planner {
    /// ef when the caller leaves it open: recall@10 0.999 on fashion-mnist.
    static let defaultBeamWidth = 64
    /// Candidates of the query's own search when taste orders them: 200 keep 98 % of what the whole
    /// catalogue would give (pinterest37k, Recall@20 .1405 of .1438).
    static let tasteCandidates = 200
    /// Medoids searched for a person.
    static let searchedMedoids = 5
    /// Candidates of a person's list, unless the request says how many.
    static let defaultPersonCandidates = 1_000
    /// Candidates of a slate, as a multiple of k.
    static let slatePoolFactor = 4
    /// Candidates of a slate whose results stand apart, at least.
    static let spacedPool = 200
    /// Codes with a smaller relative error are not scored again: float16 has 0.0002.
    static let exactError: Float = 0.001
    /// Candidates scored again, as a multiple of k: at least, and per unit of relative error.
    ///
    /// On clustered vectors of 96 components 8-bit codes have an error of 0.008, codes of 4 and 2
    /// bits of 0.1, of 1 bit of 0.22.
    static let rescoreFactorMin: Float = 2
    static let rescoreFactorPerError: Float = 40
    /// Nanoseconds a beam slot costs, for estimates: 64 slots of 784 bytes take some 40 us.
    static let nanosecondsPerSlot = 700
    /// Up to this many rows per beam slot all are scored: as fast as a walk, and none is missed.
    ///
    /// Microseconds of a walk and of a scan (`sq8`, 256 components): 1,000 rows at beam 64 22 and
    /// 20, 3,000 at 200 73 and 72, 6,000 at 600 237 and 237, 6,000 at 200 95 and 113.
    static let scannedRowsPerSlot = 10
    /// Nanoseconds a row of a scan costs: 6,000 of 256 bytes take 64 us, of 784 134 us.
    static let nanosecondsPerScannedRow = 20

    /// Plans `request` against the collection as it is now.
    package static func plan(
        _ request: SearchRequest,
        for collection: Collection
    ) throws(RequestError) -> QueryPlan {
        let version = collection.appliedVersion
        guard request.minimumVersion <= version else {
            throw .versionNotReached(got: version, expected: request.minimumVersion)
        }
        try checkVectors(request, collection.info.schema.dimensions)
        let taste = try tastePlan(request, collection)
        let slate = try slatePlan(request)
        let listCount =
            switch request.source {
            case .vectors(let vectors): vectors.count
            case .items(let items): items.count
            case .user: 1
            }
        let isByPerson = request.source == .user
        let candidates = max(
            request.k,
            // A slate of a person chooses from what all sources together found.
            isByPerson ? 0 : slate?.pool ?? 0,
            taste.map { self.candidates(of: $0, request) } ?? 0,
            request.fieldBoosts.isEmpty ? 0 : tasteCandidates
        )
        let rescored =
            isByPerson
            ? 0 : request.rescoreCount ?? rescoreCount(request, candidates, collection.codes)
        let candidateCount = min(max(candidates, rescored), Limits.beamWidth.upperBound)
        let beamWidth =
            request.beamWidth == 0 ? max(defaultBeamWidth, candidateCount) : request.beamWidth
        let filter = try filterPlan(request, collection)
        try FieldBoosts.check(request.fieldBoosts, in: collection)
        let (isScan, nanoseconds) = cost(filter, beamWidth: beamWidth, in: collection)
        let searches = taste.map { self.searches(of: $0) } ?? 1
        // Searches of one list share its candidates, and so the beam.
        let list = isBeamShared(request) ? nanoseconds : searches * nanoseconds
        return QueryPlan(
            listCount: listCount,
            k: request.k,
            beamWidth: beamWidth,
            isBeamChosen: request.beamWidth == 0,
            isScan: isScan,
            filter: filter,
            group: request.group,
            candidateCount: candidateCount,
            rescoreCount: rescored,
            taste: taste,
            pinned: request.pins.map(\.item),
            slate: slate,
            parts: request.parts,
            scoreFloor: request.scoreFloor ?? -.infinity,
            fieldBoosts: request.fieldBoosts,
            fields: request.fields,
            estimatedMicroseconds: listCount * list / 1_000
        )
    }

    /// Groups need to know which rows there are, to look among the others.
    private static func filterPlan(
        _ request: SearchRequest,
        _ collection: Collection
    ) throws(RequestError) -> FilterPlan? {
        for field in request.fields {
            try collection.fields.read { table throws(RequestError) in _ = try table.column(field) }
        }
        let uses = [(request.group?.field, "a group"), (request.spacing?.field, "spacing")]
        for (field, use) in uses {
            guard let field else { continue }
            try collection.fields.read { table throws(RequestError) in
                let type = Swift.type(of: try table.column(field)).type
                guard type != .geo, type != .keywordSet else {
                    let name = table.declarations.first { $0.id == field }?.name ?? ""
                    throw .wrongFieldType(name: name, got: use, expected: type.name)
                }
            }
        }
        guard request.filter != nil || request.group != nil else { return nil }
        return try FilterPlan(request.filter ?? .all, in: collection)
    }

    /// Whether all of so many rows are scored rather than walked to.
    static func scans(_ rows: Int, beamWidth: Int, in collection: Collection) -> Bool {
        let (scan, walk) = costs(rows, beamWidth: beamWidth, in: collection)
        return scan <= walk
    }

    /// Nanoseconds of scoring so many rows, and of walking to the nearest of them.
    private static func costs(
        _ rows: Int,
        beamWidth: Int,
        in collection: Collection
    ) -> (scan: Float, walk: Float) {
        let costs = collection.costs
        let share = Float(rows) / Float(max(1, collection.graph.liveCount))
        let slots = Float(beamWidth) * slotFactor(share: share)
        return (
            Float(rows) * costs.scanNanoseconds,
            costs.walkNanoseconds + slots * costs.slotNanoseconds
        )
    }

    /// Whether rows are scanned, and what one search costs.
    private static func cost(
        _ filter: FilterPlan?,
        beamWidth: Int,
        in collection: Collection
    ) -> (isScan: Bool, nanoseconds: Int) {
        guard let filter else {
            let rowCount = collection.graph.count
            guard rowCount > scannedRowsPerSlot * beamWidth else {
                return (true, rowCount * nanosecondsPerScannedRow)
            }
            return (false, beamWidth * nanosecondsPerSlot)
        }
        let (scan, walk) = costs(filter.matches.count, beamWidth: beamWidth, in: collection)
        return (scan <= walk, Int(min(scan, walk)))
    }

    /// How many times a place of the beam costs more where only a share of the rows may come back.
    ///
    /// fashion-mnist at beams of 64 and 200: 2.0 at 0.9 of the rows, 3 at 0.5, 4.3 at 0.2, 5.5 at
    /// 0.1, 6.5 at 0.05, 7.3 at 0.02.
    static func slotFactor(share: Float) -> Float {
        min(7.5, 2 + 1.15 * log2(1 / max(share, .leastNormalMagnitude)))
    }

    private static func isBeamShared(_ request: SearchRequest) -> Bool {
        request.source == .user && request.beamWidth == 0
    }

    /// By the error that training measured; never more than the beam the caller asked for holds.
    private static func rescoreCount(
        _ request: SearchRequest,
        _ candidates: Int,
        _ codes: CodeSet?
    ) -> Int {
        guard let error = codes?.stack.finest.relativeError, error >= exactError else { return 0 }
        let factor = max(rescoreFactorMin, rescoreFactorPerError * error)
        let wanted = Int((factor * Float(request.k)).rounded(.up))
        let bound = request.beamWidth == 0 ? Limits.beamWidth.upperBound : request.beamWidth
        return max(candidates, min(wanted, bound))
    }

    private static func checkVectors(
        _ request: SearchRequest,
        _ dimensions: Int
    ) throws(RequestError) {
        guard case .vectors(let vectors) = request.source else { return }
        guard vectors.componentCount == vectors.count * dimensions else {
            throw .wrongDimensions(got: vectors.dimensions, expected: dimensions)
        }
    }

    private static func tastePlan(
        _ request: SearchRequest,
        _ collection: Collection
    ) throws(RequestError) -> TastePlan? {
        let isByUser = request.source == .user
        guard isByUser || request.taste != nil else { return nil }
        guard request.user != nil || request.person?.hasTasteOfItsOwn == true else {
            throw .missingUser
        }
        let taste = request.taste ?? TasteRequest()
        var (weights, profile) = try collection.taste.weights(
            taste,
            of: request.user,
            sandbox: request.person?.sandbox ?? ""
        )
        if collection.taste.itemEdges == nil {
            // The walk says much the same, so it stands in where edges were never derived.
            weights[.graph] += weights[.association]
            weights[.association] = 0
        }
        let retrieval: TastePlan.Retrieval
        if isByUser {
            retrieval = .person(
                medoids: searchedMedoids,
                walk: max(personCandidates(taste) / 2, request.k)
            )
        } else {
            retrieval = .query
        }
        return TastePlan(
            user: request.user,
            weights: weights,
            profile: profile,
            reranker: try reranker(taste.reranker, isByUser: isByUser),
            excludeSeen: taste.excludeSeen,
            retrieval: retrieval
        )
    }

    /// The reranker of this name; a person's list has no order of a search that could stand.
    private static func reranker(
        _ name: String,
        isByUser: Bool
    ) throws(RequestError) -> any Reranker.Type {
        let suitable = RerankerRegistry.all.filter { !isByUser || $0.scores }
        guard !name.isEmpty else { return BlendReranker.self }
        guard let reranker = suitable.first(where: { $0.name == name }) else {
            throw .unknownChoice(
                field: "reranker",
                got: name,
                expected: suitable.map { $0.name }
            )
        }
        return reranker
    }

    /// Candidates of a person's list: half from the medoids, half from walk and edges.
    private static func personCandidates(_ taste: TasteRequest?) -> Int {
        let count = taste?.candidates ?? 0
        return count == 0 ? defaultPersonCandidates : count
    }

    private static func candidates(of plan: TastePlan, _ request: SearchRequest) -> Int {
        switch plan.retrieval {
        case .person: personCandidates(request.taste) / 2
        case .query:
            request.taste.map { $0.candidates == 0 ? tasteCandidates : $0.candidates }
                ?? tasteCandidates
        }
    }

    private static func searches(of plan: TastePlan) -> Int {
        switch plan.retrieval {
        case .query: 1
        case .person(let medoids, _): medoids
        }
    }

    private static func slatePlan(_ request: SearchRequest) throws(RequestError) -> SlatePlan? {
        let surprise = request.person?.surprise ?? 0
        guard
            request.diversity != nil || surprise > 0 || !request.pins.isEmpty
                || request.spacing != nil
        else { return nil }
        let diversity = request.diversity ?? DiversityRequest(diversity: 0)
        guard let builder = SlateRegistry.named(diversity.method) else {
            throw .unknownChoice(
                field: "diversity method",
                got: diversity.method,
                expected: SlateRegistry.names
            )
        }
        // What stands apart needs others to stand between.
        let least = request.spacing == nil ? 0 : spacedPool
        let pool =
            diversity.pool == 0 ? max(slatePoolFactor * request.k, least) : diversity.pool
        return SlatePlan(
            builder: builder,
            diversity: diversity.diversity,
            pool: max(pool, request.k),
            surprise: surprise,
            spacing: request.spacing
        )
    }
}
