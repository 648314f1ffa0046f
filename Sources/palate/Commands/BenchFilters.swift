import ArgumentParser
import FoundationEssentials
import PalateFields
import PalateIndex
import PalateKernels
import PalateModel
import PalateQuery

/// `palate bench filters`: filtered queries along the path that served ones take, in this process.
struct BenchFilters: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "filters",
        abstract: "Load rows with fields into a collection of this process, and search by filters.",
        discussion: """
            FOLDER/cases.json is a list of {"name", "expressions"}; FOLDER/NAME.of.npy says which \
            expression each query has (int32 [queries]), FOLDER/NAME.truth.npy the exact answer \
            (int64 [queries, k], -1 where there are fewer). Prints one line of JSON per case and \
            beam (0 = the planner's own): recall, rate (queries per second of processor time, one \
            thread), complete (whether every list has min(k, matches) items), and how many \
            queries took which plan. The case "none" has no filter; its truth is none.truth.npy.
            """
    )

    @Option(help: "Rows, .npy.")
    var vectors: String

    @Option(help: "Queries, .npy as the rows.")
    var queries: String

    @Option(help: "Payloads, one line of JSON per row.")
    var payloads: String

    @Option(parsing: .upToNextOption, help: "Fields of the payloads: NAME:TYPE.")
    var fields: [FieldArgument]

    @Option(help: "The folder of the cases.")
    var cases: String

    @Option(help: "l2, ip or cosine.")
    var metric = "l2"

    @Option(help: "CODES or CODES+FINER.")
    var quantizer = "sq8"

    @Option(help: "Candidates rescored from stored vectors; left out, the planner's choice.")
    var rescore: Int?

    @Option(help: "Results per query.")
    var k = 10

    @Option(parsing: .upToNextOption, help: "Beam widths; 0 = the planner's own.")
    var beams = [0]

    @Option(help: "Queries per request; only those of one expression go together.")
    var batch = 1

    @Option(help: "Passes over the queries; the best counts.")
    var passes = 3

    func run() throws {
        let rows = try NumpyFile(path: vectors)
        let questions = try NumpyFile(path: queries)
        let scratchPath = "\(cases)/palate-\(UInt32.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: scratchPath) }
        let directory = try makeDirectory(scratchPath)
        defer { try? directory.close() }
        let collection = try load(rows, into: directory)
        let data = try Data(contentsOf: URL(filePath: "\(cases)/cases.json"))
        let filtered = try JSONDecoder().decode([FilterCase].self, from: data)
        for filterCase in [FilterCase(name: "none", expressions: [])] + filtered {
            let bench = try FilterBench(
                filterCase,
                in: cases,
                collection: collection,
                queries: questions,
                k: k,
                batch: batch,
                rescore: rescore
            )
            for beam in beams {
                var best = try bench.pass(beamWidth: beam)
                for _ in 1..<passes {
                    let next = try bench.pass(beamWidth: beam)
                    if next.rate > best.rate { best = next }
                }
                try printJSON(best)
            }
        }
    }

    private func makeDirectory(_ path: String) throws -> DataDirectory {
        do throws(IndexError) {
            return try DataDirectory(path: path)
        } catch {
            throw CommandFailure("cannot make \(path): \(error)")
        }
    }

    private func load(_ rows: NumpyFile, into directory: DataDirectory) throws -> Collection {
        let lines = try PayloadLines(path: payloads, count: rows.count)
        let progress = Progress("load", total: rows.count, unit: "rows")
        do throws(RequestError) {
            let collection = try directory.create(
                CollectionSchema(
                    name: "filters",
                    dimensions: rows.columns,
                    metric: metric,
                    quantizer: quantizer
                )
            )
            _ = try collection.writer.perform(.declareFields(fields.map(\.declaration)))
            for first in stride(from: 0, to: rows.count, by: 4_096) {
                let range = first..<min(first + 4_096, rows.count)
                let batch = RowBatch(
                    ids: range.map { ItemID($0) },
                    vectors: rows.floats(range),
                    payloads: lines.lines(range)
                )
                _ = try collection.writer.perform(.upsert(batch))
                progress.update(range.upperBound)
            }
            progress.finish()
            return collection
        } catch {
            throw CommandFailure("\(error)")
        }
    }
}

/// Queries and the filters they have.
struct FilterCase: Decodable {
    var name: String
    var expressions: [String]
}
