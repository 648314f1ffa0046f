import Dispatch
import Histogram
import PalateModel
import Synchronization

/// What a benchmark searches: an index in memory, or a collection of a data directory.
protocol BenchSubject: Sendable {
    /// Searches for some of the queries, one after another on this thread.
    func search(_ queries: Range<Int>, beamWidth: Int) throws -> BenchPart
}

/// What the searches of one thread showed.
struct BenchPart: Sendable {
    /// Results per query.
    private let k: Int
    /// Rows, shape [queries, k]; -1 where there are fewer.
    private(set) var found: [Int32]
    /// Nanoseconds, shape [queries].
    private(set) var latencies: [UInt64]
    /// Rows whose distance was computed by the codes, over all queries.
    var rowsScored = 0

    init(queryCount: Int, k: Int) {
        self.k = k
        found = [Int32](repeating: -1, count: queryCount * k)
        latencies = [UInt64](repeating: 0, count: queryCount)
    }

    /// Sets the row found at a rank of a query.
    mutating func setRow(_ row: Int32, query: Int, rank: Int) { found[query * k + rank] = row }

    /// Sets what a query took.
    mutating func setLatency(_ duration: Duration, query: Int) {
        let took = duration.components
        latencies[query] = UInt64(took.seconds * 1_000_000_000 + took.attoseconds / 1_000_000_000)
    }
}

/// All queries once, on one or more threads.
struct SearchBench: Sendable {
    /// What one pass showed.
    struct Pass: Sendable {
        var seconds: Double
        /// Processor time of all threads.
        var cpuSeconds: Double
        var p50: Double
        var p99: Double
        /// Rows scored by the codes, a query.
        var rowsScored: Double
        /// Rows, shape [queries, k]; -1 where there are fewer.
        var found: [Int32]
    }

    let subject: any BenchSubject
    /// Queries.
    let count: Int
    let threads: Int

    /// The pass that took the least processor time.
    func best(of passes: Int, beamWidth: Int) throws -> Pass {
        var best = try pass(beamWidth: beamWidth)
        for _ in 1..<passes {
            let next = try pass(beamWidth: beamWidth)
            if next.cpuSeconds < best.cpuSeconds { best = next }
        }
        return best
    }

    /// Runs every query once; the rate counts from the first to the last on the clock.
    func pass(beamWidth: Int) throws -> Pass {
        let parts = Mutex<[(first: Int, part: Result<BenchPart, any Error>)]>([])
        let started = ContinuousClock.now
        let cpuStarted = processorSeconds()
        if threads == 1 {
            let part = try subject.search(0..<count, beamWidth: beamWidth)
            parts.withLock { $0 = [(0, .success(part))] }
        } else {
            DispatchQueue.concurrentPerform(iterations: threads) { thread in
                let range = (count * thread / threads)..<(count * (thread + 1) / threads)
                let part = Result { try subject.search(range, beamWidth: beamWidth) }
                parts.withLock { $0.append((range.lowerBound, part)) }
            }
        }
        let seconds = (ContinuousClock.now - started).seconds
        let cpuSeconds = processorSeconds() - cpuStarted
        var histogram = Histogram<UInt32>(numberOfSignificantValueDigits: .three)
        var found: [Int32] = []
        var rowsScored = 0
        for part in parts.withLock({ $0 }).sorted(by: { $0.first < $1.first }) {
            let part = try part.part.get()
            found += part.found
            rowsScored += part.rowsScored
            for latency in part.latencies { histogram.record(latency) }
        }
        return Pass(
            seconds: seconds,
            cpuSeconds: cpuSeconds,
            p50: Double(histogram.valueAtPercentile(50)) / 1_000,
            p99: Double(histogram.valueAtPercentile(99)) / 1_000,
            rowsScored: Double(rowsScored) / Double(max(1, count)),
            found: found
        )
    }
}
