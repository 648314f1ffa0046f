import Dispatch
import PalateGraph
import PalateKernels
import PalateModel
import PalateQuantization
import Synchronization

/// Codes and links built in memory, without a store.
final class MemoryIndex: Sendable {
    /// Rows the quantizer is trained on at most.
    private static let sampleRows = 20_000
    /// Rows converted and encoded at a time.
    private static let chunkRows = 4_096

    let stack: CodeStack
    let rows: StackRows
    let graph: LiveGraph
    /// Of the graph's links; nil = none are kept.
    let sketches: LinkSketches?
    /// The file's row of each ordinal; nil = the same.
    let order: [Ordinal]?
    let buildSeconds: Double
    /// Processor time of all threads.
    let cpuBuildSeconds: Double

    /// A quantizer trained on a file, and what that took.
    struct Training: Sendable {
        let stack: CodeStack
        let seconds: Double
        let cpuSeconds: Double
    }

    /// Trains on rows spread over `file`.
    static func train(_ file: NumpyFile, metric: String, quantizer: String) throws -> Training {
        let started = ContinuousClock.now
        let cpuStarted = processorSeconds()
        let metric = try MetricRegistry.named(metric)
        let stride = max(1, file.count / Self.sampleRows)
        let picked = Array(
            Swift.stride(from: 0, to: file.count, by: stride).prefix(Self.sampleRows)
        )
        let sample = file.floats(count: picked.count) { picked[$0] }
        let stack = try CodeStack.train(
            named: quantizer,
            sample.span,
            count: picked.count,
            dimensions: file.columns,
            metric: metric
        )
        return Training(
            stack: stack,
            seconds: (ContinuousClock.now - started).seconds,
            cpuSeconds: processorSeconds() - cpuStarted
        )
    }

    /// Trains, encodes and links all of `file`; the clock runs from the training on.
    convenience init(
        _ file: NumpyFile,
        metric: String,
        quantizer: String,
        parameters: GraphParameters,
        isOrdered: Bool,
        isSketched: Bool,
        threads: Int
    ) throws {
        Matrix.setThreads(threads)
        try self.init(
            file,
            trained: Self.train(file, metric: metric, quantizer: quantizer),
            parameters: parameters,
            isOrdered: isOrdered,
            isSketched: isSketched,
            threads: threads
        )
    }

    /// Encodes and links all of `file`; the training's time counts as the build's.
    init(
        _ file: NumpyFile,
        trained: Training,
        parameters: GraphParameters,
        isOrdered: Bool,
        isSketched: Bool,
        threads: Int
    ) throws {
        let progress = Progress("build", total: file.count, unit: "rows")
        let started = ContinuousClock.now
        let cpuStarted = processorSeconds()
        stack = trained.stack
        // From here on workers multiply side by side: with threads of its own OpenBLAS makes them
        // wait for each other.
        Matrix.setThreads(1)
        order = isOrdered ? try Self.order(of: file, threads: threads) : nil
        guard let rows = stack.makeRows(capacity: file.count),
            let graph = LiveGraph(parameters: parameters, capacity: file.count)
        else { throw CommandFailure("no address space for \(file.count) rows") }
        self.rows = rows
        self.graph = graph
        Self.store(file, order, stack, into: rows, threads: threads)
        let made = stack
        GraphBuilder.insert(
            0..<Ordinal(file.count),
            into: graph,
            threads: threads,
            isOrdered: isOrdered,
            makeScorer: { made.makePairScorer(over: rows) },
            progress: { progress.update($0) }
        )
        sketches =
            isSketched
            ? try Self.sketch(file, order, stack, rows, graph, threads: threads) : nil
        buildSeconds = trained.seconds + (ContinuousClock.now - started).seconds
        cpuBuildSeconds = trained.cpuSeconds + processorSeconds() - cpuStarted
        progress.finish()
    }

    /// Encodes all rows of the file.
    private static func store(
        _ file: NumpyFile,
        _ order: [Ordinal]?,
        _ stack: CodeStack,
        into rows: StackRows,
        threads: Int
    ) {
        let next = Atomic<Int>(0)
        DispatchQueue.concurrentPerform(iterations: threads) { _ in
            while true {
                let first = next.wrappingAdd(chunkRows, ordering: .relaxed).oldValue
                guard first < file.count else { return }
                let range = first..<min(first + chunkRows, file.count)
                let chunk = file.floats(count: range.count) { position in
                    order.map { Int($0[first + position]) } ?? first + position
                }
                stack.store(chunk.span, from: Ordinal(first), into: rows)
            }
        }
    }

    /// Sketches the links of a whole graph.
    private static func sketch(
        _ file: NumpyFile,
        _ order: [Ordinal]?,
        _ stack: CodeStack,
        _ rows: StackRows,
        _ graph: LiveGraph,
        threads: Int
    ) throws -> LinkSketches {
        let sketcher = try LinkSketcher(
            of: stack,
            rows: rows,
            count: graph.count,
            linksMax: 2 * graph.parameters.neighbours,
            threads: threads
        ) { ordinal, vector in
            file.read(Int(order.map { $0[Int(ordinal)] } ?? ordinal), into: &vector)
        }
        graph.estimateLinks(threads: threads, makeScratch: { sketcher.makeScratch() }) {
            node,
            links,
            scratch in
            sketcher.write(node, links, &scratch)
        }
        return sketcher.sketches
    }

    /// The file's rows in an order of space.
    private static func order(of file: NumpyFile, threads: Int) throws -> [Ordinal] {
        try LocalityOrder.order(count: file.count, dimensions: file.columns, threads: threads) {
            row,
            vector in
            file.read(Int(row), into: &vector)
        }
    }

    /// The row of the file that an ordinal stands for.
    func fileRow(of ordinal: Ordinal) -> Ordinal { order.map { $0[Int(ordinal)] } ?? ordinal }

    /// Bytes of codes, links and sketches.
    var byteCount: Int {
        let rowBytes = stack.codeBytes + (sketches?.bytesPerNode ?? 0)
        return rowBytes * graph.count + graph.byteCount
    }
}
