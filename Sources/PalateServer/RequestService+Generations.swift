import PalateIndex
import PalateModel
import PalateQuery
import PalateWire

// Generations: all of it off the event loops, since checking reads every row and the rest the disk.
extension RequestService {
    /// Answers a request about generations.
    func answerAboutGenerations(
        _ request: Request,
        _ call: Call,
        _ completion: @escaping Completion
    ) throws(RequestError) -> Response? {
        // Listing is quick, and must not wait for a check.
        let isList = if case .listGenerations = request { true } else { false }
        return try onWorker(call, completion, of: isList ? workers : administration) {
            [self] () throws(RequestError) in
            switch request {
            case .createGeneration(let create):
                return .generationCreated(try directory.createGeneration(create))
            case .dropGeneration(let handle, let role):
                try directory.dropGeneration(role, of: handle)
                return .generationDropped
            case .listGenerations(let name):
                return .generations(try directory.generations(of: name))
            case .swapGeneration(let swap):
                return .generationReport(try change(swap))
            default:
                throw .internalFailure(reason: "opcode \(request.opcode) has no generation")
            }
        }
    }

    private func change(_ swap: GenerationSwap) throws(RequestError) -> GenerationReport {
        if swap.step == .rollback {
            let info = try directory.rollBack(swap.handle, now: nowMilliseconds())
            return GenerationReport(generation: info.generation, isSwapped: true, checks: [])
        }
        let (candidate, live) = try directory.candidate(of: swap.handle)
        let checked = CheckedCandidate(candidate)
        let checks = try workers.withScratch { scratch throws(RequestError) in
            try Canary.check(candidate, against: live, swap.thresholds, scratch: &scratch)
        }
        var report = GenerationReport(
            generation: live.info.generation,
            isSwapped: false,
            checks: checks
        )
        guard swap.step == .swap, report.isPassed || swap.isForced else { return report }
        let info = try directory.swap(
            swap.handle,
            to: checked,
            isForced: !report.isPassed,
            now: nowMilliseconds()
        )
        report.generation = info.generation
        report.isSwapped = true
        return report
    }
}
