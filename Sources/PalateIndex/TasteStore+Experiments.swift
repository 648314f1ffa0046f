import PalateModel
import PalateTaste

// Experiments: splits of the people between weight profiles.
extension TasteStore {
    /// Reads or changes experiments; on the queue.
    func answerAboutExperiment(
        _ request: TasteNumbersRequest
    ) throws(RequestError) -> TasteNumbers {
        guard request.sandbox.isEmpty else {
            throw .unsupported(what: "experiment in a sandbox", got: request.sandbox.utf8.count)
        }
        switch request.operation {
        case .list:
            let all = experiments.withReadLock { $0 }
            return TasteNumbers(
                numbers: all.keys.sorted().map { NamedNumber($0, Double(all[$0]?.version ?? 0)) }
            )
        case .get: return try experiment(request.name).numbers
        case .put: return try put(request)
        case .delete:
            _ = try experiment(request.name)
            try store(nil, at: StoredNumbers.experimentPrefix + request.name)
            experiments.withWriteLock { $0[request.name] = nil }
            return TasteNumbers()
        }
    }

    private func experiment(_ name: String) throws(RequestError) -> StoredExperiment {
        guard let experiment = experiments.withReadLock({ $0[name] }) else {
            throw .unknownProfile(name: name)
        }
        return experiment
    }

    /// Stores a split in place of the one before; its arms are profiles that there are.
    private func put(_ request: TasteNumbersRequest) throws(RequestError) -> TasteNumbers {
        guard Limits.nameBytes.contains(request.name.utf8.count) else {
            throw .badName(got: request.name)
        }
        for arm in request.numbers { _ = try weights(of: arm.name, sandbox: "") }
        let former = experiments.withReadLock { $0[request.name]?.version ?? 0 }
        let experiment = StoredExperiment(
            split: try Experiment(name: request.name, arms: request.numbers),
            version: former + 1
        )
        try store(experiment.numbers, at: StoredNumbers.experimentPrefix + request.name)
        experiments.withWriteLock { $0[request.name] = experiment }
        return experiment.numbers
    }
}
