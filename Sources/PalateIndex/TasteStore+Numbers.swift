import Dispatch
package import PalateModel
import PalateTaste
import Synchronization

/// Numbers as they are stored, by what they are for.
struct StoredNumbers {
    static let settingsKey = "settings"
    static let profilePrefix = "profile/"
    static let experimentPrefix = "experiment/"

    var settings = TasteSettings()
    var settingsVersion: UInt64 = 0
    var profiles: [String: TasteNumbers] = [:]
    var experiments: [String: StoredExperiment] = [:]

    /// Reads them; a setting that this version does not take is damage.
    init(_ tables: TasteTables) throws(IndexError) {
        for (key, numbers) in try tables.storedNumbers() {
            do throws(RequestError) {
                if key == Self.settingsKey {
                    settings = try settings.with(numbers.numbers)
                    settingsVersion = numbers.version
                } else if key.hasPrefix(Self.profilePrefix) {
                    _ = try TermValues().with(numbers.numbers)
                    profiles[String(key.dropFirst(Self.profilePrefix.count))] = numbers
                } else if key.hasPrefix(Self.experimentPrefix) {
                    let name = String(key.dropFirst(Self.experimentPrefix.count))
                    experiments[name] = StoredExperiment(
                        split: try Experiment(name: name, arms: numbers.numbers),
                        version: numbers.version
                    )
                }
            } catch {
                throw .corrupt(place: "numbers \(key)", reason: "\(error)")
            }
        }
    }
}

/// An experiment and which edition of it.
struct StoredExperiment: Sendable {
    var split: Experiment
    var version: UInt64

    var numbers: TasteNumbers { TasteNumbers(version: version, numbers: split.arms) }
}

// Settings and weight profiles: durable when the completion is called.
extension TasteStore {
    /// Reads or changes settings and weight profiles.
    ///
    /// - Parameters:
    ///   - request: of any scope.
    ///   - now: milliseconds since 1970 UTC, for gauges.
    ///   - completion: called once, on the store's queue, of gauges on another.
    package func numbers(
        _ request: TasteNumbersRequest,
        now: Int64,
        completion: @escaping @Sendable (Result<TasteNumbers, RequestError>) -> Void
    ) {
        // Gauges take milliseconds and change nothing: events need not wait for them.
        let place = request.scope == .gauges ? DispatchQueue.global(qos: .utility) : queue
        place.async { [self] in
            completion(Result { () throws(RequestError) in try answer(request, now: now) })
        }
    }

    /// The weights that a request means, and the profile they are of: where an experiment has the
    /// name, that of the person's arm.
    ///
    /// - Throws: `unknownProfile`, `unknownSandbox`.
    package func weights(
        _ taste: TasteRequest,
        of user: UserID?,
        sandbox: String
    ) throws(RequestError) -> (weights: TermValues, profile: String) {
        var name = taste.profile.isEmpty ? WeightProfiles.defaultName : taste.profile
        if let user, let experiment = experiments.withReadLock({ $0[name] }) {
            name = experiment.split.arm(of: user)
        }
        var weights = try self.weights(of: name, sandbox: sandbox)
        for (term, weight) in taste.weights { weights[term] = weight }
        return (weights, name)
    }

    func weights(
        of name: String,
        sandbox: String
    ) throws(RequestError) -> TermValues {
        if !sandbox.isEmpty, let own = try self.sandbox(sandbox).profiles[name] { return own }
        if let stored = profiles.withReadLock({ $0[name] }) {
            return try TermValues().with(stored.numbers)
        }
        guard let builtIn = WeightProfiles.builtIn[name] else {
            throw .unknownProfile(name: name)
        }
        return builtIn
    }

    private func sandbox(_ name: String) throws(RequestError) -> Sandbox {
        try sandboxes.withReadLock { sandboxes in
            Result { () throws(RequestError) in try sandboxes.sandbox(name) }
        }.get()
    }

    // MARK: Requests, on the queue

    private func answer(
        _ request: TasteNumbersRequest,
        now: Int64
    ) throws(RequestError) -> TasteNumbers {
        switch (request.scope, request.operation) {
        case (.settings, .get): try settings(sandbox: request.sandbox)
        case (.settings, .put): try putSettings(request)
        case (.settings, .delete): try resetSettings(sandbox: request.sandbox)
        case (.profile, .get):
            TasteNumbers(
                version: profiles.withReadLock { $0[request.name]?.version ?? 0 },
                numbers: try weights(of: request.name, sandbox: request.sandbox).numbers
            )
        case (.profile, .list): profileList()
        case (.profile, .put): try putProfile(request)
        case (.profile, .delete): try deleteProfile(request)
        case (.experiment, _): try answerAboutExperiment(request)
        case (.gauges, .get), (.gauges, .list): try gaugeNumbers(request, now: now)
        default:
            throw .unsupported(
                what: "\(request.operation) of \(request.scope): operation",
                got: Int(request.operation.rawValue)
            )
        }
    }

    private func settings(sandbox name: String) throws(RequestError) -> TasteNumbers {
        let own = name.isEmpty ? nil : try sandbox(name).settings
        let settings = own ?? graph.withReadLock { $0.settings }
        return TasteNumbers(
            version: settingsVersion.load(ordering: .relaxed),
            numbers: settings.numbers
        )
    }

    private func putSettings(_ request: TasteNumbersRequest) throws(RequestError) -> TasteNumbers {
        let live = graph.withReadLock { $0.settings }
        if !request.sandbox.isEmpty {
            let settings = try (sandbox(request.sandbox).settings ?? live).with(request.numbers)
            try change(request.sandbox) { $0.settings = settings }
            return try self.settings(sandbox: request.sandbox)
        }
        try use(live.with(request.numbers))
        return try settings(sandbox: "")
    }

    private func resetSettings(sandbox name: String) throws(RequestError) -> TasteNumbers {
        if name.isEmpty { try use(TasteSettings()) } else { try change(name) { $0.settings = nil } }
        return try settings(sandbox: name)
    }

    /// Stores settings, then goes by them: queries wait while the walk's edges are derived again.
    private func use(_ settings: TasteSettings) throws(RequestError) {
        let version = settingsVersion.load(ordering: .relaxed) + 1
        try store(
            TasteNumbers(version: version, numbers: settings.numbers),
            at: StoredNumbers.settingsKey
        )
        graph.withWriteLock { $0.use(settings) }
        settingsVersion.store(version, ordering: .relaxed)
    }

    private func profileList() -> TasteNumbers {
        let stored = profiles.withReadLock { $0 }
        let names = Set(stored.keys).union(WeightProfiles.builtIn.keys).sorted()
        return TasteNumbers(
            numbers: names.map { NamedNumber($0, Double(stored[$0]?.version ?? 0)) }
        )
    }

    private func putProfile(_ request: TasteNumbersRequest) throws(RequestError) -> TasteNumbers {
        guard Limits.nameBytes.contains(request.name.utf8.count) else {
            throw .badName(got: request.name)
        }
        let known = try? weights(of: request.name, sandbox: request.sandbox)
        let weights = try (known ?? .defaultWeights).with(request.numbers)
        if !request.sandbox.isEmpty {
            try change(request.sandbox) { $0.profiles[request.name] = weights }
            return TasteNumbers(numbers: weights.numbers)
        }
        let former = profiles.withReadLock { $0[request.name]?.version ?? 0 }
        let numbers = TasteNumbers(version: former + 1, numbers: weights.numbers)
        try store(numbers, at: StoredNumbers.profilePrefix + request.name)
        profiles.withWriteLock { $0[request.name] = numbers }
        return numbers
    }

    private func deleteProfile(
        _ request: TasteNumbersRequest
    ) throws(RequestError) -> TasteNumbers {
        if !request.sandbox.isEmpty {
            try change(request.sandbox) { $0.profiles[request.name] = nil }
            return TasteNumbers()
        }
        guard profiles.withReadLock({ $0[request.name] != nil }) else {
            throw .unknownProfile(name: request.name)
        }
        try store(nil, at: StoredNumbers.profilePrefix + request.name)
        profiles.withWriteLock { $0[request.name] = nil }
        return TasteNumbers()
    }

    func store(_ numbers: TasteNumbers?, at key: String) throws(RequestError) {
        do throws(IndexError) {
            try tables.put(numbers, at: key)
        } catch {
            throw RequestError(error)
        }
    }

    private func change(
        _ name: String,
        _ body: (inout Sandbox) -> Void
    ) throws(RequestError) {
        try sandboxes.withWriteLock { sandboxes in
            Result { () throws(RequestError) in try sandboxes.set(name) { body(&$0) } }
        }.get()
    }
}
