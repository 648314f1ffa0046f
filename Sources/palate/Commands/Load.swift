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

            A load that was cut short on either side goes on with --resume and the same arguments: \
            rows that are durable are not sent again. Without it, loading starts over.

            --generation new loads beside the live generation, which goes on serving; palate \
            generation then checks and swaps.
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

    @Option(
        parsing: .upToNextOption,
        help: "Fields of the payloads: NAME:TYPE or NAME:TYPE@POINTER."
    )
    var fields: [FieldArgument] = []

    @OptionGroup var choices: SchemaOptions

    @Option(help: "live, or new: a generation beside the live one.")
    var generation = GenerationChoice.live

    @Option(help: "Name and version of the embedding model; for a new generation.")
    var model = ""

    @Option(help: "The loader's lasting id; from the files, their sizes and times where absent.")
    var loaderId: UInt64?

    @Flag(help: "Go on with a load that was cut short.")
    var resume = false

    @Flag(help: "Print one line of JSON.")
    var json = false

    func run() async throws {
        let rows = try NumpyFile(path: vectors)
        let items = try readIDs(count: rows.count)
        let payloads = try payload.map { try PayloadLines(path: $0, count: rows.count) }
        let started = ContinuousClock.now
        let client = try await connect(to)
        let info = try await target(client, dimensions: rows.columns)
        guard info.schema.dimensions == rows.columns else {
            throw CommandFailure(
                "\(vectors) has \(rows.columns) components, \(collection) \(info.schema.dimensions)"
            )
        }
        if !fields.isEmpty {
            _ = try await client.declareFields(fields.map(\.declaration), in: info.handle)
        }
        let fitting = rowsPerFrame(client, dimensions: rows.columns)
        let begin = LoadBegin(
            handle: info.handle,
            loaderID: try loaderId ?? identity(rowsPerFrame: fitting),
            epoch: 0,
            start: resume ? .resume : .restart
        )
        var load = try await BulkLoad(client, begin)
        let progress = Progress("load", total: rows.count, unit: "rows")
        // The same frames in every run, so that a sequence means the same rows.
        let step = max(1, min(Int(load.grant.suggestedRows), fitting))
        let resumedRows = min(rows.count, Int(load.grant.durableSequence) * step)
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
            generation: info.generation,
            rows: rows.count,
            resumedRows: resumedRows,
            seconds: seconds,
            rowsPerSecond: Double(rows.count - resumedRows) / seconds,
            version: receipt.version
        )
        if json {
            try printJSON(line)
        } else {
            print(
                "\(line.rows) rows"
                    + (resumedRows > 0 ? ", \(resumedRows) of them before" : "")
                    + " in \(line.seconds.rounded(to: 2)) s, "
                    + "\(Int(line.rowsPerSecond)) rows/s, version \(line.version), "
                    + "generation \(line.generation)"
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

    /// What to load into: the live generation, made where there is no collection, or a candidate.
    private func target(
        _ client: PalateClient,
        dimensions: Int
    ) async throws -> CollectionInfo {
        let schema = choices.schema(collection, dimensions: dimensions, like: nil)
        guard generation == .new else { return try await openOrCreate(client, schema) }
        let live = try await client.open(collection)
        let there = try await client.generations(of: collection)
        if let candidate = there.first(where: { $0.role == .candidate }) {
            guard resume else {
                throw CommandFailure(
                    "generation \(candidate.info.generation) of \(collection) is a candidate "
                        + "already: --resume goes on with it, palate generation drop removes it"
                )
            }
            return candidate.info
        }
        return try await client.createGeneration(
            GenerationCreate(
                handle: live.handle,
                schema: choices.schema(collection, dimensions: dimensions, like: live.schema),
                model: model
            )
        )
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

    /// What fits half a frame beside payloads, some 4 MiB of vectors, and the protocol.
    private func rowsPerFrame(_ client: PalateClient, dimensions: Int) -> Int {
        let bytes = min(client.bodyBytesMax / 2, 4 << 20)
        return min(max(1, bytes / (4 * dimensions + 8)), Limits.rowsPerRequest.upperBound)
    }

    /// A number that the same load has again: of its collection, files and frames.
    private func identity(rowsPerFrame: Int) throws -> UInt64 {
        var identity = LoadIdentity(collection, rowsPerFrame: rowsPerFrame)
        for path in [vectors, ids, payload] { try identity.add(path) }
        return identity.number
    }
}

/// Where a load goes.
enum GenerationChoice: String, ExpressibleByArgument {
    case live
    case new
}

/// What a new collection or generation is; a generation is like the live one where nothing is said.
struct SchemaOptions: ParsableArguments {
    @Option(help: "l2, ip or cosine; for a new collection (cosine) or generation.")
    var metric: String?

    @Option(
        help: "CODES or CODES+FINER, sq8 or sq4+f16, say; for a new collection (sq8) or generation."
    )
    var quantizer: String?

    @Option(help: "M; for a new collection (16) or generation.")
    var neighbours: Int?

    @Option(help: "efConstruction; for a new collection (100) or generation.")
    var buildBeam: Int?

    func schema(
        _ name: String,
        dimensions: Int,
        like other: CollectionSchema?
    ) -> CollectionSchema {
        var schema =
            other ?? CollectionSchema(name: name, dimensions: dimensions, metric: "cosine")
        schema.dimensions = dimensions
        schema.metric = metric ?? schema.metric
        schema.quantizer = quantizer ?? schema.quantizer
        schema.neighbours = neighbours ?? schema.neighbours
        schema.buildBeamWidth = buildBeam ?? schema.buildBeamWidth
        return schema
    }
}

/// The result as JSON.
private struct LoadLine: Encodable {
    var collection: String
    var generation: UInt64
    var rows: Int
    var resumedRows: Int
    var seconds: Double
    var rowsPerSecond: Double
    var version: UInt64
}

extension Double {
    /// Rounded to so many digits behind the point.
    func rounded(to digits: Int) -> Double {
        let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
        return (self * scale).rounded() / scale
    }
}
