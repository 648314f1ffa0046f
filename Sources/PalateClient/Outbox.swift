import NIOCore
import PalateModel
package import PalateWire

/// What came of one request.
package struct Reply: Sendable {
    /// The answer, or why there is none.
    package var result: Result<Response, PalateClientError>
    /// Microseconds the server took; 0 where it did not answer.
    package var serverMicroseconds: UInt32

    /// A reply.
    package init(
        _ result: Result<Response, PalateClientError>,
        serverMicroseconds: UInt32 = 0
    ) {
        self.result = result
        self.serverMicroseconds = serverMicroseconds
    }
}

/// One request on its way to the event loop.
struct Call: Sendable {
    /// Unique within the client; finds the call again when its task is cancelled.
    var ticket: UInt64
    var request: Request
    var deadline: NIODeadline
    var timeout: TimeAmount
    /// Called once, on the event loop.
    var reply: @Sendable (Reply) -> Void
}

/// Requests that callers handed over and the event loop has not taken yet.
///
/// The first request into an empty outbox schedules one visit of the event loop; those that follow
/// before the visit only append. So the price of crossing threads is paid once per burst, and a
/// burst leaves in one write. Workload: up to 10^5 calls per second, lock held for an append.
final class Outbox: Sendable {
    private struct State {
        var calls: [Call] = []
        var nextTicket: UInt64 = 1
        var closedBy: PalateClientError?
    }

    private let state = ReadWriteLock(State())

    /// What became of an offered call.
    enum Outcome {
        /// In the outbox; the event loop has to be told.
        case first(ticket: UInt64)
        /// In the outbox; the event loop will come anyway.
        case queued(ticket: UInt64)
        /// The connection is gone.
        case closed(PalateClientError)
    }

    /// Puts a call into the outbox.
    func offer(
        _ request: Request,
        timeout: TimeAmount,
        _ reply: @escaping @Sendable (Reply) -> Void
    ) -> Outcome {
        let deadline = NIODeadline.now() + timeout
        return state.withWriteLock { state in
            if let error = state.closedBy { return .closed(error) }
            let ticket = state.nextTicket
            state.nextTicket += 1
            state.calls.append(
                Call(
                    ticket: ticket,
                    request: request,
                    deadline: deadline,
                    timeout: timeout,
                    reply: reply
                )
            )
            return state.calls.count == 1 ? .first(ticket: ticket) : .queued(ticket: ticket)
        }
    }

    /// Takes everything, leaving `spare`'s memory for the next burst.
    func take(into spare: inout [Call]) {
        spare.removeAll(keepingCapacity: true)
        state.withWriteLock { swap(&$0.calls, &spare) }
    }

    /// Whether calls are refused.
    var isClosed: Bool { state.withReadLock { $0.closedBy != nil } }

    /// Refuses calls from now on, and gives back those that were not taken.
    func close(_ error: PalateClientError) -> [Call] {
        state.withWriteLock { state in
            if state.closedBy == nil { state.closedBy = error }
            defer { state.calls = [] }
            return state.calls
        }
    }
}
