import PalateModel
import PalateWire
import TestKit

/// Random valid messages about taste.
extension RandomMessages {
    mutating func weighted(_ count: Int) -> [WeightedItem] {
        (0..<count).map { _ in WeightedItem(word(), weight: generator.normal()) }
    }

    mutating func directions() -> [Direction] {
        (0..<number(0...3)).map { _ in
            Direction(toward: word(), away: word(), weight: generator.normal())
        }
    }

    mutating func plainEvent(user: UserID) -> Event {
        var event = event()
        event = Event(
            user: user,
            item: event.item,
            type: event.type,
            timeMilliseconds: event.timeMilliseconds
        )
        return event
    }

    mutating func person() -> PersonRequest {
        let vectors = number(0...2)
        return PersonRequest(
            asOf: flag() ? Int64(word() >> 1) | 1 : nil,
            sandbox: flag() ? name() : "",
            session: flag() ? word() | 1 : nil,
            surprise: Float.random(in: 0...1, using: &generator),
            seed: word(),
            events: (0..<number(0...3)).map { _ in plainEvent(user: 0) },
            examples: weighted(number(0...3)),
            directions: directions(),
            pairs: (0..<number(0...3)).map { _ in ItemPair(better: word(), worse: word()) },
            vectors: floats(vectors * Self.dimensions),
            vectorWeights: (0..<vectors).map { _ in
                Float.random(in: 0.1...2, using: &generator)
            }
        )
    }

    mutating func reason() -> Reason {
        var reason = Reason()
        reason.medoid = flag() ? word() : nil
        reason.liked = flag() ? word() : nil
        reason.rejected = flag() ? word() : nil
        reason.medoidSimilarity = generator.normal()
        reason.likedSimilarity = generator.normal()
        reason.rejectedSimilarity = generator.normal()
        reason.propensity = generator.normal()
        reason.rules = ReasonRules(rawValue: half())
        return reason
    }

    mutating func numbers() -> TasteNumbers {
        TasteNumbers(
            version: word(),
            numbers: (0..<number(0...5)).map { _ in
                NamedNumber(name(), flag() ? Double.infinity : Double(generator.normal()))
            }
        )
    }

    mutating func choice<Choice: CaseIterable>(_ type: Choice.Type) -> Choice {
        Array(type.allCases)[number(0...type.allCases.count - 1)]
    }

    mutating func tasteRequest(kind: Int) -> Request {
        switch kind {
        case 0:
            .profile(
                ProfileRequest(
                    handle: half(),
                    user: word(),
                    asOf: flag() ? Int64(word() >> 1) | 1 : nil,
                    sandbox: flag() ? name() : ""
                )
            )
        case 1: .forget(handle: half(), user: word())
        case 2:
            .history(
                HistoryRequest(
                    handle: half(),
                    user: word(),
                    from: word(),
                    limit: number(Limits.historyEvents)
                )
            )
        case 3: .refreshTaste(TasteRefresh(handle: half(), builder: flag() ? name() : ""))
        case 4:
            .tasteNumbers(
                TasteNumbersRequest(
                    handle: half(),
                    scope: choice(TasteScope.self),
                    operation: choice(TasteNumbersOperation.self),
                    name: flag() ? name() : "",
                    sandbox: flag() ? name() : "",
                    numbers: numbers().numbers
                )
            )
        case 5:
            .session(
                SessionRequest(
                    handle: half(),
                    operation: choice(SessionOperation.self),
                    session: word() | 1,
                    user: flag() ? word() : nil,
                    halfLifeMinutes: Float(number(0...1_440)),
                    examples: weighted(number(0...3)),
                    directions: directions()
                )
            )
        default:
            .sandbox(
                SandboxRequest(
                    handle: half(),
                    operation: choice(SandboxOperation.self),
                    name: flag() ? name() : "",
                    events: (0..<number(0...3)).map { _ in plainEvent(user: word()) }
                )
            )
        }
    }

    mutating func profile() -> PersonProfile {
        var profile = PersonProfile()
        profile.likedCount = number(0...512)
        profile.otherCount = number(0...1_024)
        profile.exposureCount = number(0...256)
        profile.newestMilliseconds = Int64(word() >> 1)
        profile.interests = (0..<number(0...4)).map { _ in
            Interest(
                medoid: word(),
                importance: generator.normal(),
                memberCount: number(1...512),
                lifecycle: choice(Lifecycle.self),
                stage: choice(FunnelStage.self),
                shown: generator.normal(),
                engaged: generator.normal()
            )
        }
        profile.negatives = weighted(number(0...4))
        return profile
    }

    mutating func history() -> History {
        var history = History()
        history.events = (0..<number(0...5)).map { _ in event() }
        history.sequences = words(history.events.count)
        history.next = flag() ? word() | 1 : nil
        return history
    }
}
