import ArgumentParser
import PalateClient
import PalateModel

/// `palate query`.
struct Query: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a running server, by vectors, by item or by person."
    )

    @Option(help: "HOST:PORT of the server.")
    var to: ListenAddress

    @Option(help: "The collection's name.")
    var collection: String

    @Option(help: "Query vectors, .npy; one result list each.")
    var vectors: String?

    @Option(help: "An item of the collection.")
    var item: UInt64?

    @Option(help: "A person: whose medoids and walk to start from, or whose taste reranks.")
    var user: UInt64?

    @Option(name: .customShort("k"), help: "Results per list.")
    var k = 10

    @Option(help: "ef; 0 = the server chooses.")
    var beam = 0

    @Option(help: "Candidates rescored from the stored vectors; the server chooses where absent.")
    var rescore: Int?

    @Option(help: "0 = by score alone, 1 = as unlike each other as can be.")
    var diversity: Float?

    @Option(help: "A weight profile, or an experiment that splits people between some.")
    var profile = ""

    @Option(help: "How terms become a score: blend, rrf, or none; blend where absent.")
    var reranker = ""

    @OptionGroup var filter: FilterOption

    @Option(help: "At most so many results of one value: FIELD:MOST.")
    var group: GroupArgument?

    @Option(help: "Results of one value stand apart: FIELD:WEIGHT or FIELD:WEIGHT:PLACES.")
    var spacing: SpacingArgument?

    @Option(parsing: .upToNextOption, help: "Fields whose values to show.")
    var fields: [String] = []

    @Flag(help: "Show what was decided about the query, and what searches cost here.")
    var explain = false

    @Flag(help: "Show payloads.")
    var payload = false

    @Flag(help: "Show the terms of each score.")
    var parts = false

    @Flag(help: "Print one line of JSON per result list.")
    var json = false

    func validate() throws {
        guard vectors == nil || item == nil else {
            throw ValidationError("--vectors and --item exclude each other")
        }
        guard user != nil || (profile.isEmpty && reranker.isEmpty) else {
            throw ValidationError("--profile and --reranker need a --user")
        }
        guard vectors != nil || item != nil || user != nil else {
            throw ValidationError("one of --vectors, --item and --user is needed")
        }
    }

    func run() async throws {
        let client = try await connect(to)
        let info = try await client.open(collection)
        var request = SearchRequest(
            handle: info.handle,
            source: try source(info),
            k: k,
            beamWidth: beam,
            rescoreCount: rescore,
            user: user
        )
        if user != nil { request.taste = TasteRequest(profile: profile, reranker: reranker) }
        if payload { request.parts.insert(.payload) }
        if parts { request.parts.insert(.scoreParts) }
        request.diversity = diversity.map { DiversityRequest(diversity: $0) }
        try await addFields(to: &request, client)
        let response = try await client.query(request)
        await client.close()
        if let plan = response.plan { try printJSON(PlanLine(plan)) }
        for list in 0..<(response.offsets.count - 1) {
            let line = ResultLine(response, list: list, fields)
            if json {
                try printJSON(line)
            } else {
                line.printTable(isFirst: list == 0)
            }
        }
    }

    private func addFields(
        to request: inout SearchRequest,
        _ client: PalateClient
    ) async throws {
        if explain { request.parts.insert(.plan) }
        guard filter.filter != nil || group != nil || spacing != nil || !fields.isEmpty else {
            return
        }
        let known = try await client.fields(of: request.handle)
        request.filter = try filter.parse(known)
        request.fields = try fields.map { try known.id(of: $0) }
        request.group = try group.map {
            GroupRequest(field: try known.id(of: $0.field), cap: $0.cap)
        }
        request.spacing = try spacing.map {
            SpacingRequest(
                field: try known.id(of: $0.field),
                weight: $0.weight,
                window: $0.window
            )
        }
    }

    private func source(_ info: CollectionInfo) throws -> QuerySource {
        if let item { return .items([item]) }
        guard let vectors else { return .user }
        let file = try NumpyFile(path: vectors)
        guard file.columns == info.schema.dimensions else {
            throw CommandFailure(
                "\(vectors) has \(file.columns) components, \(collection) \(info.schema.dimensions)"
            )
        }
        return .vectors(QueryVectors(narrowing: file.floats, count: file.count))
    }
}

/// `FIELD:MOST` on a command line.
struct GroupArgument: ExpressibleByArgument {
    let field: String
    let cap: Int

    init?(argument: String) {
        let halves = argument.split(separator: ":")
        guard halves.count == 2, let cap = Int(halves[1]), Limits.groupCap.contains(cap) else {
            return nil
        }
        field = String(halves[0])
        self.cap = cap
    }
}

/// FIELD:WEIGHT or FIELD:WEIGHT:PLACES.
struct SpacingArgument: ExpressibleByArgument {
    let field: String
    let weight: Float
    var window = 10

    init?(argument: String) {
        let parts = argument.split(separator: ":")
        guard (2...3).contains(parts.count), let weight = Float(parts[1]), weight > 0 else {
            return nil
        }
        if parts.count == 3 {
            guard let window = Int(parts[2]), Limits.spacingWindow.contains(window) else {
                return nil
            }
            self.window = window
        }
        field = String(parts[0])
        self.weight = weight
    }
}

/// What was decided, as JSON.
private struct PlanLine: Encodable {
    var strategy: String
    var beam: UInt32
    var candidates: UInt32
    var rescored: UInt32
    var rounds: UInt32
    var matches: UInt64
    var rows: UInt64
    var scanNanoseconds: Float
    var walkNanoseconds: Float
    var slotNanoseconds: Float

    init(_ plan: PlanReport) {
        strategy = plan.strategy.name
        beam = plan.beamWidth
        candidates = plan.candidates
        rescored = plan.rescored
        rounds = plan.rounds
        matches = plan.matches
        rows = plan.rows
        scanNanoseconds = plan.scanNanoseconds
        walkNanoseconds = plan.walkNanoseconds
        slotNanoseconds = plan.slotNanoseconds
    }
}

/// One result list.
private struct ResultLine: Encodable {
    struct Hit: Encodable {
        var id: UInt64
        var score: Float
        var parts: [String: Float]?
        var payload: String?
        var fields: [String: String]?
    }

    var hits: [Hit]

    init(_ response: SearchResponse, list: Int, _ names: [String]) {
        hits = (Int(response.offsets[list])..<Int(response.offsets[list + 1])).map { index in
            var hit = Hit(id: response.ids[index], score: response.scores[index])
            if !response.scoreParts.isEmpty {
                let parts = response.scoreParts[index]
                let terms = ScoreTerm.allCases.map { ($0.name, parts[$0]) }
                hit.parts = Dictionary(uniqueKeysWithValues: terms)
            }
            if !response.payloads.isEmpty {
                hit.payload = String(decoding: response.payloads[index], as: UTF8.self)
            }
            if !response.fields.isEmpty {
                let values = zip(names, response.fields).compactMap { name, column in
                    column[index].map { (name, $0.text) }
                }
                hit.fields = Dictionary(values) { $1 }
            }
            return hit
        }
    }

    func printTable(isFirst: Bool) {
        if !isFirst { print("") }
        for hit in hits {
            var line = "\(hit.id)\t\(hit.score)"
            if let parts = hit.parts {
                line +=
                    "\t"
                    + ScoreTerm.names.map { "\($0) \(parts[$0] ?? 0)" }
                    .joined(separator: ", ")
            }
            if let fields = hit.fields {
                line +=
                    "\t"
                    + fields.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
                    .joined(separator: ", ")
            }
            if let payload = hit.payload { line += "\t" + payload }
            print(line)
        }
    }
}
