import Dispatch
package import PalateModel
import PalateTaste
import Synchronization

// How long the log of events is kept: by count, by age, or for ever, as the settings say. Records,
// clusters and edges made of an event outlive it; replay, export and its id do not.
extension TasteStore {
    /// How far ahead of the server a sender's clock may be.
    ///
    /// An event from further ahead has no age to go by: it goes with those that arrived before it.
    private static let clockSkewMilliseconds: Int64 = 86_400_000

    /// The settings' bounds on the log.
    private struct Retention {
        /// Events kept; nil = all.
        var events: UInt64?
        /// Events from before this time go, milliseconds since 1970 UTC; nil = none.
        var oldest: Int64?

        init(_ settings: TasteSettings, now: Int64) {
            if settings.historyEvents > 0 { events = UInt64(settings.historyEvents) }
            if settings.historyDays > 0 {
                let age = Int64(Double(settings.historyDays) * 86_400_000)
                oldest = now.subtractingReportingOverflow(age).partialValue
            }
        }
    }

    /// Lets events go that the settings do not keep, a transaction at a time between new events.
    ///
    /// The last event stays: its place in the log says where the next one goes.
    ///
    /// - Parameters:
    ///   - now: milliseconds since 1970 UTC.
    ///   - completion: called once, on the store's queue: how many went.
    package func releaseEvents(
        now: Int64,
        completion: @escaping @Sendable (Result<UInt64, RequestError>) -> Void
    ) {
        let retention = Retention(graph.withReadLock { $0.settings }, now: now)
        guard retention.events != nil || retention.oldest != nil else {
            return completion(.success(0))
        }
        queue.async { self.release(retention, now: now, released: 0, completion) }
    }

    private func release(
        _ retention: Retention,
        now: Int64,
        released: UInt64,
        _ completion: @escaping @Sendable (Result<UInt64, RequestError>) -> Void
    ) {
        let first = firstEvent.load(ordering: .relaxed)
        let stored = storedEvents.load(ordering: .relaxed)
        guard stored > first, !isClosing.load(ordering: .relaxed) else {
            return completion(.success(released))
        }
        let surplus = retention.events.map { stored - min(stored, $0) } ?? 0
        let next: UInt64
        do throws(IndexError) {
            next = try tables.release(from: first, to: stored - 1, below: surplus) { event in
                guard let oldest = retention.oldest else { return false }
                let time = event.timeMilliseconds
                return time < oldest
                    || Decay.elapsed(from: now, to: time) > Self.clockSkewMilliseconds
            }
        } catch {
            return completion(.failure(RequestError(error)))
        }
        guard next > first else { return completion(.success(released)) }
        firstEvent.store(next, ordering: .relaxed)
        queue.async {
            self.release(retention, now: now, released: released + next - first, completion)
        }
    }
}
