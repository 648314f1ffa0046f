import PalateWire

extension PalateClientError: CustomStringConvertible {
    /// One sentence for people.
    public var description: String {
        switch self {
        case .refused(let report): report.message
        case .connectFailed(let reason): "no connection: \(reason)"
        case .closed(let reason): "the connection closed: \(reason)"
        case .timedOut(let milliseconds): "no answer within \(milliseconds) ms"
        case .cancelled: "cancelled"
        case .invalidRequest(let error): "the request was not sent: \(error)"
        case .invalidResponse(let error): "the answer makes no sense: \(error)"
        case .unexpectedResponse(let opcode): "the answer has opcode \(opcode)"
        }
    }
}
