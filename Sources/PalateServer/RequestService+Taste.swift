import PalateIndex
import PalateModel
import PalateWire

// Requests about taste beside EVENT and QUERY.
extension RequestService {
    /// Answers one of them, now or later.
    func answerAboutTaste(
        _ request: Request,
        _ call: Call,
        _ completion: @escaping Completion
    ) throws(RequestError) -> Response? {
        let now = nowMilliseconds()
        switch request {
        case .profile(let profile):
            let taste = try directory.collection(handle: profile.handle).taste
            return try onWorker(call, completion) { () throws(RequestError) in
                .profile(try taste.profile(profile, now: now))
            }
        case .history(let history):
            let taste = try directory.collection(handle: history.handle).taste
            return try onWorker(call, completion) { () throws(RequestError) in
                .history(try taste.history(history))
            }
        case .forget(let handle, let user):
            let taste = try directory.collection(handle: handle).taste
            taste.forget(user) { completion($0.map(Response.forgotten)) }
        case .tasteNumbers(let numbers):
            let taste = try directory.collection(handle: numbers.handle).taste
            taste.numbers(numbers, now: now) {
                completion($0.map { Self.numbers(.tasteNumbers, $0) })
            }
        case .refreshTaste(let refresh):
            let taste = try directory.collection(handle: refresh.handle).taste
            taste.refreshEdges(builder: refresh.builder, now: now) {
                completion($0.map { Self.numbers(.tasteRefresh, $0) })
            }
        case .session(let session):
            let taste = try directory.collection(handle: session.handle).taste
            taste.answer(session, now: now) { completion($0.map { Self.numbers(.session, $0) }) }
        case .sandbox(let sandbox):
            let taste = try directory.collection(handle: sandbox.handle).taste
            return try onWorker(call, completion) { () throws(RequestError) in
                Self.numbers(.sandbox, try taste.answer(sandbox, now: now))
            }
        default:
            throw .internalFailure(reason: "opcode \(request.opcode) is not about taste")
        }
        return nil
    }

    private static func numbers(_ opcode: Opcode, _ numbers: TasteNumbers) -> Response {
        .tasteNumbers(opcode: opcode.rawValue, numbers)
    }
}
