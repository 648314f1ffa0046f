import NIOCore

/// The connections of one event loop that have something to do, first come first served.
///
/// They have their turns for a slice of time; then the loop looks at its sockets, whatever still
/// waits. So what arrives while queries run is known a slice later, and what has waited too long
/// can be refused at once instead of waiting unseen in the kernel. When nobody waits any more, the
/// loop goes on looking for as long as the options say before it sleeps: a core that is awake
/// answers sooner.
///
/// Used on its event loop alone.
final class TurnQueue {
    /// How long the loop has no task that is due, so that it looks at its sockets.
    ///
    /// NIO runs tasks until none is due. Looking takes longer than this.
    private static let pause = TimeAmount.microseconds(2)
    /// Bytes that are read so soon after a slice may have come at any time since it began.
    private static let promptly = Duration.microseconds(50)

    private let eventLoop: any EventLoop
    private let options: ServerOptions
    private var waiting = CircularBuffer<ConnectionHandler>()
    /// Whether turns are to be taken, by a task or by what comes later.
    private var isScheduled = false
    /// Whether somebody still waits after a slice.
    private var goesOn = false
    /// Whether the loop will look at its sockets and come back here.
    private var hasLater = false
    private var slice = (began: ContinuousClock.now, ended: ContinuousClock.now)
    /// When bytes that are read between two slices came, at the earliest; nil = none was read yet.
    private var arrival: ContinuousClock.Instant?

    /// Nobody waits.
    init(eventLoop: any EventLoop, options: ServerOptions) {
        self.eventLoop = eventLoop
        self.options = options
    }

    /// When bytes that are read now came, at the earliest.
    func arrivalOfBytes() -> ContinuousClock.Instant {
        if let arrival { return arrival }
        let now = ContinuousClock.now
        let earliest = now - slice.ended < Self.promptly ? slice.began : now
        arrival = earliest
        return earliest
    }

    /// Gives a connection a turn when those before it have had theirs.
    func append(_ connection: ConnectionHandler) {
        waiting.append(connection)
        guard !isScheduled else { return }
        isScheduled = true
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.execute { bound.value.takeTurns() }
    }

    fileprivate func takeTurns() {
        var now = ContinuousClock.now
        let began = now
        let end = began + options.sliceDuration
        arrival = nil
        while now < end, let connection = waiting.popFirst() {
            let turnEnd = waiting.isEmpty ? end : min(end, now + options.turnDuration)
            now = connection.takeTurn(at: now, until: turnEnd)
        }
        slice = (began, now)
        goesOn = !waiting.isEmpty
        isScheduled = goesOn
        if goesOn || options.spinDuration > .zero { lookAround() }
    }

    /// Has the loop look at its sockets and come back.
    private func lookAround() {
        guard !hasLater else { return }
        hasLater = true
        let later = Later(turns: NIOLoopBound(self, eventLoop: eventLoop))
        _ = try? eventLoop.scheduleCallback(in: Self.pause, handler: later)
    }

    fileprivate func comeBack() {
        hasLater = false
        if goesOn {
            takeTurns()
        } else if !isScheduled, ContinuousClock.now < slice.ended + options.spinDuration {
            lookAround()
        }
    }
}

/// Goes on with the turns; takes nothing from the heap, as a scheduled task would.
private struct Later: NIOScheduledCallbackHandler, Sendable {
    let turns: NIOLoopBound<TurnQueue>

    func handleScheduledCallback(eventLoop: some EventLoop) { turns.value.comeBack() }
}
