import NIOCore
import PalateIndex
import PalateWire

// Turns: when a connection's frames are handled, and what it has to do first.
extension ConnectionHandler {
    /// Whether the client takes its answers and keeps to its load credit.
    private func keepsUp(_ context: ChannelHandlerContext) -> Bool {
        context.channel.isWritable && !isAuthenticating
            && loadBytesInFlight <= CollectionWriter.creditBytes
    }

    /// Whether the front frame has yet to arrive: the client's to send.
    func awaitsFrame(_ context: ChannelHandlerContext) -> Bool {
        isServing && !inbox.isEmpty && !isBacklogged && keepsUp(context)
    }

    /// Whether to read: also while frames wait for their turn, so that they are known to wait.
    func wantsBytes(_ context: ChannelHandlerContext) -> Bool {
        switch phase {
        case .greeting, .open:
            keepsUp(context)
                && !((isBacklogged || isEnlisted)
                    && inbox.byteCount >= service.options.readAheadBytes)
        case .closing, .lingering: true
        case .closed: false
        }
    }

    /// Asks for a turn.
    func enlist() {
        guard isServing, !isEnlisted else { return }
        isEnlisted = true
        turns.append(self)
    }

    /// Handles some of the frames received, and writes the answers there are.
    ///
    /// - Returns: when that was done.
    func takeTurn(
        at start: ContinuousClock.Instant,
        until end: ContinuousClock.Instant
    ) -> ContinuousClock.Instant {
        isEnlisted = false
        guard isServing, let context else { return start }
        let now = handleFrames(context, at: start, until: end)
        flush(context)
        guard isServing else { return now }
        let isDone = (isLeaving || isInputClosed) && inFlight.isEmpty && !isBacklogged
        if isDone {
            finish(context)
            return now
        }
        if isReadHeld, wantsBytes(context) {
            isReadHeld = false
            context.read()
        }
        watchStall(context)
        return now
    }

    private func handleFrames(
        _ context: ChannelHandlerContext,
        at start: ContinuousClock.Instant,
        until end: ContinuousClock.Instant
    ) -> ContinuousClock.Instant {
        var now = start
        var handled = 0
        isBacklogged = false
        while isServing {
            guard keepsUp(context) else {
                isBacklogged = !inbox.isEmpty
                return now
            }
            guard handled < service.options.framesPerTurn, now < end || handled == 0 else {
                isBacklogged = !inbox.isEmpty
                if isBacklogged { enlist() }
                return now
            }
            do throws(WireError) {
                guard let header = try inbox.nextHeader() else { return now }
                now = handle(header, context, now)
            } catch {
                refuse(error, context)
                return now
            }
            inbox.consume()
            clock.forgetFrame()
            handled += 1
            if outbox.byteCount > service.options.writeBufferBytes { flush(context) }
        }
        return now
    }
}
