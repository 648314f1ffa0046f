import NIOCore
import PalateClient
import PalateModel

/// The Swift client's quick start: writes pictures, asks for similar ones, and learns what a person
/// likes.
///
/// `swift run palate-quick-start HOST:PORT`; tests run it against a server of their own.
@main
package struct QuickStart {
    private static let (topics, perTopic, dimensions) = (20, 100, 64)

    static func main() async throws {
        let address = CommandLine.arguments.dropFirst().first ?? "127.0.0.1:7411"
        let parts = address.split(separator: ":")
        guard parts.count == 2, let port = Int(parts[1]) else {
            print("usage: palate-quick-start HOST:PORT, not \(address)")
            return
        }
        try await run(host: String(parts[0]), port: port) { print($0) }
    }

    /// Runs all of it, in a collection that is dropped at the end.
    ///
    /// - Parameters:
    ///   - host: of the server.
    ///   - port: of the server.
    ///   - say: gets what was found, line by line.
    /// - Throws: `PalateClientError` as the client does.
    package static func run(host: String, port: Int, say: (String) -> Void) async throws {
        // Retries for what may be sent twice, and a second request where the first is late.
        let options = ClientOptions(connections: 2, retries: 2, hedgeAfter: .milliseconds(20))
        let client = try await PalateClient.connect(host: host, port: port, options: options)
        let schema = CollectionSchema(name: "quick-start", dimensions: dimensions, metric: "cosine")
        let pictures = try await client.createCollection(schema).handle
        let vectors = embeddings()
        try await write(vectors, to: pictures, client, say)
        try await similar(vectors, in: pictures, client, say)
        try await learn(in: pictures, client, say)
        try await client.dropCollection("quick-start")
        await client.close()
    }

    /// What a vision encoder would have made of the pictures: those of a topic lie near each other.
    private static func embeddings() -> [Float] {
        (0..<topics * perTopic).flatMap { picture in
            (0..<dimensions).map { component in
                let topic = component % topics == picture / perTopic ? 4 : 0 as Float
                return topic + Float.random(in: -1...1)
            }
        }
    }

    /// Rows with a payload, in one write: durable and searchable when it returns.
    ///
    /// `BulkLoad` is for millions.
    private static func write(
        _ vectors: [Float],
        to pictures: UInt32,
        _ client: PalateClient,
        _ say: (String) -> Void
    ) async throws {
        let ids = (0..<topics * perTopic).map { ItemID($0) }
        let payloads = ids.map { Array(#"{"topic": \#(Int($0) / perTopic)}"#.utf8) }
        let rows = RowBatch(ids: ids, vectors: vectors, payloads: payloads)
        let receipt = try await client.upsert(handle: pictures, rows: rows)
        say("wrote \(receipt.changed) pictures, version \(receipt.version)")
    }

    /// By vectors, many at once and as narrow as they stay exact; and by an item.
    private static func similar(
        _ vectors: [Float],
        in pictures: UInt32,
        _ client: PalateClient,
        _ say: (String) -> Void
    ) async throws {
        let asked = QueryVectors(narrowing: Array(vectors[..<(10 * dimensions)]), count: 10)
        let found = try await client.query(
            SearchRequest(handle: pictures, source: .vectors(asked), k: 5),
            timeout: .milliseconds(500)
        )
        let first = found.offsets.dropLast().map { found.ids[Int($0)] }
        say("nearest to the first ten: \(first)")

        var request = SearchRequest(handle: pictures, source: .items([250]), k: 3)
        request.parts = [.payload]
        let like = try await client.query(request)
        let payloads = like.payloads.map { String(decoding: $0, as: UTF8.self) }
        say("like picture 250: \(payloads)")
    }

    /// What somebody does changes what they get.
    private static func learn(
        in pictures: UInt32,
        _ client: PalateClient,
        _ say: (String) -> Void
    ) async throws {
        // The time 0 is the server's now.
        let saves = [710, 720, 730].map { item in
            Event(user: 42, item: item, type: .save, timeMilliseconds: 0)
        }
        _ = try await client.record(handle: pictures, events: saves)
        let feed = try await client.query(
            SearchRequest(
                handle: pictures,
                source: .user,
                k: 10,
                user: 42,
                taste: TasteRequest(),
                diversity: DiversityRequest(diversity: 0.2)
            )
        )
        let liked = feed.ids.filter { Int($0) / perTopic == 7 }.count
        say("for somebody who saved three of topic 7: \(liked) of \(feed.ids.count) are of it")
    }
}
