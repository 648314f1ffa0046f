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
        if user != nil { request.taste = TasteRequest() }
        if payload { request.parts.insert(.payload) }
        if parts { request.parts.insert(.scoreParts) }
        request.diversity = diversity.map { DiversityRequest(diversity: $0) }
        let response = try await client.query(request)
        await client.close()
        for list in 0..<(response.offsets.count - 1) {
            let line = ResultLine(response, list: list)
            if json {
                try printJSON(line)
            } else {
                line.printTable(isFirst: list == 0)
            }
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
        return .vectors(file.floats, count: file.count)
    }
}

/// One result list.
private struct ResultLine: Encodable {
    struct Hit: Encodable {
        var id: UInt64
        var score: Float
        var parts: [String: Float]?
        var payload: String?
    }

    var hits: [Hit]

    init(_ response: SearchResponse, list: Int) {
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
            if let payload = hit.payload { line += "\t" + payload }
            print(line)
        }
    }
}
