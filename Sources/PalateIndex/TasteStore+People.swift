import Dispatch
package import PalateModel
package import PalateTaste
import Synchronization

/// The state of a person that a query sees.
package struct PersonState: Sendable {
    /// What they did, as far as the query is to know.
    package var record: UserRecord
    /// By what it counts.
    package var settings: TasteSettings
    /// Tells records of one person apart: 0 = the stored one.
    package var variant: UInt64
    /// The moment that weights decay to, milliseconds since 1970 UTC.
    package var now: Int64
}

// People: seen through sandboxes and time, told, exported and forgotten.
extension TasteStore {
    /// The record of a person as a request wants to see it: as of a time, under a sandbox, with
    /// inline events.
    ///
    /// - Throws: `unknownSandbox`; damage met while events were replayed.
    package func person(
        _ user: UserID?,
        _ request: PersonRequest?,
        now: Int64
    ) throws(RequestError) -> PersonState {
        var state: PersonState = graph.withReadLock { graph in
            PersonState(
                record: user.flatMap { graph.record(of: $0) } ?? UserRecord(),
                settings: graph.settings,
                variant: 0,
                now: request?.asOf ?? now
            )
        }
        guard let request else { return state }
        var events = request.events
        if !request.sandbox.isEmpty {
            let sandbox = try sandboxes.withReadLock { sandboxes in
                Result { () throws(RequestError) in try sandboxes.sandbox(request.sandbox) }
            }.get()
            if let settings = sandbox.settings { state.settings = settings }
            if let user { events = sandbox.events[user, default: []] + events }
            state.variant = nextVariant()
        }
        let settings = state.settings
        if let asOf = request.asOf, let user {
            let past = try history(of: user, until: asOf)
            state.record = UserRecord(
                replaying: past,
                settings: settings,
                similarity: similarityList
            )
            state.variant = nextVariant()
        }
        for event in events where event.timeMilliseconds <= state.now {
            var event = event
            if event.timeMilliseconds == 0 { event.timeMilliseconds = state.now }
            state.record.apply(event, settings: settings, similarity: similarityList)
            state.variant = nextVariant()
        }
        return state
    }

    /// What is known of a person.
    package func profile(
        _ request: ProfileRequest,
        now: Int64
    ) throws(RequestError) -> PersonProfile {
        let lens = PersonRequest(asOf: request.asOf, sandbox: request.sandbox)
        let state = try person(request.user, lens, now: now)
        return state.record.profile(now: state.now, settings: state.settings)
    }

    /// A person's events, a page of them.
    package func history(_ request: HistoryRequest) throws(RequestError) -> History {
        do throws(IndexError) {
            return try tables.history(of: request.user, from: request.from, limit: request.limit)
        } catch {
            throw RequestError(error)
        }
    }

    /// Removes a person from tables, graph, sandboxes; durable when the completion is called.
    ///
    /// Their bytes may stay in free pages of the file until `palate compact`. What went into
    /// item-item edges stays there, as one of many, until the next refresh.
    package func forget(
        _ user: UserID,
        completion: @escaping @Sendable (Result<WriteReceipt, RequestError>) -> Void
    ) {
        queue.async { [self] in
            do throws(IndexError) {
                let removed = try tables.forget(user)
                graph.withWriteLock { graph in
                    graph.forget(user)
                    return
                }
                sandboxes.withWriteLock { $0.forget(user) }
                engagement.withWriteLock { $0.forget(user) }
                restlessness.withWriteLock { $0.forget(user) }
                _ = unstored.withWriteLock { $0.remove(user) }
                stopWaiting(user)
                completion(
                    .success(
                        WriteReceipt(
                            version: eventVersion,
                            changed: UInt64(removed),
                            generation: 0
                        )
                    )
                )
            } catch {
                completion(.failure(RequestError(error)))
            }
        }
    }

    /// Cosines between items for records that are not stored.
    private var similarityList: SimilarityList {
        { item, others, similarities in
            self.cosines(of: item, to: others, into: &similarities)
        }
    }

    private func nextVariant() -> UInt64 { variants.wrappingAdd(1, ordering: .relaxed).newValue }

    /// The newest events of a person up to a time.
    private func history(of user: UserID, until time: Int64) throws(RequestError) -> [Event] {
        var events: [Event] = []
        var from: UInt64? = 0
        while let start = from {
            let page = try history(
                HistoryRequest(handle: 0, user: user, from: start, limit: 10_000)
            )
            events += page.events.lazy.filter { $0.timeMilliseconds <= time }
            from = page.next
            if events.count > TasteLimits.replayedEvents {
                events.sort { $0.timeMilliseconds < $1.timeMilliseconds }
                events.removeFirst(events.count - TasteLimits.replayedEvents)
            }
        }
        return events
    }
}
