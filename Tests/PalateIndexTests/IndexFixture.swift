import PalateIndex
import PalateModel
import TestKit

/// A data directory with one collection of clustered vectors, whose ids are 1,000 + row.
struct IndexFixture {
    let temporary = TemporaryDirectory()
    let vectors: ClusteredVectors
    let schema: CollectionSchema

    init(count: Int, dimensions: Int = 16, metric: String = "l2", quantizer: String = "sq8") {
        var generator = SeededGenerator(seed: 7)
        vectors = ClusteredVectors(count: count, dimensions: dimensions, using: &generator)
        schema = CollectionSchema(
            name: "pins",
            dimensions: dimensions,
            metric: metric,
            quantizer: quantizer
        )
    }

    var path: String { temporary.path + "/data" }

    /// Opens the directory with maps small enough for a test machine.
    func open(generationMapBytes: Int = 1 << 30) throws -> DataDirectory {
        var options = DataDirectoryOptions()
        options.generationMapBytes = generationMapBytes
        options.tasteMapBytes = 1 << 28
        options.buildThreads = 2
        return try DataDirectory(path: path, options: options)
    }

    static func item(_ row: Int) -> ItemID { ItemID(1_000 + row) }

    func batch(_ rows: Range<Int>) -> RowBatch {
        RowBatch(
            ids: rows.map(Self.item),
            vectors: rows.flatMap { Array(vectors[$0]) },
            payloads: rows.map { Self.payload($0) }
        )
    }

    static func payload(_ row: Int) -> [UInt8] {
        Array(#"{"title":"picture \#(row)","keywords":["garden","sea","cat"]}"#.utf8)
    }
}

/// Runs one operation and returns its receipt.
func write(_ operation: WriteOperation, to collection: Collection) throws -> WriteReceipt {
    guard case .receipt(let receipt) = try collection.writer.perform(operation) else {
        throw RequestError.internalFailure(reason: "no receipt")
    }
    return receipt
}
