import Dispatch
package import PalateModel
package import PalateTaste
import Synchronization

// Item-item edges: derived from everybody's likes off the request path, stored, then published.
extension TasteStore {
    /// People whose likes are read per hold of the lock.
    private static let peoplePerLock = 256

    /// The edges that queries go by; nil where they were never derived.
    package var itemEdges: ItemEdges? { edges.withReadLock { $0 } }

    /// Derives the edges again.
    ///
    /// Takes a thread for seconds to minutes, 8 bytes a like, 1.5 KB an item (300 edges of 5 bytes)
    /// and what the builder says; queries, events and other writes go on.
    ///
    /// - Parameters:
    ///   - name: a name in the registry; empty = the default.
    ///   - now: milliseconds since 1970 UTC, for the summary.
    ///   - completion: called once, when the edges are durable and published, or not.
    package func refreshEdges(
        builder name: String,
        now: Int64,
        completion: @escaping @Sendable (Result<TasteNumbers, RequestError>) -> Void
    ) {
        guard let builder = ItemEdgeRegistry.named(name) else {
            return completion(
                .failure(
                    .unknownChoice(
                        field: "edge builder",
                        got: name,
                        expected: ItemEdgeRegistry.names
                    )
                )
            )
        }
        guard !isRefreshing.exchange(true, ordering: .acquiring) else {
            return completion(
                .failure(
                    .overloaded(by: .refreshesAtOnce, expected: 1, retryMilliseconds: 10_000)
                )
            )
        }
        refreshQueue.async { [self] in
            let result = Result { () throws(RequestError) in
                try refresh(by: builder, now: now)
            }
            isRefreshing.store(false, ordering: .releasing)
            completion(result)
        }
    }

    /// Derives the edges again where the settings say it is time, by the builder of the last time.
    ///
    /// - Parameters:
    ///   - now: milliseconds since 1970 UTC.
    ///   - completion: called once where it was time, as by `refreshEdges`.
    package func refreshEdgesWhenDue(
        now: Int64,
        completion: @escaping @Sendable (Result<TasteNumbers, RequestError>) -> Void
    ) {
        let hours = graph.withReadLock { Double($0.settings.refreshHours) }
        guard hours > 0 else { return }
        let interval = Int64(hours * 3_600_000)
        let summary = itemEdges?.summary
        // After a failure, too, there is a whole interval to the next attempt.
        let last = max(
            summary?.timeMilliseconds ?? .min,
            refreshAttempt.load(ordering: .relaxed)
        )
        guard Decay.elapsed(from: last, to: now) >= interval else { return }
        guard graph.withReadLock({ $0.edgeCount }) != summary?.likes ?? 0 else { return }
        refreshAttempt.store(now, ordering: .relaxed)
        refreshEdges(builder: summary?.builder ?? "", now: now, completion: completion)
    }

    private func refresh(
        by builder: any ItemEdgeBuilder.Type,
        now: Int64
    ) throws(RequestError) -> TasteNumbers {
        let started = ContinuousClock.now
        let likes = likes()
        guard likes.itemCount <= builder.itemsMax else {
            throw .outOfRange(
                field: "items of edges by \(builder.name)",
                got: likes.itemCount,
                expected: 0...builder.itemsMax
            )
        }
        guard
            let lists = builder.build(
                likes,
                isCancelled: { self.isClosing.load(ordering: .relaxed) }
            )
        else { throw .shuttingDown }
        var summary = EdgeSummary()
        summary.builder = builder.name
        summary.build = (itemEdges?.summary.build ?? 0) &+ 1
        summary.timeMilliseconds = now
        summary.people = likes.peopleCount
        summary.likes = likes.likeCount
        let built = ItemEdges(lists, summary: summary)
        let failure: RequestError? = queue.sync {
            do throws(IndexError) {
                guard !isClosing.load(ordering: .relaxed) else { return .shuttingDown }
                try tables.replaceEdges(lists, summary: summary)
                edges.withWriteLock { $0 = built }
                return nil
            } catch {
                return RequestError(error)
            }
        }
        if let failure { throw failure }
        return Self.numbers(built, seconds: (ContinuousClock.now - started).seconds)
    }

    private static func numbers(_ edges: ItemEdges, seconds: Double) -> TasteNumbers {
        TasteNumbers(
            version: UInt64(edges.summary.build),
            numbers: [
                NamedNumber("people", Double(edges.summary.people)),
                NamedNumber("likes", Double(edges.summary.likes)),
                NamedNumber("items", Double(edges.itemCount)),
                NamedNumber("edges", Double(edges.edgeCount)),
                NamedNumber("bytes", Double(edges.byteCount)),
                NamedNumber("seconds", seconds),
            ]
        )
    }

    /// Everybody's likes, read a slice of people per hold of the lock.
    private func likes() -> Interactions {
        var likes = Interactions()
        var next = 0
        while true {
            let capacity = graph.withReadLock { graph in
                graph.appendLikes(of: next..<next + Self.peoplePerLock, to: &likes)
                return graph.peopleCapacity
            }
            next += Self.peoplePerLock
            if next >= capacity { return likes }
        }
    }
}
