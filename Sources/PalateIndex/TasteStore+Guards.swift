package import PalateModel
package import PalateTaste
import Synchronization

/// Figures that tell whether taste drifts.
package struct TasteGauges: Sendable {
    /// Of sampled lists.
    package var slates = SlateGauges()
    /// Mean of 1 - cosine between what sampled people like now and what they liked a week ago.
    package var drift = 0.0
    /// People that mean is over.
    package var driftPeople = 0
    /// Impressions and what came of them, by weight profile.
    package var engagement: [(profile: String, figures: EngagementGauges.Figures)] = []
}

// Guards: what lists look like, what comes of them, how fast people change.
extension TasteStore {
    /// People whose drift is looked at.
    private static let driftSample = 64
    /// Liked items of each, the heaviest.
    private static let driftItems = 64
    /// How long ago is compared with now: a week.
    private static let driftMilliseconds: Int64 = 7 * 86_400_000
    /// How long the drift is gone by.
    private static let driftPause: Int64 = 60_000
    /// How long the popularity of the most liked hundredth is gone by.
    private static let headMilliseconds: Int64 = 600_000

    /// A list was made for somebody by a weight profile.
    ///
    /// - Returns: whether this list is one to be looked at.
    package func noteServed(_ user: UserID?, by profile: String, now: Int64) -> Bool {
        if let user {
            engagement.withWriteLock { $0.serve(user, by: profile, at: now) }
        }
        let number = servedLists.wrappingAdd(1, ordering: .relaxed).oldValue
        return number % UInt64(SlateGauges.sample) == 0
    }

    /// Adds a list that was looked at.
    package func noteSlate(distance: Float, popularities: [Int], now: Int64) {
        let head = headPopularity(now: now)
        slates.withWriteLock { slates in
            slates.add(
                distance: distance,
                results: popularities.count,
                headResults: popularities.count { $0 >= head }
            )
        }
    }

    /// How many people like an item of the most liked hundredth; some minutes old.
    private func headPopularity(now: Int64) -> Int {
        let known = head.withReadLock { $0 }
        if Decay.elapsed(from: known.time, to: now) < Self.headMilliseconds { return known.likes }
        let likes = graph.withReadLock { $0.popularity(ofShare: 0.01) }
        head.withWriteLock { $0 = (now, likes) }
        return likes
    }

    /// The figures now; takes milliseconds.
    package func gauges(now: Int64) -> TasteGauges {
        var gauges = TasteGauges()
        gauges.slates = slates.withReadLock { $0 }
        gauges.engagement = engagement.withReadLock { $0.figures }
        let known = knownDrift.withReadLock { $0 }
        if Decay.elapsed(from: known.time, to: now) < Self.driftPause {
            (gauges.drift, gauges.driftPeople) = (known.mean, known.people)
            return gauges
        }
        (gauges.drift, gauges.driftPeople) = drift(now: now)
        knownDrift.withWriteLock { $0 = (now, gauges.drift, gauges.driftPeople) }
        return gauges
    }

    private func drift(now: Int64) -> (mean: Double, people: Int) {
        let then = now - Self.driftMilliseconds
        var drifts: [Double] = []
        let (records, settings) = graph.withReadLock { graph in
            (graph.sampledRecords(Self.driftSample), graph.settings)
        }
        for record in records {
            let liked = record.likedItems(
                now: now,
                limit: Self.driftItems,
                settings: settings
            )
            let before = record.likedItems(before: then, settings: settings)
            guard !before.isEmpty, !liked.isEmpty else { continue }
            let (items, cosines) = pairs(of: liked.map(\.item))
            let weights = Dictionary(liked.map { ($0.item, Double($0.score)) }) { $1 }
            let present = items.map { weights[$0, default: 0] }
            let past = items.map { Double(before[$0, default: 0]) }
            func product(_ left: [Double], _ right: [Double]) -> Double {
                var sum = 0.0
                for row in items.indices where left[row] != 0 {
                    for column in items.indices {
                        let cosine = Double(cosines[row * items.count + column])
                        sum += left[row] * right[column] * cosine
                    }
                }
                return sum
            }
            let lengths = (product(present, present) * product(past, past)).squareRoot()
            guard lengths > 0 else { continue }
            drifts.append(1 - product(present, past) / lengths)
        }
        guard !drifts.isEmpty else { return (0, 0) }
        return (drifts.reduce(0, +) / Double(drifts.count), drifts.count)
    }

    // MARK: As numbers

    /// Gauges of the collection; with a profile's name those of its engagement; or all profiles.
    func gaugeNumbers(
        _ request: TasteNumbersRequest,
        now: Int64
    ) throws(RequestError) -> TasteNumbers {
        let gauges = gauges(now: now)
        if request.operation == .list {
            return TasteNumbers(
                numbers: gauges.engagement.map {
                    NamedNumber($0.profile, Double($0.figures.impressions))
                }
            )
        }
        guard !request.name.isEmpty else {
            return TasteNumbers(
                numbers: [
                    NamedNumber("diversity", gauges.slates.diversity),
                    NamedNumber("diversity.lists", Double(gauges.slates.lists)),
                    NamedNumber("head_share", gauges.slates.headShare),
                    NamedNumber("head_share.results", Double(gauges.slates.results)),
                    NamedNumber("drift", gauges.drift),
                    NamedNumber("drift.people", Double(gauges.driftPeople)),
                ]
            )
        }
        guard let entry = gauges.engagement.first(where: { $0.profile == request.name }) else {
            throw .unknownProfile(name: request.name)
        }
        var numbers = [
            NamedNumber("lists", Double(entry.figures.lists)),
            NamedNumber("impressions", Double(entry.figures.impressions)),
        ]
        for type in EventType.allCases where type != .impression {
            let count = entry.figures.engagements[Int(type.rawValue)]
            let interval = RateInterval(successes: count, of: entry.figures.impressions)
            numbers += [
                NamedNumber(type.name, Double(count)),
                NamedNumber("\(type.name).rate", interval.rate),
                NamedNumber("\(type.name).low", interval.low),
                NamedNumber("\(type.name).high", interval.high),
            ]
        }
        return TasteNumbers(numbers: numbers)
    }

    /// Adds the taste figures to a collection's.
    func addFigures(to stats: inout CollectionStats) {
        let first = firstEvent.load(ordering: .relaxed)
        stats.events = storedEvents.load(ordering: .relaxed) - first
        let (users, edges) = graph.withReadLock { ($0.userCount, $0.edgeCount) }
        stats.users = UInt64(users)
        stats.edges = UInt64(edges)
    }
}
