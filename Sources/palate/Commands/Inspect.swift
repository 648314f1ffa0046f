import ArgumentParser
import PalateBench
import PalateIndex
import PalateModel

/// `palate inspect`.
struct Inspect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what a data directory holds.",
        discussion: "No server may have the directory open; ask a running one with stats."
    )

    @Option(help: "The data directory.")
    var data: String

    @Flag(help: "Print one line of JSON per collection.")
    var json = false

    func run() async throws {
        let collections: [CollectionInspection]
        do throws(IndexError) {
            collections = try Inspection.run(path: data)
        } catch {
            throw CommandFailure("cannot inspect \(data): \(error)")
        }
        for collection in collections {
            let line = InspectLine(collection)
            if json {
                try printJSON(line)
            } else {
                print(
                    """
                    \(line.name): generation \(line.generation), \(line.dimensions) dimensions, \
                    \(line.metric), \(line.quantizer), M \(line.neighbours), \
                    efConstruction \(line.buildBeamWidth)
                      rows \(line.rows), deleted \(line.deletedRows), version \(line.version), \
                    watermark \(line.watermark), tail \(line.tailRows), dictionary \
                    \(line.dictionaryId)
                      store \(ByteSize(bytes: line.storedBytes)) and \
                    \(ByteSize(bytes: line.freeBytes)) free
                    """
                )
                for table in line.tables { print("  \(table.name): \(table.entries) entries") }
            }
        }
    }
}

/// One collection as JSON.
private struct InspectLine: Encodable {
    struct Table: Encodable {
        var name: String
        var entries: Int
    }

    var name: String
    var generation: UInt64
    var dimensions: Int
    var metric: String
    var quantizer: String
    var neighbours: Int
    var buildBeamWidth: Int
    var rows: Int
    var deletedRows: Int
    var version: UInt64
    var watermark: Int
    var tailRows: Int
    var storedBytes: Int
    var freeBytes: Int
    var dictionaryId: UInt32
    var tables: [Table]

    init(_ collection: CollectionInspection) {
        name = collection.schema.name
        generation = collection.generation
        dimensions = collection.schema.dimensions
        metric = collection.schema.metric
        quantizer = collection.schema.quantizer
        neighbours = collection.schema.neighbours
        buildBeamWidth = collection.schema.buildBeamWidth
        rows = collection.rows
        deletedRows = collection.deletedRows
        version = collection.version
        watermark = collection.watermark
        tailRows = max(0, collection.rows - collection.watermark)
        storedBytes = collection.storedBytes
        freeBytes = collection.freeBytes
        dictionaryId = collection.dictionaryID
        tables = collection.tables.map { Table(name: $0.name, entries: $0.entries) }
    }
}
