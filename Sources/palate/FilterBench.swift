import PalateFields
import PalateIndex
import PalateKernels
import PalateModel
import PalateQuery

/// The queries of one case.
struct FilterBench {
    /// What one pass showed.
    struct Pass: Encodable {
        var `case`: String
        var beam: Int
        var recall: Double
        var rate: Double
        var complete: Bool
        var matches: Double
        var plan: [String: Int]
    }

    /// Queries of one filter, in one request.
    private struct Part {
        var filter: Filter?
        var queries: [Int]
    }

    private let name: String
    private let collection: Collection
    private let queries: NumpyFile
    private let k: Int
    private let rescore: Int?
    /// Shape [queries, k]; -1 = nothing.
    private let truth: [Int]
    private var parts: [Part] = []

    init(
        _ filterCase: FilterCase,
        in folder: String,
        collection: Collection,
        queries: NumpyFile,
        k: Int,
        batch: Int,
        rescore: Int?
    ) throws {
        name = filterCase.name
        self.collection = collection
        self.queries = queries
        self.k = k
        self.rescore = rescore
        let answers = try NumpyFile(path: "\(folder)/\(name).truth.npy")
        guard answers.count == queries.count, answers.columns == k else {
            throw CommandFailure("the truth of \(name) is not [\(queries.count), \(k)]")
        }
        truth = try answers.integers()
        let filters = try filterCase.expressions.map { text throws(FilterExpressionError) in
            try FilterExpression.parse(text, fields: collection.fields.declarations)
        }
        let of =
            filters.isEmpty
            ? [Int](repeating: 0, count: queries.count)
            : try NumpyFile(path: "\(folder)/\(name).of.npy").integers()
        for expression in 0..<max(1, filters.count) {
            let own = queries.indices.filter { of[$0] == expression }
            for first in stride(from: 0, to: own.count, by: batch) {
                parts.append(
                    Part(
                        filter: filters.isEmpty ? nil : filters[expression],
                        queries: Array(own[first..<min(first + batch, own.count)])
                    )
                )
            }
        }
    }

    /// Asks everything once.
    func pass(beamWidth: Int) throws -> Pass {
        var scratch = QueryScratch()
        var found = [Int](repeating: -1, count: truth.count)
        var plans: [String: Int] = [:]
        var matches = 0
        let requests = parts.map { part in
            SearchRequest(
                handle: collection.info.handle,
                source: .vectors(
                    part.queries.flatMap { queries.floats($0..<$0 + 1) },
                    count: part.queries.count
                ),
                k: k,
                beamWidth: beamWidth,
                rescoreCount: rescore,
                filter: part.filter
            )
        }
        let begun = processorSeconds()
        for (part, request) in zip(parts, requests) {
            let (response, plan) = try answer(request, &scratch)
            plans[plan.strategy.name, default: 0] += part.queries.count
            matches += part.queries.count * plan.matchCount
            for (list, query) in part.queries.enumerated() {
                let ids = response.ids[
                    Int(response.offsets[list])..<Int(response.offsets[list + 1])
                ]
                for (rank, id) in ids.enumerated() { found[query * k + rank] = Int(id) }
            }
        }
        let seconds = processorSeconds() - begun
        return Pass(
            case: name,
            beam: beamWidth,
            recall: recall(of: found),
            rate: Double(queries.count) / seconds,
            complete: isComplete(found),
            matches: Double(matches) / Double(queries.count),
            plan: plans
        )
    }

    private func answer(
        _ request: SearchRequest,
        _ scratch: inout QueryScratch
    ) throws -> (SearchResponse, QueryPlan) {
        do throws(RequestError) {
            let plan = try Planner.plan(request, for: collection)
            let response = try Pipeline.answer(
                request,
                plan: plan,
                in: collection,
                now: 0,
                scratch: &scratch
            )
            return (response, plan)
        } catch {
            throw CommandFailure("a query failed: \(error)")
        }
    }

    private func recall(of found: [Int]) -> Double {
        var (hits, wanted) = (0, 0)
        for query in 0..<queries.count {
            let exact = truth[(query * k)..<((query + 1) * k)].filter { $0 >= 0 }
            hits += Set(exact).intersection(found[(query * k)..<((query + 1) * k)]).count
            wanted += exact.count
        }
        return wanted == 0 ? 1 : Double(hits) / Double(wanted)
    }

    /// Whether every list is as long as the exact one.
    private func isComplete(_ found: [Int]) -> Bool {
        zip(found, truth).allSatisfy { ($0 >= 0) == ($1 >= 0) }
    }
}

extension NumpyFile {
    fileprivate var indices: Range<Int> { 0..<count }
}
