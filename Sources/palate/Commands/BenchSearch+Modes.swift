import ArgumentParser
import Glibc
import PalateBench
import PalateGraph
import PalateIndex
import PalateKernels
import PalateModel

// The ways of `palate bench search` beside one quantizer on a file: the ladder, and collections.

extension BenchSearch {
    /// Links as asked for.
    var parameters: GraphParameters {
        GraphParameters(neighbours: neighbours ?? 16, buildBeamWidth: buildBeam ?? 100)
    }

    /// The metric that `validate` made sure of.
    func requiredMetric() throws -> String {
        guard let metric else { throw ValidationError("--metric is needed") }
        return metric
    }

    /// Options that make sense together.
    func validateTogether() throws {
        guard ladder.recall == nil || ladder.isAsked || plot != nil else {
            throw ValidationError("--recall is for --auto, --memory-budget and --plot")
        }
        guard stored.data == nil else {
            try validateStored()
            return
        }
        guard vectors != nil, metric != nil else {
            throw ValidationError("--vectors and --metric are needed, or --data and --collection")
        }
        guard quantizer == nil || !ladder.isAsked else {
            throw ValidationError("--quantizer is what --auto and --memory-budget choose")
        }
        guard !sketches || !ladder.isAsked else {
            throw ValidationError("--sketches is beside what --auto and --memory-budget choose")
        }
        guard !sketches || 2 * parameters.neighbours <= LiveGraph.estimatedLinksMax else {
            let most = LiveGraph.estimatedLinksMax / 2
            throw ValidationError("--sketches needs --neighbours of at most \(most)")
        }
        let wanting: [(isGiven: Bool, name: String)] = [
            (truth != nil, "--truth"), (idsOut != nil, "--ids-out"),
            (beamsFromInput, "--beams-from-input"), (seconds != nil, "--seconds"),
        ]
        if ladder.auto, let first = wanting.first(where: \.isGiven) {
            throw ValidationError(
                "--auto searches a sample in --passes and computes its truth: "
                    + "leave out \(first.name)"
            )
        }
    }

    private func validateStored() throws {
        let superfluous: [(isGiven: Bool, name: String)] = [
            (metric != nil, "--metric"), (quantizer != nil, "--quantizer"), (order, "--order"),
            (sketches, "--sketches"),
            (neighbours != nil, "--neighbours"), (buildBeam != nil, "--build-beam"),
            (ladder.auto, "--auto"), (ladder.memoryBudget != nil, "--memory-budget"),
        ]
        if let first = superfluous.first(where: \.isGiven) {
            throw ValidationError("--data searches a collection as it is: leave out \(first.name)")
        }
        guard (truth == nil) != (vectors == nil) else {
            throw ValidationError(
                "--data needs --truth, or --vectors to compute it from, and not both"
            )
        }
    }

    /// The rows, as many components as the queries.
    func readRows(_ questions: NumpyFile) throws -> NumpyFile {
        guard let vectors else { throw ValidationError("--vectors is needed") }
        let rows = try NumpyFile(path: vectors)
        guard rows.columns == questions.columns else {
            throw CommandFailure(
                "queries have \(questions.columns) components, rows \(rows.columns)"
            )
        }
        guard rows.count > 0 else { throw CommandFailure("nothing to search") }
        return rows
    }

    // MARK: The ladder

    /// Climbs the ladder on a sample and prints the table.
    ///
    /// - Returns: all rungs, and the name of the best.
    func chooseQuantizer(
        _ rows: NumpyFile,
        _ questions: NumpyFile,
        printsRungs: Bool
    ) throws -> (rungs: [RungFigures], choice: String) {
        let asked = ladder.recall ?? LadderOptions.recallDefault
        let tried = Ladder(
            rows: rows.sample(ladder.sample ?? LadderOptions.sampleDefault),
            wholeCount: rows.count,
            queries: questions.sample(Ladder.queriesMax),
            metric: try requiredMetric(),
            parameters: parameters,
            isOrdered: order,
            threads: threads,
            passes: passes,
            k: k,
            refineCount: rescore,
            beams: printsRungs ? beam?.values : nil,
            budget: ladder.memoryBudget
        )
        let rungs = try tried.climb { if printsRungs { try printJSON($0) } }
        let best = try Ladder.choose(rungs, atRecall: asked, budget: ladder.memoryBudget)
        let line = ChoiceLine(
            choice: best.name,
            indexBytes: best.indexBytes,
            bytesPerItem: best.bytesPerItem,
            memoryBudget: ladder.memoryBudget?.bytes,
            recallAsked: asked,
            cpuQpsAtRecall: best.points.rate(atRecall: asked)?.rate,
            highestRecall: best.highestRecall,
            sampleRows: tried.rows.count,
            rows: rows.count
        )
        let table = LadderTable.text(of: rungs, atRecall: asked)
        writeToStandardError(table + line.sentence + "\n")
        if printsRungs { try printJSON(line) }
        return (rungs, best.name)
    }

    /// Draws rungs where a picture is asked for.
    func draw(_ rungs: [RungFigures], of rows: NumpyFile, in picture: OutputFile?) throws {
        guard let picture else { return }
        let name = rows.path.split(separator: "/").suffix(2).joined(separator: "/")
        let size = "\(Numbers.grouped(Double(rows.count))) x \(rows.columns)"
        try draw(rungs, title: "\(name), \(size), \(metric ?? "")", in: picture)
    }

    private func draw(_ rungs: [RungFigures], title: String, in picture: OutputFile) throws {
        let svg = RecallPlot.svg(
            of: rungs,
            atRecall: ladder.recall ?? LadderOptions.recallDefault,
            k: k,
            title: title
        )
        try picture.write(svg)
    }

    // MARK: Collections

    /// Opens a data directory and searches one of its collections.
    func searchStored(_ data: String, _ questions: NumpyFile, _ picture: OutputFile?) throws {
        let started = ContinuousClock.now
        let directory = try StoredSearch.open(data)
        let openSeconds = (ContinuousClock.now - started).seconds
        let name = stored.collection ?? ""
        let subject = try StoredSearch(
            directory,
            name,
            queries: questions,
            k: k,
            rescoreCount: rescore,
            ids: stored.ids
        )
        let exact = try storedTruth(subject, questions)
        let schema = subject.collection.info.schema
        var line = SearchLine(
            indexBytes: subject.linkAndCodeBytes,
            quantizer: schema.quantizer,
            kernel: try KernelTable.selected().name,
            threads: threads
        )
        line.openSeconds = openSeconds
        line.collectionBytes = subject.collection.indexBytes
        let points = try measure(subject, questions.count, exact, like: line)
        let figures = RungFigures(
            name: schema.quantizer,
            indexBytes: subject.linkAndCodeBytes,
            rowCount: subject.collection.graph.count,
            buildSeconds: nil,
            points: points
        )
        if let picture {
            let count = Numbers.grouped(Double(subject.collection.graph.count))
            let size = "\(count) x \(schema.dimensions)"
            try draw([figures], title: "\(name), \(size), \(schema.metric)", in: picture)
        }
        try StoredSearch.close(directory)
    }

    /// The file's, or computed from the rows that were loaded.
    private func storedTruth(
        _ subject: StoredSearch,
        _ questions: NumpyFile
    ) throws -> ExactTruth {
        let live = subject.collection.graph.liveCount
        if let truth { return try ExactTruth(path: truth, k: min(k, live), queries: questions) }
        let rows = try readRows(questions)
        guard rows.count == live else {
            throw CommandFailure("\(rows.path) has \(rows.count) rows, the collection \(live)")
        }
        return try ExactTruth(
            k: min(k, rows.count),
            rows: rows,
            queries: questions,
            metric: subject.collection.info.schema.metric
        )
    }
}

/// What `--auto` chose, as its last line.
private struct ChoiceLine: Encodable {
    var choice: String
    var indexBytes: Int
    var bytesPerItem: Double
    var memoryBudget: Int?
    var recallAsked: Double
    /// On the sample; left out where no beam reaches the recall.
    var cpuQpsAtRecall: Double?
    var highestRecall: Double
    var sampleRows: Int
    var rows: Int

    /// The same for people.
    var sentence: String {
        let budget = memoryBudget.map { ", within \(ByteSize(bytes: $0))" } ?? ""
        let asked = Numbers.plain(recallAsked, digits: 4)
        let reason =
            cpuQpsAtRecall.map { "\(Numbers.grouped($0)) queries/s at recall \(asked)" }
            ?? "recall \(Numbers.plain(highestRecall, digits: 4)), none reaches \(asked)"
        return "choice: \(choice), \(reason), \(ByteSize(bytes: indexBytes)) for "
            + "\(Numbers.grouped(Double(rows))) rows\(budget) (measured on "
            + "\(Numbers.grouped(Double(sampleRows))))"
    }
}

/// Writes to standard error at once.
private func writeToStandardError(_ text: String) {
    _ = Array(text.utf8).withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
}
