import PalateModel

/// The meeting of a call's ticket and its task's cancellation, which may come in either order.
final class Cancellation: Sendable {
    private enum State {
        case idle
        case armed(ticket: UInt64)
        case fired
    }

    private let state = ReadWriteLock(State.idle)

    /// Says which call to cancel; true when the task was cancelled before.
    func arm(_ ticket: UInt64) -> Bool {
        state.withWriteLock { state in
            if case .fired = state { return true }
            state = .armed(ticket: ticket)
            return false
        }
    }

    /// Notes that the task is cancelled; gives the call, where it is known already.
    func fire() -> UInt64? {
        state.withWriteLock { state in
            defer { state = .fired }
            if case .armed(let ticket) = state { return ticket }
            return nil
        }
    }
}
