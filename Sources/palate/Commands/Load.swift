import ArgumentParser
import NIOCore
import PalateClient
import PalateModel
import PalateWire

/// `palate load`.
struct Load: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Load vectors and payloads into a collection of a running server.",
        discussion: """
            Makes the collection when it is not there. Every frame is acknowledged when its rows \
            are durable; the load ends with a check of the row count and the ids.
            """
    )

    @Option(help: "HOST:PORT of the server.")
    var to: ListenAddress

    @Option(help: "The collection's name.")
    var collection: String

    @Option(help: "Rows, .npy of float32, float16, uint8 or int8.")
    var vectors: String

    @Option(help: "Item ids, .npy of integers; row numbers where there is none.")
    var ids: String?

    @Option(help: "Payloads, one line per row, stored as they are.")
    var payload: String?

    @Option(help: "l2, ip or cosine; for a new collection.")
    var metric = "cosine"

    @Option(help: "CODES or CODES+FINER, sq8 or sq4+f16, say; for a new collection.")
    var quantizer = "sq8"

    @Option(help: "M; for a new collection.")
    var neighbours = 16

    @Option(help: "efConstruction; for a new collection.")
    var buildBeam = 100

    @Option(help: "The loader's lasting id; random where there is none.")
    var loaderId: UInt64?

    @Flag(help: "Print one line of JSON.")
    var json = false

    func run() async throws {
        let rows = try NumpyFile(path: vectors)
        let items = try readIDs(count: rows.count)
        let payloads = try payload.map { try PayloadLines(path: $0, count: rows.count) }
        let started = ContinuousClock.now
        let client = try await connect(to)
        let schema = CollectionSchema(
            name: collection,
            dimensions: rows.columns,
            metric: metric,
            quantizer: quantizer,
            neighbours: neighbours,
            buildBeamWidth: buildBeam
        )
        let info = try await openOrCreate(client, schema)
        guard info.schema.dimensions == rows.columns else {
            throw CommandFailure(
                "\(vectors) has \(rows.columns) components, \(collection) \(info.schema.dimensions)"
            )
        }
        let begin = LoadBegin(
            handle: info.handle,
            loaderID: loaderId ?? .random(in: 1 ... .max),
            epoch: 1
        )
        var load = try await BulkLoad(client, begin)
        let progress = Progress("load", total: rows.count, unit: "rows")
        let step = rowsPerFrame(client, load.grant, dimensions: rows.columns)
        for first in stride(from: 0, to: rows.count, by: step) {
            let range = first..<min(first + step, rows.count)
            try await load.append(
                RowBatch(
                    ids: Array(items[range]),
                    vectors: rows.floats(range),
                    payloads: payloads?.lines(range) ?? []
                )
            )
            progress.update(range.upperBound)
        }
        let receipt = try await load.finish()
        progress.finish()
        let seconds = (ContinuousClock.now - started).seconds
        await client.close()
        let line = LoadLine(
            collection: collection,
            rows: rows.count,
            seconds: seconds,
            rowsPerSecond: Double(rows.count) / seconds,
            version: receipt.version
        )
        if json {
            try printJSON(line)
        } else {
            print(
                "\(line.rows) rows in \(line.seconds.rounded(to: 2)) s, "
                    + "\(Int(line.rowsPerSecond)) rows/s, version \(line.version)"
            )
        }
    }

    private func readIDs(count: Int) throws -> [ItemID] {
        guard let ids else { return (0..<count).map { ItemID($0) } }
        let file = try NumpyFile(path: ids)
        guard file.count == count, file.columns == 1 else {
            throw CommandFailure(
                "\(ids) holds \(file.count) x \(file.columns) ids, expected \(count)"
            )
        }
        return try file.integers().map { ItemID(bitPattern: Int64($0)) }
    }

    private func openOrCreate(
        _ client: PalateClient,
        _ schema: CollectionSchema
    ) async throws -> CollectionInfo {
        do {
            return try await client.open(schema.name)
        } catch  where error.status == .unknownCollection {
            return try await client.createCollection(schema)
        }
    }

    /// What the server suggests, and what fits half a frame beside payloads.
    private func rowsPerFrame(
        _ client: PalateClient,
        _ grant: LoadGrant,
        dimensions: Int
    ) -> Int {
        let fitting = client.bodyBytesMax / 2 / (4 * dimensions + 8)
        return max(1, min(Int(grant.suggestedRows), fitting))
    }
}

/// The result as JSON.
private struct LoadLine: Encodable {
    var collection: String
    var rows: Int
    var seconds: Double
    var rowsPerSecond: Double
    var version: UInt64
}

/// Connects, or says in one line why not.
func connect(_ address: ListenAddress) async throws -> PalateClient {
    let options = ClientOptions(clientName: "palate", requestTimeout: .minutes(10))
    do {
        return switch address.kind {
        case .tcp(let host, let port):
            try await PalateClient.connect(host: host, port: port, options: options)
        case .unix(let path):
            try await PalateClient.connect(unixSocketPath: path, options: options)
        }
    } catch {
        throw CommandFailure("cannot connect to \(address): \(error)")
    }
}

extension Double {
    /// Rounded to so many digits behind the point.
    func rounded(to digits: Int) -> Double {
        let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
        return (self * scale).rounded() / scale
    }
}
