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

/// All queries, once or more often, on one or more threads.
struct SearchBench: Sendable {
    /// What passes over all queries showed, one or more of them.
    struct Passes: Sendable {
        /// Queries asked.
        private(set) var queryCount: Int
        private(set) var seconds: Double
        /// Processor time of all threads.
        private(set) var cpuSeconds: Double
        /// Nanoseconds.
        private var latencies: Histogram<UInt32>
        /// Rows scored by the codes, over all queries.
        private var allRowsScored: Int
        /// Rows of the last pass, shape [queries, k]; -1 where there are fewer.
        private(set) var found: [Int32]

        /// What the parts of one pass add up to.
        fileprivate init(_ parts: [BenchPart], seconds: Double, cpuSeconds: Double) {
            self.seconds = seconds
            self.cpuSeconds = cpuSeconds
            queryCount = parts.reduce(0) { $0 + $1.latencies.count }
            latencies = Histogram(numberOfSignificantValueDigits: .three)
            for part in parts { for latency in part.latencies { latencies.record(latency) } }
            allRowsScored = parts.reduce(0) { $0 + $1.rowsScored }
            found = parts.flatMap(\.found)
        }

        /// Queries a second, by the clock.
        var rate: Double { Double(queryCount) / seconds }

        /// Queries a second of processor time.
        var cpuRate: Double { Double(queryCount) / cpuSeconds }

        /// Rows scored by the codes, a query.
        var rowsScored: Double { Double(allRowsScored) / Double(max(1, queryCount)) }

        /// The time that so many percent of the queries stay within, in microseconds.
        func microseconds(percentile: Double) -> Double {
            Double(latencies.valueAtPercentile(percentile)) / 1_000
        }

        fileprivate mutating func add(_ next: Self) {
            queryCount += next.queryCount
            seconds += next.seconds
            cpuSeconds += next.cpuSeconds
            latencies.add(next.latencies)
            allRowsScored += next.allRowsScored
            found = next.found
        }
    }

    let subject: any BenchSubject
    /// Queries.
    let count: Int
    let threads: Int

    /// The pass that took the least processor time.
    func best(of passes: Int, beamWidth: Int) throws -> Passes {
        var best = try pass(beamWidth: beamWidth)
        for _ in 1..<passes {
            let next = try pass(beamWidth: beamWidth)
            if next.cpuSeconds < best.cpuSeconds { best = next }
        }
        return best
    }

    /// All passes that begin within some seconds of searching, one at least.
    func all(within seconds: Double, beamWidth: Int) throws -> Passes {
        var all = try pass(beamWidth: beamWidth)
        while all.seconds < seconds { all.add(try pass(beamWidth: beamWidth)) }
        return all
    }

    /// Runs every query once; the rate counts from the first to the last on the clock.
    private func pass(beamWidth: Int) throws -> Passes {
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
        let ordered = parts.withLock { $0 }.sorted { $0.first < $1.first }
        return Passes(
            try ordered.map { try $0.part.get() },
            seconds: seconds,
            cpuSeconds: cpuSeconds
        )
    }
}
