package import PalateModel

/// A conversation's taste: turns of weighted items and directions, each half forgotten in minutes.
package struct Session: Sendable {
    private struct Turn {
        var timeMilliseconds: Int64
        var examples: [WeightedItem]
        var directions: [Direction]
    }

    private var turns: [Turn] = []
    /// Minutes after which a turn counts half.
    package var halfLifeMinutes: Float = 20
    /// The newest turn.
    package private(set) var newestMilliseconds: Int64 = 0

    /// Turns so far.
    package var turnCount: Int { turns.count }

    /// Adds a turn; beyond the limit the oldest goes.
    mutating func add(_ examples: [WeightedItem], _ directions: [Direction], at time: Int64) {
        turns.append(Turn(timeMilliseconds: time, examples: examples, directions: directions))
        if turns.count > Limits.examples.upperBound { turns.removeFirst() }
        newestMilliseconds = max(newestMilliseconds, time)
    }

    /// The examples of all turns, decayed to `now`; an item of several turns is there once.
    package func examples(now: Int64) -> [WeightedItem] {
        var weights: [ItemID: Float] = [:]
        for turn in turns {
            let share = share(of: turn, now: now)
            for example in turn.examples {
                weights[example.item, default: 0] += share * example.weight
            }
        }
        return weights.sorted { $0.key < $1.key }.map { WeightedItem($0.key, weight: $0.value) }
    }

    /// The directions of all turns, decayed to `now`, the newest `Limits.directions` of them.
    package func directions(now: Int64) -> [Direction] {
        let all = turns.flatMap { turn in
            turn.directions.map { direction in
                var direction = direction
                direction.weight *= share(of: turn, now: now)
                return direction
            }
        }
        return Array(all.suffix(Limits.directions.upperBound))
    }

    /// The session as events of a person: what is wanted as saves or closeups, the rest as skips.
    package func events(of user: UserID) -> [Event] {
        turns.flatMap { turn in
            turn.examples.compactMap { example -> Event? in
                let type: EventType =
                    example.weight >= 4 ? .save : example.weight > 0 ? .closeup : .skip
                guard example.weight != 0 else { return nil }
                return Event(
                    user: user,
                    item: example.item,
                    type: type,
                    timeMilliseconds: turn.timeMilliseconds
                )
            }
        }
    }

    private func share(of turn: Turn, now: Int64) -> Float {
        Decay.factor(
            ageMilliseconds: Decay.elapsed(from: turn.timeMilliseconds, to: now),
            halfLifeDays: halfLifeMinutes / 1_440
        )
    }
}

/// The sessions of a collection, in memory; one that rests for long is forgotten.
package struct Sessions: Sendable {
    private var byID: [UInt64: Session] = [:]

    /// None.
    package init() {}

    /// The session of this number.
    package func session(_ id: UInt64) throws(RequestError) -> Session {
        guard let session = byID[id] else { throw .unknownSession(id: id) }
        return session
    }

    /// Adds a turn, and begins the session where it is new.
    ///
    /// - Returns: turns so far.
    package mutating func add(_ request: SessionRequest, now: Int64) -> Int {
        if byID[request.session] == nil { makeRoom(now: now) }
        var session = byID[request.session] ?? Session()
        if request.halfLifeMinutes > 0 { session.halfLifeMinutes = request.halfLifeMinutes }
        session.add(request.examples, request.directions, at: now)
        byID[request.session] = session
        return session.turnCount
    }

    /// Ends a session.
    package mutating func end(_ id: UInt64) throws(RequestError) -> Session {
        guard let session = byID.removeValue(forKey: id) else { throw .unknownSession(id: id) }
        return session
    }

    /// Drops what rests for a day, and where all are full the one that rests longest.
    private mutating func makeRoom(now: Int64) {
        guard byID.count >= TasteLimits.sessions else { return }
        let old = now - TasteLimits.sessionRestMilliseconds
        byID = byID.filter { $0.value.newestMilliseconds > old }
        guard byID.count >= TasteLimits.sessions else { return }
        let oldest = byID.min {
            ($0.value.newestMilliseconds, $0.key) < ($1.value.newestMilliseconds, $1.key)
        }
        if let oldest { byID[oldest.key] = nil }
    }
}
