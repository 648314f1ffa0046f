import NIOCore
import PalateWire

/// Which calls are made again after a failure, and when.
///
/// A read is repeated after a broken connection and after any refusal that the server calls
/// retryable. Anything else is repeated only where the server refused it as overloaded, before it
/// did any of it. A call that timed out is not: its time is over.
enum Retries {
    /// What the first wait is drawn below, doubled each time, and what none is above.
    private static let (firstWait, longestWait) = (
        TimeAmount.milliseconds(50), TimeAmount.seconds(2)
    )

    /// How long to wait before making a call again; nil = its failure stands.
    ///
    /// Drawn from zero up to a bound that doubles ("full jitter"), so that clients which failed
    /// together do not come back together; the server's own advice is the least.
    static func wait(
        after error: PalateClientError,
        of request: Request,
        attempt: Int
    ) -> TimeAmount? {
        let bound = min(longestWait.nanoseconds, firstWait.nanoseconds << min(attempt, 10))
        let drawn = TimeAmount.nanoseconds(Int64.random(in: 0...bound))
        switch error {
        case .closed, .connectFailed:
            guard request.isRead else { return nil }
            // The first try after a broken connection costs nobody anything.
            return attempt == 0 ? .zero : drawn
        case .refused(let report):
            let isSafe = request.isRead ? report.isRetryable : report.status == .overloaded
            guard isSafe else { return nil }
            return max(drawn, .milliseconds(Int64(report.retryAfterMilliseconds)))
        case .timedOut, .cancelled, .invalidRequest, .invalidResponse, .unexpectedResponse:
            return nil
        }
    }
}

extension Request {
    /// Whether it changes nothing: asking twice is asking once.
    var isRead: Bool {
        switch opcode {
        case .ping, .open, .listCollections, .collectionStats, .generationList, .query, .get,
            .fieldsList, .count, .scroll, .profileGet, .historyGet:
            true
        default: false
        }
    }
}
