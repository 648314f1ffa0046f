import HTTPTypes
import Hummingbird
import PalateModel

/// Takes part in the trace that a request belongs to, as W3C Trace Context has it.
///
/// `traceparent` is read; `traceresponse` names the trace and the span of this request. A request
/// without a trace is given none.
struct TraceMiddleware: RouterMiddleware {
    typealias Context = OperationsContext

    private static let parent = HTTPField.Name("traceparent")
    private static let response = HTTPField.Name("traceresponse")
    /// Of a `traceparent`, where the second digit of its flags stands: odd = the trace is recorded.
    private static let flagsPlace = 54

    /// The trace of a request; nil = it has none.
    static func trace(of request: Request) -> TraceID? {
        header(of: request).flatMap { TraceID($0) }
    }

    private static func header(of request: Request) -> String? {
        parent.flatMap { request.headers[$0] }
    }

    func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        guard let trace = Self.trace(of: request), let name = Self.response else { return response }
        let flags = Self.header(of: request)?.utf8.dropFirst(Self.flagsPlace).first ?? 0
        response.headers[name] = trace.parent(
            span: UInt64.random(in: 1 ... .max),
            isSampled: flags % 2 == 1
        )
        return response
    }
}
