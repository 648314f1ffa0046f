import FoundationEssentials
import Glibc
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import PalateAccess
import PalateModel
import PalateServer
import PalateWire

// Who may ask over HTTP, and how refusals look there.
extension OperationsRoutes {
    /// Answers whoever may ask, and says what is wrong otherwise.
    func guarded(
        _ request: Hummingbird.Request,
        _ context: OperationsContext,
        _ answer: (Grant) async throws -> Response
    ) async throws -> Response {
        var subject = "nobody"
        do {
            let grant = try await access.grant(
                request.headers[.authorization],
                from: context.address ?? "unix",
                isLocal: context.isLocal,
                now: Self.now()
            )
            subject = grant.subject
            let response = try await answer(grant)
            audit(request, "allowed", subject, context)
            return response
        } catch let refusal as OperationsAccess.Refusal {
            audit(request, "refused", subject, context)
            return refused(refusal)
        } catch let error as RequestError {
            let report = ErrorReport(error)
            let isRefused = report.status == .forbidden
            audit(request, isRefused ? "refused" : "failed", subject, context)
            var response = Self.json(Self.status(report), ["error": report.message])
            if report.retryAfterMilliseconds > 0 {
                response.headers[.retryAfter] = Self.seconds(Int(report.retryAfterMilliseconds))
            }
            return response
        } catch let error as BadBody {
            audit(request, "failed", subject, context)
            return Self.json(.badRequest, ["error": error.reason])
        }
    }

    /// A line of the log about what an administrator did, or about who was turned away.
    private func audit(
        _ request: Hummingbird.Request,
        _ outcome: String,
        _ subject: String,
        _ context: OperationsContext
    ) {
        guard request.method != .get || outcome == "refused" else { return }
        var metadata: Logger.Metadata = [
            "action": "\(request.method)", "target": "\(String(reflecting: request.uri.path))",
            "outcome": "\(outcome)", "subject": "\(String(reflecting: subject))",
            "address": "\(context.address ?? "unix")",
        ]
        if let trace = TraceMiddleware.trace(of: request) { metadata["trace_id"] = "\(trace)" }
        logger.notice("audit", metadata: metadata)
    }

    private func refused(_ refusal: OperationsAccess.Refusal) -> Response {
        switch refusal {
        case .unauthenticated(let reason):
            var response = Self.json(.unauthorized, ["error": reason])
            response.headers[.wwwAuthenticate] = "Bearer"
            return response
        case .throttled(let milliseconds):
            status.metrics.refused(by: .failures)
            var response = Self.json(.tooManyRequests, ["error": "too many failures"])
            response.headers[.retryAfter] = Self.seconds(milliseconds)
            return response
        }
    }

    private static func status(_ report: ErrorReport) -> HTTPResponse.Status {
        switch report.status {
        case .unknownCollection: return .notFound
        case .forbidden: return .forbidden
        case .backupExists: return .conflict
        default: break
        }
        return switch FailureClass(rawValue: report.failureClass) {
        case .client: .badRequest
        case .authentication: .unauthorized
        case .overload, .unavailable: .serviceUnavailable
        default: .internalServerError
        }
    }

    /// Whole seconds, as Retry-After has them.
    private static func seconds(_ milliseconds: Int) -> String {
        "\((milliseconds + 999) / 1_000)"
    }

    /// A defect of ours: an answer to something else.
    static func unexpected(_ response: PalateWire.Response) -> RequestError {
        .internalFailure(reason: "opcode \(response.opcode) answers another request")
    }

    /// An answer in JSON.
    static func json(_ status: HTTPResponse.Status, _ value: some Encodable) -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        // Half-lives may be endless, which JSON has no number for.
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf",
            negativeInfinity: "-inf",
            nan: "nan"
        )
        let data = (try? encoder.encode(value)) ?? Data("{}".utf8)
        return Response(
            status: status,
            headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: data + Data("\n".utf8)))
        )
    }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
