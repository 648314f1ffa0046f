import ArgumentParser
import PalateGraph
import PalateKernels
import PalateModel
import PalateQuantization

/// `palate bench search`: the search core by itself, in this process.
struct BenchSearch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Build an index in memory and search it at several beam widths.",
        discussion: """
            Prints one line of JSON per beam: beam, recall, qps, cpu_qps, p50_us, p99_us, \
            build_seconds, cpu_build_seconds, index_bytes, resident_bytes, kernel, threads. The \
            rates are of the best of --passes passes over all queries: qps by the clock, cpu_qps \
            by processor time (per core, what a busy machine takes away left out). Without --truth \
            the exact neighbours are computed first.
            """
    )

    @Option(help: "Rows, .npy of float32, float16, uint8 or int8.")
    var vectors: String

    @Option(help: "Queries, .npy as the rows.")
    var queries: String

    @Option(help: "Exact neighbours, .npy of int32 [queries, >= k], row numbers.")
    var truth: String?

    @Option(help: "l2, ip or cosine.")
    var metric: String

    @Option(help: "CODES or CODES+FINER of float32, f16, bf16, sq8, sq4, rq2, rq1: sq4+f16.")
    var quantizer = "sq8"

    @Option(help: "Hits refined by the finer codes; left out, as many as their margin calls for.")
    var rescore: Int?

    @Option(help: "Results per query.")
    var k = 10

    @Option(help: "Beam widths, separated by commas.")
    var beam: IntegerList = IntegerList([10, 16, 24, 32, 48, 64, 96, 128])

    @Option(help: "M: links per node on the upper levels; level 0 keeps twice as many.")
    var neighbours = 16

    @Option(help: "efConstruction.")
    var buildBeam = 100

    @Flag(help: "Lay rows out in an order of space, near ones side by side, before linking them.")
    var order = false

    @Option(help: "Threads that build, and threads that search.")
    var threads = 1

    @Option(help: "Passes over the queries; the best counts.")
    var passes = 3

    @Flag(
        help: """
            Afterwards read lists of beam widths from standard input, one a line, and search with \
            each, until its end.
            """
    )
    var beamsFromInput = false

    @Option(help: "Write the rows found at the last beam, .npy of int32 [queries, k].")
    var idsOut: String?

    func validate() throws {
        guard Limits.results.contains(k) else { throw ValidationError("-k is \(Limits.results)") }
        guard beam.values.allSatisfy(Limits.beamWidth.contains) else {
            throw ValidationError("beam widths are \(Limits.beamWidth)")
        }
        guard Limits.neighbours.contains(neighbours) else {
            throw ValidationError("--neighbours is \(Limits.neighbours)")
        }
        guard Limits.buildBeamWidth.contains(buildBeam) else {
            throw ValidationError("--build-beam is \(Limits.buildBeamWidth)")
        }
        guard (1...256).contains(threads), (1...100).contains(passes) else {
            throw ValidationError("--threads is 1 to 256, --passes 1 to 100")
        }
    }

    func run() async throws {
        let rows = try NumpyFile(path: vectors)
        let questions = try NumpyFile(path: queries)
        guard rows.columns == questions.columns else {
            throw CommandFailure(
                "queries have \(questions.columns) components, rows \(rows.columns)"
            )
        }
        guard rows.count > 0, questions.count > 0 else { throw CommandFailure("nothing to search") }
        let exact = try ExactTruth(
            path: truth,
            k: min(k, rows.count),
            rows: rows,
            queries: questions,
            metric: metric
        )
        let index = try MemoryIndex(
            rows,
            metric: metric,
            quantizer: quantizer,
            parameters: GraphParameters(neighbours: neighbours, buildBeamWidth: buildBeam),
            isOrdered: order,
            threads: threads
        )
        let bench = SearchBench(
            index: index,
            queries: questions.floats,
            count: questions.count,
            k: k,
            refineCount: rescore,
            threads: threads
        )
        var found: [Int32] = []
        for width in beam.values { found = try measure(width, bench, index, exact) }
        while beamsFromInput, let line = readLine() {
            guard let list = IntegerList(argument: line),
                list.values.allSatisfy(Limits.beamWidth.contains)
            else { throw CommandFailure("no list of beam widths: \(line)") }
            for width in list.values { found = try measure(width, bench, index, exact) }
        }
        if let idsOut { try NumpyWriter.write(found, columns: k, to: idsOut) }
    }

    /// Prints the line of one beam width: of the best of the passes.
    ///
    /// - Returns: the rows found, shape [queries, k].
    private func measure(
        _ width: Int,
        _ bench: SearchBench,
        _ index: MemoryIndex,
        _ exact: ExactTruth
    ) throws -> [Int32] {
        var best = bench.pass(beamWidth: width)
        for _ in 1..<passes {
            let next = bench.pass(beamWidth: width)
            if next.cpuSeconds < best.cpuSeconds { best = next }
        }
        try printJSON(
            SearchLine(
                beam: width,
                recall: exact.recall(of: best.found, k: k),
                qps: Double(bench.count) / best.seconds,
                cpuQps: Double(bench.count) / best.cpuSeconds,
                p50Us: best.p50,
                p99Us: best.p99,
                buildSeconds: index.buildSeconds,
                cpuBuildSeconds: index.cpuBuildSeconds,
                indexBytes: index.byteCount,
                residentBytes: residentBytes(),
                kernel: KernelTable.selected().name,
                threads: threads
            )
        )
        return best.found
    }
}

/// One line of `palate bench search`.
private struct SearchLine: Encodable {
    var beam: Int
    var recall: Double
    var qps: Double
    var cpuQps: Double
    var p50Us: Double
    var p99Us: Double
    var buildSeconds: Double
    var cpuBuildSeconds: Double
    var indexBytes: Int
    var residentBytes: Int
    var kernel: String
    var threads: Int
}
