import Dispatch
import Histogram
import PalateGraph
import PalateModel
import PalateQuantization
import Synchronization

/// All queries once, on one or more threads.
final class SearchBench: Sendable {
    /// What one pass showed.
    struct Pass: Sendable {
        var seconds: Double
        /// Processor time of all threads.
        var cpuSeconds: Double
        var p50: Double
        var p99: Double
        /// Rows, shape [queries, k]; -1 where there are fewer.
        var found: [Int32]
    }

    private let index: MemoryIndex
    private let queries: [Float]
    /// Queries of a pass.
    let count: Int
    private let k: Int
    private let refineCount: Int?
    private let threads: Int

    init(
        index: MemoryIndex,
        queries: [Float],
        count: Int,
        k: Int,
        refineCount: Int?,
        threads: Int
    ) {
        self.index = index
        self.queries = queries
        self.count = count
        self.k = k
        self.refineCount = refineCount
        self.threads = threads
    }

    /// Runs every query once; the rate counts from the first to the last on the clock.
    func pass(beamWidth: Int) -> Pass {
        let parts = Mutex<[(first: Int, found: [Int32], latencies: [UInt64])]>([])
        let started = ContinuousClock.now
        let cpuStarted = processorSeconds()
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
        let cpuSeconds = processorSeconds() - cpuStarted
        var histogram = Histogram<UInt32>(numberOfSignificantValueDigits: .three)
        var found: [Int32] = []
        for part in parts.withLock({ $0 }).sorted(by: { $0.first < $1.first }) {
            found += part.found
            for latency in part.latencies { histogram.record(latency) }
        }
        return Pass(
            seconds: seconds,
            cpuSeconds: cpuSeconds,
            p50: Double(histogram.valueAtPercentile(50)) / 1_000,
            p99: Double(histogram.valueAtPercentile(99)) / 1_000,
            found: found
        )
    }

    private func run(
        _ range: Range<Int>,
        beamWidth: Int
    ) -> (found: [Int32], latencies: [UInt64]) {
        let dimensions = index.stack.dimensions
        let kept = index.stack.keptCount(for: k)
        var found = [Int32](repeating: -1, count: range.count * k)
        var latencies = [UInt64](repeating: 0, count: range.count)
        var scratch = SearchScratch()
        var prepared = PreparedQuery()
        var refine = RefineScratch()
        var hits: [Hit] = []
        let queries = queries
        let all = queries.span
        for position in 0..<range.count {
            let begun = ContinuousClock.now
            let start = (range.lowerBound + position) * dimensions
            let vector = all.extracting(start..<start + dimensions)
            index.stack.codes.prepare(vector, into: &prepared)
            let scorer = index.stack.makeScorer(prepared, over: index.rows)
            index.graph.search(scorer, beamWidth: beamWidth, keeping: kept, scratch: &scratch)
            hits.removeAll(keepingCapacity: true)
            for rank in 0..<scratch.count { hits.append(scratch.hit(rank)) }
            index.stack.refine(
                &hits,
                for: vector,
                k: k,
                count: refineCount,
                rows: index.rows,
                &refine
            )
            for rank in 0..<min(k, hits.count) {
                found[position * k + rank] = Int32(index.fileRow(of: hits[rank].ordinal))
            }
            let took = (ContinuousClock.now - begun).components
            latencies[position] = UInt64(
                took.seconds * 1_000_000_000 + took.attoseconds / 1_000_000_000
            )
        }
        return (found, latencies)
    }
}
