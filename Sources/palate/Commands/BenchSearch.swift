import ArgumentParser
import PalateBench
import PalateGraph
import PalateKernels
import PalateModel
import PalateQuantization

/// `palate bench search`: the search core by itself, in this process.
struct BenchSearch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Build an index in memory, or open a collection, and search it at several beams.",
        discussion: """
            Prints one line of JSON per beam: beam, recall, qps, cpu_qps, p50_us, p99_us, \
            rows_scored (by the codes, a query), build_seconds, cpu_build_seconds, index_bytes, \
            resident_bytes, quantizer, kernel, threads. The rates are of the best of --passes \
            passes over all queries, or of all that begin within --seconds: qps by the clock, \
            cpu_qps by processor time (per core, what a busy machine takes away left out). Without \
            --truth the exact neighbours are computed first.

            --auto prints one line of JSON per quantizer and a last one with the choice, and a \
            table on standard error. It asks 1,000 of the queries at most, at beams that grow \
            until recall does not.

            --data searches a collection of a data directory along the path that served queries \
            take, rescoring from stored vectors included. Its lines have open_seconds and \
            collection_bytes (codes, links and ids in memory) instead of the times of a build; \
            resident_bytes counts what pages of the store are mapped, anonymous_bytes does not.
            """
    )

    @Option(help: "Rows, .npy of float32, float16, uint8 or int8.")
    var vectors: String?

    @Option(help: "Queries, .npy as the rows.")
    var queries: String

    @Option(help: "Exact neighbours, .npy of int32 [queries, >= k], row numbers.")
    var truth: String?

    @Option(help: "l2, ip or cosine.")
    var metric: String?

    @Option(
        help: """
            CODES or CODES+FINER of float32, sq16, f16, bf16, sq13, sq8, sq4, rq2, rq1, as \
            sq4+sq13. (default: sq8)
            """
    )
    var quantizer: String?

    @Option(
        help: """
            Hits refined by the finer codes, with --data candidates rescored from stored vectors; \
            left out, as many as their margin calls for, or the planner.
            """
    )
    var rescore: Int?

    @Option(help: "Results per query.")
    var k = 10

    @Option(
        help: """
            Beam widths, separated by commas. (default: 10,16,24,32,48,64,96,128; with --auto, \
            growing)
            """
    )
    var beam: IntegerList?

    @Option(
        help: "M: links per node on the upper levels; level 0 keeps twice as many. (default: 16)"
    )
    var neighbours: Int?

    @Option(help: "efConstruction. (default: 100)")
    var buildBeam: Int?

    @Flag(help: "Lay rows out in an order of space, near ones side by side, before linking them.")
    var order = false

    @Flag(
        help: """
            Keep 64 signs and two numbers of each level-0 link beside it, 384 bytes a row and 32 \
            links, and pass over rows that are too far by them.
            """
    )
    var sketches = false

    @Option(help: "Threads that build, and threads that search.")
    var threads = 1

    @Option(help: "Passes over the queries; the best counts.")
    var passes = 3

    @Option(
        help: """
            Search for so long at each beam instead, in whole passes; all of them count, as with \
            `bench serve`.
            """
    )
    var seconds: Double?

    @Flag(
        help: """
            Afterwards read lists of beam widths from standard input, one a line, and search with \
            each, until its end.
            """
    )
    var beamsFromInput = false

    @Option(help: "Write the rows found at the last beam, .npy of int32 [queries, k].")
    var idsOut: String?

    @Option(help: "Draw recall, rates and bytes, .svg.")
    var plot: String?

    @OptionGroup var ladder: LadderOptions

    @OptionGroup var stored: StoredOptions

    func validate() throws {
        guard Limits.results.contains(k) else { throw ValidationError("-k is \(Limits.results)") }
        guard beam?.values.allSatisfy(Limits.beamWidth.contains) ?? true else {
            throw ValidationError("beam widths are \(Limits.beamWidth)")
        }
        guard neighbours.map(Limits.neighbours.contains) ?? true else {
            throw ValidationError("--neighbours is \(Limits.neighbours)")
        }
        guard buildBeam.map(Limits.buildBeamWidth.contains) ?? true else {
            throw ValidationError("--build-beam is \(Limits.buildBeamWidth)")
        }
        guard rescore.map(Limits.rescoreCount.contains) ?? true else {
            throw ValidationError("--rescore is \(Limits.rescoreCount)")
        }
        guard (1...256).contains(threads), (1...100).contains(passes) else {
            throw ValidationError("--threads is 1 to 256, --passes 1 to 100")
        }
        guard seconds.map({ $0 > 0 && $0 <= 3_600 }) ?? true else {
            throw ValidationError("--seconds is more than 0, 3,600 at most")
        }
        try validateTogether()
    }

    func run() async throws {
        let picture = try plot.map { path throws(FileError) in try OutputFile(path: path) }
        let questions = try NumpyFile(path: queries)
        guard questions.count > 0 else { throw CommandFailure("no queries") }
        if let data = stored.data {
            try searchStored(data, questions, picture)
        } else if ladder.auto {
            let rows = try readRows(questions)
            let (rungs, _) = try chooseQuantizer(rows, questions, printsRungs: true)
            try draw(rungs, of: rows, in: picture)
        } else {
            try searchMemory(questions, picture)
        }
    }

    /// Builds an index of all rows and searches it.
    private func searchMemory(_ questions: NumpyFile, _ picture: OutputFile?) throws {
        let rows = try readRows(questions)
        let exact =
            if let truth {
                try ExactTruth(path: truth, k: min(k, rows.count), queries: questions)
            } else {
                try ExactTruth(
                    k: min(k, rows.count),
                    rows: rows,
                    queries: questions,
                    metric: try requiredMetric()
                )
            }
        let chosen =
            ladder.memoryBudget == nil
            ? quantizer ?? "sq8"
            : try chooseQuantizer(rows, questions, printsRungs: false).choice
        let index = try MemoryIndex(
            rows,
            metric: try requiredMetric(),
            quantizer: chosen,
            parameters: parameters,
            isOrdered: order,
            isSketched: sketches,
            threads: threads
        )
        let subject = MemorySearch(
            index: index,
            queries: questions.floats,
            k: k,
            refineCount: rescore
        )
        var line = SearchLine(
            indexBytes: index.byteCount,
            quantizer: chosen,
            kernel: try KernelTable.selected().name,
            threads: threads
        )
        line.buildSeconds = index.buildSeconds
        line.cpuBuildSeconds = index.cpuBuildSeconds
        let points = try measure(subject, questions.count, exact, like: line)
        let figures = RungFigures(
            name: chosen,
            indexBytes: index.byteCount,
            rowCount: rows.count,
            buildSeconds: index.buildSeconds,
            points: points
        )
        try draw([figures], of: rows, in: picture)
    }

    /// Searches at every beam, printing a line each.
    func measure(
        _ subject: any BenchSubject,
        _ count: Int,
        _ exact: ExactTruth,
        like template: SearchLine
    ) throws -> [OperatingPoint] {
        let bench = SearchBench(subject: subject, count: count, threads: threads)
        var found: [Int32] = []
        var points: [OperatingPoint] = []
        func measure(_ width: Int) throws {
            let shown =
                if let seconds {
                    try bench.all(within: seconds, beamWidth: width)
                } else {
                    try bench.best(of: passes, beamWidth: width)
                }
            found = shown.found
            var line = template
            line.beam = width
            line.recall = exact.recall(of: found, k: k)
            line.qps = shown.rate
            line.cpuQps = shown.cpuRate
            line.p50Us = shown.microseconds(percentile: 50)
            line.p99Us = shown.microseconds(percentile: 99)
            line.rowsScored = shown.rowsScored
            line.residentBytes = residentBytes()
            line.anonymousBytes = anonymousBytes()
            try printJSON(line)
            points.append(OperatingPoint(beamWidth: width, recall: line.recall, rate: line.cpuQps))
        }
        for width in beam?.values ?? [10, 16, 24, 32, 48, 64, 96, 128] { try measure(width) }
        while beamsFromInput, let text = readLine() {
            guard let list = IntegerList(argument: text),
                list.values.allSatisfy(Limits.beamWidth.contains)
            else { throw CommandFailure("no list of beam widths: \(text)") }
            for width in list.values { try measure(width) }
        }
        if let idsOut { try NumpyWriter.write(found, columns: k, to: idsOut) }
        return points
    }
}

/// One line of `palate bench search`.
struct SearchLine: Encodable {
    var beam = 0
    var recall = 0.0
    var qps = 0.0
    var cpuQps = 0.0
    var p50Us = 0.0
    var p99Us = 0.0
    /// A query.
    var rowsScored = 0.0
    /// Of an index in memory.
    var buildSeconds: Double?
    var cpuBuildSeconds: Double?
    /// Of a collection.
    var openSeconds: Double?
    var collectionBytes: Int?
    /// Codes and links.
    var indexBytes: Int
    var residentBytes = 0
    var anonymousBytes = 0
    var quantizer: String
    var kernel: String
    var threads: Int

    init(indexBytes: Int, quantizer: String, kernel: String, threads: Int) {
        self.indexBytes = indexBytes
        self.quantizer = quantizer
        self.kernel = kernel
        self.threads = threads
    }
}
