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

    /// Counts of the requests answered.
    let figures = HTTPFigures()

    /// Paths to answers; other paths are 404.
    func router() -> Router<OperationsContext> {
        let router = Router(context: OperationsContext.self)
        router.add(middleware: TraceMiddleware())
        router.add(middleware: CountingMiddleware(figures: figures))
        router.get("/livez") { _, _ in Self.json(.ok, ["status": "alive"]) }
        router.get("/readyz") { _, _ in readiness() }
        on(.get, "/metrics", router) { asked in
            .init(
                status: .ok,
                headers: [.contentType: PrometheusText.contentType],
                body: .init(byteBuffer: ByteBuffer(string: try await metrics(asked.grant)))
            )
        }
        on(.get, "/collections", router) { asked in
            let all = try await stats(asked.grant)
            return Self.json(.ok, all.map { CollectionFigures($0.name, $0.stats) })
        }
        on(.get, "/collections/:name", router) { asked in
            let name = asked.part("name")
            return Self.json(.ok, CollectionFigures(name, try await stats(name, asked.grant)))
        }
        on(.delete, "/collections/:name", router) { asked in
            let name = asked.part("name")
            _ = try await status.answer(.dropCollection(name: name), as: asked.grant)
            return Self.json(.ok, ["dropped": name])
        }
        on(.post, "/admin/backup/:name", router) { asked in try await backup(asked) }
        on(.post, "/admin/reload", router) { asked in
            try asked.require(.admin)
            reload()
            return Self.json(.accepted, ["status": "reloading"])
        }
        addFieldsAndGenerations(to: router)
        addTaste(to: router)
        return router
    }

    /// A path for those who may ask.
    func on(
        _ method: HTTPRequest.Method,
        _ path: RouterPath,
        _ router: Router<OperationsContext>,
        _ answer: @escaping @Sendable (Asked) async throws -> Response
    ) {
        router.on(path, method: method) { request, context in
            try await guarded(request, context) { grant in
                try await answer(Asked(request: request, context: context, grant: grant))
            }
        }
    }

    /// `form=file`, `collection=NAME` and `rate=BYTES A SECOND`, as `palate backup` has them.
    private func backup(_ asked: Asked) async throws -> Response {
        let query = asked.request.uri.queryParameters
        var backup = BackupRequest(
            name: asked.part("name"),
            collection: query["collection"].map(String.init) ?? ""
        )
        if let form = query["form"] {
            let forms: [String: BackupForm] = ["directory": .directory, "file": .file]
            guard let known = forms[String(form)] else {
                throw RequestError.unknownChoice(
                    field: "form",
                    got: String(form),
                    expected: forms.keys.sorted()
                )
            }
            backup.form = known
        }
        if let rate = query["rate"] {
            guard let bytes = UInt64(rate) else {
                throw BadBody(reason: "rate is \(rate), expected bytes a second")
            }
            backup.bytesPerSecond = bytes
        }
        let response = try await status.answer(.backup(backup), as: asked.grant)
        guard case .backedUp(let receipt) = response else { throw Self.unexpected(response) }
        return Self.json(.ok, BackupLine(receipt))
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
        return MetricsPage(status, try await stats(grant), taste: gauges, figures).text
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

    private func stats(
        _ grant: Grant
    ) async throws -> [(name: String, stats: CollectionStats)] {
        var all: [(name: String, stats: CollectionStats)] = []
        for info in try await collections(grant).prefix(MetricsPage.collectionsMax) {
            // One that was dropped meanwhile has no figures.
            guard let stats = try? await stats(info.schema.name, grant) else { continue }
            all.append((info.schema.name, stats))
        }
        return all
    }

    private func stats(_ name: String, _ grant: Grant) async throws -> CollectionStats {
        let response = try await status.answer(.collectionStats(name: name), as: grant)
        guard case .stats(let stats) = response else { throw Self.unexpected(response) }
        return stats
    }
}
