import NIOCore
import PalateModel

/// Until when a connection may keep the server waiting.
///
/// Each wait has a beginning that nothing moves: a client that sends or reads one byte at a time
/// has no more time than one that is silent. Large frames and answers get more, at a rate that any
/// network beats.
final class StallClock {
    /// For anything the client has to do, beside the time its bytes take.
    private let patience: TimeAmount
    /// A client slower than this is taken for one that has stalled.
    private let bytesPerSecondMin: Int
    private let metrics: ServerMetrics
    private var frame: (began: NIODeadline, bytes: Int)?
    private var unread: NIODeadline?
    private var armed: (at: NIODeadline, timer: Scheduled<Void>)?

    /// When HELLO must have come, or the closing must be done.
    private var fixed: (at: NIODeadline, limit: ServerLimit?)?

    init(_ options: ServerOptions, _ metrics: ServerMetrics) {
        patience = options.stallTimeout
        bytesPerSecondMin = options.stallBytesPerSecond
        self.metrics = metrics
    }

    /// The connection ends in so much time, by a limit that then counts one more.
    func fix(_ time: TimeAmount, by limit: ServerLimit? = nil) { fixed = (.now() + time, limit) }

    /// What was fixed has come in time.
    func unfix() { fixed = nil }

    /// How long `byteCount` bytes may take.
    func allowance(_ byteCount: Int) -> TimeAmount {
        let milliseconds = Int64(byteCount) * 1_000 / Int64(bytesPerSecondMin)
        return patience + .milliseconds(milliseconds)
    }

    /// A part of a frame is here, and the rest is the client's to send.
    func expectFrame(of byteCount: Int) {
        frame = (frame?.began ?? .now(), byteCount)
    }

    /// The frame is whole, or reading waits for the server.
    func forgetFrame() { frame = nil }

    /// Answers fill the connection's buffer, and the client has to read.
    func expectReading(of byteCount: @autoclosure () -> Int) {
        if unread == nil { unread = .now() + allowance(byteCount()) }
    }

    /// The client has read.
    func forgetReading() { unread = nil }

    /// Keeps one timer at the first of these moments, which closes the connection.
    ///
    /// Waits come and go thousands of times a second, so the timer is not moved when one ends; it
    /// looks again when it fires.
    func arm(_ context: ChannelHandlerContext) {
        guard let deadline = earliest else { return }
        if let armed, armed.at <= deadline { return }
        armed?.timer.cancel()
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let loopBound = context.loopBound
        let timer = context.eventLoop.scheduleTask(deadline: deadline) {
            bound.value.fire(loopBound.value)
        }
        armed = (deadline, timer)
    }

    /// The connection is closed.
    func stop() {
        armed?.timer.cancel()
        armed = nil
        (fixed, frame, unread) = (nil, nil, nil)
    }

    private func fire(_ context: ChannelHandlerContext) {
        armed = nil
        let now = NIODeadline.now()
        guard let earliest, earliest <= now else { return arm(context) }
        let isFixed = fixed.map { $0.at <= now } ?? false
        if let limit = isFixed ? fixed?.limit : .stallTimeout { metrics.refused(by: limit) }
        context.close(promise: nil)
    }

    private var earliest: NIODeadline? {
        var earliest = NIODeadline.distantFuture
        if let fixed { earliest = min(earliest, fixed.at) }
        if let unread { earliest = min(earliest, unread) }
        if let frame { earliest = min(earliest, frame.began + allowance(frame.bytes)) }
        return earliest == .distantFuture ? nil : earliest
    }
}
