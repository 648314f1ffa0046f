import ArgumentParser
import Dispatch
import Histogram
import PalateGraph
import PalateKernels
import PalateModel
import PalateQuantization
import Synchronization

/// `palate bench search`: the search core by itself, in this process.
struct BenchSearch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Build an index in memory and search it at several beam widths.",
        discussion: """
            Prints one line of JSON per beam: beam, recall, qps, p50_us, p99_us, build_seconds, \
            index_bytes, resident_bytes, kernel, threads. The rate is the best of --passes passes \
            over all queries. Without --truth the exact neighbours are computed first.
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

    @Option(help: "float32 or sq8.")
    var quantizer = "sq8"

    @Option(help: "Results per query.")
    var k = 10

    @Option(help: "Beam widths, separated by commas.")
    var beam: IntegerList = IntegerList([10, 16, 24, 32, 48, 64, 96, 128])

    @Option(help: "M: links per node on the upper levels; level 0 keeps twice as many.")
    var neighbours = 16

    @Option(help: "efConstruction.")
    var buildBeam = 200

    @Option(help: "Threads that build, and threads that search.")
    var threads = 1

    @Option(help: "Passes over the queries; the best counts.")
    var passes = 3

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
            threads: threads
        )
        let bench = SearchBench(
            index: index,
            queries: questions.floats,
            count: questions.count,
            k: k,
            threads: threads
        )
        let kernel = try KernelTable.selected().name
        var found: [Int32] = []
        for width in beam.values {
            var best = bench.pass(beamWidth: max(width, k))
            for _ in 1..<passes {
                let next = bench.pass(beamWidth: max(width, k))
                if next.seconds < best.seconds { best = next }
            }
            found = best.found
            try printJSON(
                SearchLine(
                    beam: width,
                    recall: exact.recall(of: found, k: k),
                    qps: Double(questions.count) / best.seconds,
                    p50Us: best.p50,
                    p99Us: best.p99,
                    buildSeconds: index.buildSeconds,
                    indexBytes: index.byteCount,
                    residentBytes: residentBytes(),
                    kernel: kernel,
                    threads: threads
                )
            )
        }
        if let idsOut { try NumpyWriter.write(found, columns: k, to: idsOut) }
    }
}

/// One line of `palate bench search`.
private struct SearchLine: Encodable {
    var beam: Int
    var recall: Double
    var qps: Double
    var p50Us: Double
    var p99Us: Double
    var buildSeconds: Double
    var indexBytes: Int
    var residentBytes: Int
    var kernel: String
    var threads: Int
}

/// Codes and links built in memory, without a store.
final class MemoryIndex: Sendable {
    /// Rows the quantizer is trained on at most.
    private static let sampleRows = 20_000
    /// Rows converted and encoded at a time.
    private static let chunkRows = 4_096

    let quantizer: any Quantizer
    let rows: CodeRows
    let graph: LiveGraph
    let buildSeconds: Double

    /// Trains, encodes and links all of `file`; the clock runs from the training on.
    init(
        _ file: NumpyFile,
        metric: String,
        quantizer: String,
        parameters: GraphParameters,
        threads: Int
    ) throws {
        let progress = Progress("build", total: file.count, unit: "rows")
        let started = ContinuousClock.now
        let metric = try MetricRegistry.named(metric)
        let stride = max(1, file.count / Self.sampleRows)
        let picked = Array(
            Swift.stride(from: 0, to: file.count, by: stride).prefix(Self.sampleRows)
        )
        let sample = picked.flatMap { file.floats($0..<$0 + 1) }
        self.quantizer = try QuantizerRegistry.named(quantizer).train(
            sample.span,
            count: picked.count,
            dimensions: file.columns,
            metric: metric
        )
        guard let rows = CodeRows(codeBytes: self.quantizer.codeBytes, capacity: file.count),
            let graph = LiveGraph(parameters: parameters, capacity: file.count)
        else { throw CommandFailure("no address space for \(file.count) rows") }
        self.rows = rows
        self.graph = graph
        for first in Swift.stride(from: 0, to: file.count, by: Self.chunkRows) {
            let chunk = file.floats(first..<min(first + Self.chunkRows, file.count))
            self.quantizer.store(chunk.span, from: Ordinal(first), into: rows)
        }
        let made = self.quantizer
        GraphBuilder.insert(
            0..<Ordinal(file.count),
            into: graph,
            threads: threads,
            makeScorer: { made.makePairScorer(over: rows) },
            progress: { progress.update($0) }
        )
        buildSeconds = (ContinuousClock.now - started).seconds
        progress.finish()
    }

    /// Bytes of codes and links.
    var byteCount: Int { quantizer.codeBytes * graph.count + graph.byteCount }
}

/// All queries once, on one or more threads.
final class SearchBench: Sendable {
    /// What one pass showed.
    struct Pass: Sendable {
        var seconds: Double
        var p50: Double
        var p99: Double
        /// Rows, shape [queries, k]; -1 where there are fewer.
        var found: [Int32]
    }

    private let index: MemoryIndex
    private let queries: [Float]
    private let count: Int
    private let k: Int
    private let threads: Int

    init(index: MemoryIndex, queries: [Float], count: Int, k: Int, threads: Int) {
        self.index = index
        self.queries = queries
        self.count = count
        self.k = k
        self.threads = threads
    }

    /// Runs every query once; the rate counts from the first to the last on the clock.
    func pass(beamWidth: Int) -> Pass {
        let parts = Mutex<[(first: Int, found: [Int32], latencies: [UInt64])]>([])
        let started = ContinuousClock.now
        if threads == 1 {
            let part = run(0..<count, beamWidth: beamWidth)
            parts.withLock { $0 = [(0, part.found, part.latencies)] }
        } else {
            DispatchQueue.concurrentPerform(iterations: threads) { thread in
                let range = (count * thread / threads)..<(count * (thread + 1) / threads)
                let part = self.run(range, beamWidth: beamWidth)
                parts.withLock { $0.append((range.lowerBound, part.found, part.latencies)) }
            }
        }
        let seconds = (ContinuousClock.now - started).seconds
        var histogram = Histogram<UInt32>(numberOfSignificantValueDigits: .three)
        var found: [Int32] = []
        for part in parts.withLock({ $0 }).sorted(by: { $0.first < $1.first }) {
            found += part.found
            for latency in part.latencies { histogram.record(latency) }
        }
        return Pass(
            seconds: seconds,
            p50: Double(histogram.valueAtPercentile(50)) / 1_000,
            p99: Double(histogram.valueAtPercentile(99)) / 1_000,
            found: found
        )
    }

    private func run(
        _ range: Range<Int>,
        beamWidth: Int
    ) -> (found: [Int32], latencies: [UInt64]) {
        let dimensions = index.quantizer.dimensions
        var found = [Int32](repeating: -1, count: range.count * k)
        var latencies = [UInt64](repeating: 0, count: range.count)
        var scratch = SearchScratch()
        var prepared = PreparedQuery()
        let queries = queries
        let all = queries.span
        for position in 0..<range.count {
            let begun = ContinuousClock.now
            let start = (range.lowerBound + position) * dimensions
            index.quantizer.prepare(
                all.extracting(start..<start + dimensions),
                into: &prepared
            )
            let scorer = index.quantizer.makeScorer(prepared, over: index.rows)
            index.graph.search(scorer, beamWidth: beamWidth, scratch: &scratch)
            for rank in 0..<min(k, scratch.count) {
                found[position * k + rank] = Int32(scratch.hit(rank).ordinal)
            }
            let took = (ContinuousClock.now - begun).components
            latencies[position] = UInt64(
                took.seconds * 1_000_000_000 + took.attoseconds / 1_000_000_000
            )
        }
        return (found, latencies)
    }
}
