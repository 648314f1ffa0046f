public import PalateModel
public import PalateWire

/// Why a call did not bring an answer.
public enum PalateClientError: Error, Equatable, Sendable {
    /// The server said no; the report says why, and whether trying again can help.
    case refused(ErrorReport)
    /// Nobody answers at the address, or the handshake failed.
    case connectFailed(reason: String)
    /// The connection is closed; unanswered requests may or may not have happened.
    case closed(reason: String)
    /// No answer in time; the request may still happen.
    case timedOut(milliseconds: Int64)
    /// The calling task was cancelled; the request may still happen.
    case cancelled
    /// The request cannot be sent, such as one that does not fit a frame.
    case invalidRequest(RequestError)
    /// The answer's bytes are not what its opcode promises; the connection is closed.
    case invalidResponse(RequestError)
    /// The answer belongs to another kind of request; the connection is closed.
    case unexpectedResponse(opcode: UInt8)
}

extension PalateClientError {
    /// The server's code, where the server answered and this version knows it.
    public var status: StatusCode? {
        if case .refused(let report) = self { report.status } else { nil }
    }
}
