import Logging
import PalateModel
import PalateQuery
import Synchronization

/// Lines of the log about queries that took long: ten a second, and how many were left out.
final class SlowQueries: Sendable {
    private static let linesPerSecond = 10

    private let second = Atomic<Int64>(0)
    private let lines = Atomic(0)
    private let leftOut = Atomic(0)

    /// Writes a line, unless there were too many this second.
    func log(
        _ logger: Logger,
        collection: String,
        trace: TraceID?,
        plan: QueryPlan,
        times: StageTimes,
        call: RequestService.Call,
        waited: Duration,
        took: Duration
    ) {
        let now = nowMilliseconds() / 1_000
        if second.exchange(now, ordering: .relaxed) != now { lines.store(0, ordering: .relaxed) }
        guard lines.wrappingAdd(1, ordering: .relaxed).oldValue < Self.linesPerSecond else {
            leftOut.wrappingAdd(1, ordering: .relaxed)
            return
        }
        var metadata: Logger.Metadata = [
            "collection": "\(collection)", "request": "\(call.requestID)",
            "plan": "\(plan.strategy)", "lists": "\(plan.listCount)", "k": "\(plan.k)",
            "beam": "\(plan.beamWidth)", "candidates": "\(plan.candidateCount)",
            "rescored": "\(plan.rescoreCount)", "matches": "\(plan.matchCount)",
            "waited_us": "\(waited.frameMicroseconds)", "took_us": "\(took.frameMicroseconds)",
        ]
        for stage in StageTimes.Stage.allCases { metadata["\(stage)_us"] = "\(times[stage])" }
        if let trace { metadata["trace_id"] = "\(trace)" }
        let missing = leftOut.exchange(0, ordering: .relaxed)
        if missing > 0 { metadata["left_out"] = "\(missing)" }
        logger.warning("slow query", metadata: metadata)
    }
}
