package import PalateModel
import PalateQuery
package import PalateWire
import Synchronization

/// What a server counts while it serves: relaxed atomics, so that counting neither locks nor takes
/// from the heap.
package final class ServerMetrics: Sendable {
    /// What became of a request; failures by the class of their code.
    package enum Outcome: Int, CaseIterable, Sendable {
        case ok = 0
        case client = 1
        case authentication = 2
        case overload = 3
        case unavailable = 4
        case internalFailure = 5
        case dataLoss = 6
        case degraded = 7

        /// As metrics spell it.
        package var name: String {
            switch self {
            case .internalFailure: "internal"
            case .dataLoss: "data_loss"
            default: "\(self)"
            }
        }
    }

    /// What is counted beside requests.
    package enum Counter: Int, CaseIterable, Sendable {
        case connectionsAccepted, connectionsRefused, connectionsFailed
        case bytesReceived, bytesSent
        case authenticationsGood, authenticationsBad
        case queriesInline, queriesOnWorkers, queriesSlow
    }

    /// What a query goes through before and behind the pipeline.
    package enum EdgeStage: Int, CaseIterable, Sendable {
        /// Waits for its connection's turn.
        case turn
        /// Bytes to a request.
        case decode
        /// Waits for a worker; those that do not need one are not counted.
        case worker
        /// An answer to bytes.
        case encode
    }

    /// Opcodes together whose latencies are alike.
    package enum Group: Int, CaseIterable, Sendable {
        case query, read, write, events, admin

        init(_ opcode: Opcode) {
            self =
                switch opcode {
                case .query: .query
                case .upsert, .delete, .patch, .deleteMatching, .loadBegin, .loadData, .loadCommit:
                    .write
                case .event, .profileForget: .events
                case .createCollection, .dropCollection, .generationSwap, .generationCreate,
                    .generationDrop, .backup, .fieldsDeclare, .tasteRefresh:
                    .admin
                default: .read
                }
        }
    }

    /// One query in so many has its stages timed.
    static let stageSample: UInt64 = 64
    private static let opcodes = 64

    private let requests = InlineArray<512, Atomic<UInt64>> { _ in Atomic(0) }
    private let counters = InlineArray<10, Atomic<UInt64>> { _ in Atomic(0) }
    private let refusals = InlineArray<18, Atomic<UInt64>> { _ in Atomic(0) }
    /// By group, then outcome.
    private let latencies: [LatencyHistogram]
    private let stages: [LatencyHistogram]
    private let edgeStages: [LatencyHistogram]
    private let sampled = Atomic<UInt64>(0)

    /// All zero.
    package init() {
        latencies = Group.allCases.flatMap { _ in Outcome.allCases.map { _ in LatencyHistogram() } }
        stages = StageTimes.Stage.allCases.map { _ in LatencyHistogram() }
        edgeStages = EdgeStage.allCases.map { _ in LatencyHistogram() }
    }

    // MARK: Counting

    /// Counts an answer, whoever made it.
    func note(_ response: Response, opcode: UInt8, microseconds: UInt32) {
        guard let opcode = Opcode(rawValue: opcode) else { return }
        let outcome: Outcome =
            switch response {
            case .failure(_, let report):
                Outcome(rawValue: Int(report.failureClass)) ?? .internalFailure
            case .results(let results) where results.isDegraded: .degraded
            default: .ok
            }
        let index = Int(opcode.rawValue) * Outcome.allCases.count + outcome.rawValue
        requests[index].wrappingAdd(1, ordering: .relaxed)
        latencies[Self.place(Group(opcode), outcome)].add(microseconds)
    }

    private static func place(_ group: Group, _ outcome: Outcome) -> Int {
        group.rawValue * Outcome.allCases.count + outcome.rawValue
    }

    /// Counts what a limit refused.
    package func refused(by limit: ServerLimit) {
        refusals[limit.rawValue].wrappingAdd(1, ordering: .relaxed)
    }

    /// Counts something.
    func count(_ counter: Counter, _ amount: Int = 1) {
        counters[counter.rawValue].wrappingAdd(UInt64(amount), ordering: .relaxed)
    }

    /// Whether the next query is one whose stages are timed.
    func takesTimes() -> Bool {
        sampled.wrappingAdd(1, ordering: .relaxed).oldValue % Self.stageSample == 0
    }

    /// Counts the stages of a query.
    func note(_ times: StageTimes) {
        for stage in StageTimes.Stage.allCases {
            stages[stage.rawValue].add(UInt32(clamping: times[stage]))
        }
    }

    /// Counts a stage of a query outside the pipeline.
    func note(_ stage: EdgeStage, _ duration: Duration) {
        edgeStages[stage.rawValue].add(duration)
    }

    // MARK: Reading

    /// Requests answered, those that there were.
    package var requestCounts: [(opcode: Opcode, outcome: Outcome, count: UInt64)] {
        Opcode.allCases.flatMap { opcode in
            Outcome.allCases.compactMap { outcome in
                let index = Int(opcode.rawValue) * Outcome.allCases.count + outcome.rawValue
                let count = requests[index].load(ordering: .relaxed)
                return count > 0 ? (opcode, outcome, count) : nil
            }
        }
    }

    /// What was counted.
    package subscript(_ counter: Counter) -> UInt64 {
        counters[counter.rawValue].load(ordering: .relaxed)
    }

    /// How long requests took, from their last byte to their answer.
    package func latency(_ group: Group, _ outcome: Outcome) -> LatencyHistogram.Reading {
        latencies[Self.place(group, outcome)].reading
    }

    /// What a limit has refused so far: requests, connections or bodies.
    package func refusals(by limit: ServerLimit) -> UInt64 {
        refusals[limit.rawValue].load(ordering: .relaxed)
    }

    /// How long a stage took, of one query in `stageSample`; by name.
    package var stageLatencies: [(name: String, reading: LatencyHistogram.Reading)] {
        EdgeStage.allCases.map { ("\($0)", edgeStages[$0.rawValue].reading) }
            + StageTimes.Stage.allCases.map { ("\($0)", stages[$0.rawValue].reading) }
    }
}
