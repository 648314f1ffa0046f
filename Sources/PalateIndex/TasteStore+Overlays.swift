package import PalateModel
package import PalateTaste

// Sandboxes and sessions: in memory, beside the graph.
extension TasteStore {
    /// Makes, fills, lists or drops sandboxes.
    ///
    /// - Returns: for a list the sandboxes and their events, else the events of the one.
    package func answer(_ request: SandboxRequest, now: Int64) throws(RequestError) -> TasteNumbers
    {
        let events = request.events.map { event in
            var event = event
            if event.timeMilliseconds == 0 { event.timeMilliseconds = now }
            return event
        }
        return try sandboxes.withWriteLock { sandboxes in
            Result { () throws(RequestError) in
                switch request.operation {
                case .create: try sandboxes.create(request.name)
                case .drop: try sandboxes.drop(request.name)
                case .events: try sandboxes.add(events, to: request.name)
                case .list: break
                }
                let names = sandboxes.names.filter {
                    request.operation == .list || $0.name == request.name
                }
                return TasteNumbers(
                    numbers: names.map { NamedNumber($0.name, Double($0.events)) }
                )
            }
        }.get()
    }

    /// Adds to a session, tells or ends it; a merge is durable when the completion is called.
    package func answer(
        _ request: SessionRequest,
        now: Int64,
        completion: @escaping @Sendable (Result<TasteNumbers, RequestError>) -> Void
    ) {
        let numbers: @Sendable (Int) -> TasteNumbers = { turns in
            TasteNumbers(numbers: [NamedNumber("turns", Double(turns))])
        }
        switch request.operation {
        case .add:
            completion(.success(numbers(sessions.withWriteLock { $0.add(request, now: now) })))
        case .get:
            completion(session(request.session).map { numbers($0.turnCount) })
        case .forget:
            completion(end(request.session).map { numbers($0.turnCount) })
        case .merge:
            guard let user = request.user else { return completion(.failure(.missingUser)) }
            switch session(request.session) {
            case .failure(let error): completion(.failure(error))
            case .success(let session):
                submit(session.events(of: user)) { result in
                    // Kept until its events are durable, so that a failure loses nothing.
                    if case .success = result { _ = self.end(request.session) }
                    completion(result.map { _ in numbers(session.turnCount) })
                }
            }
        }
    }

    /// A session, if there is one.
    package func session(_ id: UInt64) -> Result<Session, RequestError> {
        sessions.withReadLock { sessions in
            Result { () throws(RequestError) in try sessions.session(id) }
        }
    }

    private func end(_ id: UInt64) -> Result<Session, RequestError> {
        sessions.withWriteLock { sessions in
            Result { () throws(RequestError) in try sessions.end(id) }
        }
    }
}
