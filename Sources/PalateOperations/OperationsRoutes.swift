import FoundationEssentials
import Glibc
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import PalateAccess
import PalateIndex
import PalateModel
import PalateServer
import PalateWire

/// What each path answers.
struct OperationsRoutes: Sendable {
    let status: ServerStatus
    let access: OperationsAccess
    let logger: Logger
    /// Reads settings, keys and certificates anew, as SIGHUP does.
    let reload: @Sendable () -> Void

    /// Paths to answers; other paths are 404.
    func router() -> Router<OperationsContext> {
        let router = Router(context: OperationsContext.self)
        router.add(middleware: TraceMiddleware())
        router.get("/livez") { _, _ in Self.json(.ok, ["status": "alive"]) }
        router.get("/readyz") { _, _ in readiness() }
        router.get("/metrics") { request, context in
            try await guarded(request, context) { grant in
                .init(
                    status: .ok,
                    headers: [.contentType: PrometheusText.contentType],
                    body: .init(byteBuffer: ByteBuffer(string: try await metrics(grant)))
                )
            }
        }
        router.get("/collections") { request, context in
            try await guarded(request, context) { grant in
                Self.json(.ok, try await figures(grant).map { CollectionFigures($0.0, $0.1) })
            }
        }
        router.get("/collections/:name") { request, context in
            try await guarded(request, context) { grant in
                let name = context.parameters.get("name") ?? ""
                return Self.json(.ok, CollectionFigures(name, try await stats(name, grant)))
            }
        }
        router.delete("/collections/:name") { request, context in
            try await guarded(request, context) { grant in
                let name = context.parameters.get("name") ?? ""
                _ = try await status.answer(.dropCollection(name: name), as: grant)
                return Self.json(.ok, ["dropped": name])
            }
        }
        router.post("/admin/backup/:name") { request, context in
            try await guarded(request, context) { grant in
                let name = context.parameters.get("name") ?? ""
                let backup = PalateWire.Request.backup(BackupRequest(name: name))
                guard case .backedUp(let receipt) = try await status.answer(backup, as: grant)
                else { return Self.json(.internalServerError, ["error": "no receipt"]) }
                return Self.json(
                    .ok,
                    ["bytes": receipt.bytes, "files": UInt64(receipt.files)]
                )
            }
        }
        router.post("/admin/reload") { request, context in
            try await guarded(request, context) { grant in
                guard grant.scopes.contains(.admin) else {
                    throw RequestError.forbidden(needs: "scope admin")
                }
                reload()
                return Self.json(.accepted, ["status": "reloading"])
            }
        }
        return router
    }

    // MARK: Answers

    /// Whether a balancer should send requests here: what is full still answers queries, what has
    /// failed may not.
    private func readiness() -> Response {
        var reasons: [String] = []
        if status.phase != .serving { reasons.append("the server is \(status.phase.rawValue)") }
        // Without names: anybody may ask, and collections have owners.
        let failed = status.directory.collections.reduce(0) { count, collection in
            count + collection.writeStates.count { $0.1 == .failed }
        }
        if failed > 0 { reasons.append("\(failed) stores of collections failed") }
        return reasons.isEmpty
            ? Self.json(.ok, ["status": "ready"])
            : Self.json(.serviceUnavailable, Unready(reasons: reasons))
    }

    private struct Unready: Encodable {
        var status = "not ready"
        var reasons: [String]
    }

    private func metrics(_ grant: Grant) async throws -> String {
        var gauges: [(name: String, figures: TasteFigures)] = []
        for info in try await collections(grant).prefix(MetricsPage.collectionsMax) {
            // One that was dropped meanwhile has none.
            guard let figures = try? await tasteFigures(info.handle, grant) else { continue }
            gauges.append((info.schema.name, figures))
        }
        return MetricsPage(status, try await figures(grant), taste: gauges).text
    }

    private func collections(_ grant: Grant) async throws -> [CollectionInfo] {
        guard case .collections(let all) = try await status.answer(.listCollections, as: grant)
        else { return [] }
        return all
    }

    private func tasteFigures(_ handle: UInt32, _ grant: Grant) async throws -> TasteFigures {
        func numbers(
            _ operation: TasteNumbersOperation,
            _ name: String = ""
        ) async throws -> [NamedNumber] {
            let request = TasteNumbersRequest(
                handle: handle,
                scope: .gauges,
                operation: operation,
                name: name
            )
            let response = try await status.answer(.tasteNumbers(request), as: grant)
            guard case .tasteNumbers(_, let numbers) = response else { return [] }
            return numbers.numbers
        }
        var figures = TasteFigures(gauges: try await numbers(.get))
        for profile in try await numbers(.list) {
            figures.profiles.append((profile.name, try await numbers(.get, profile.name)))
        }
        return figures
    }

    private func figures(_ grant: Grant) async throws -> [(String, CollectionStats)] {
        var figures: [(String, CollectionStats)] = []
        for info in try await collections(grant).prefix(MetricsPage.collectionsMax) {
            // One that was dropped meanwhile has no figures.
            guard let stats = try? await stats(info.schema.name, grant) else { continue }
            figures.append((info.schema.name, stats))
        }
        return figures
    }

    private func stats(_ name: String, _ grant: Grant) async throws -> CollectionStats {
        let response = try await status.answer(.collectionStats(name: name), as: grant)
        guard case .stats(let stats) = response else {
            throw RequestError.internalFailure(reason: "no figures")
        }
        return stats
    }

    // MARK: Access and errors

    /// Answers whoever may ask, and says what is wrong otherwise.
    private func guarded(
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
            return Self.refused(refusal)
        } catch let error as RequestError {
            let report = ErrorReport(error)
            let isRefused = report.status == .forbidden
            audit(request, isRefused ? "refused" : "failed", subject, context)
            return Self.json(Self.status(report), ["error": report.message])
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

    private static func refused(_ refusal: OperationsAccess.Refusal) -> Response {
        switch refusal {
        case .unauthenticated(let reason):
            var response = json(.unauthorized, ["error": reason])
            response.headers[.wwwAuthenticate] = "Bearer"
            return response
        case .throttled(let milliseconds):
            var response = json(.tooManyRequests, ["error": "too many failures"])
            response.headers[.retryAfter] = "\((milliseconds + 999) / 1_000)"
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

    static func json(_ status: HTTPResponse.Status, _ value: some Encodable) -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
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

/// A request's own state: where it came from.
struct OperationsContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let address: String?
    let isLocal: Bool

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        address = source.channel.remoteAddress?.ipAddress
        isLocal = source.channel.remoteAddress?.isLocal ?? false
    }

    /// Bytes of a body: no path takes one.
    var maxUploadSize: Int { 64 << 10 }
}
