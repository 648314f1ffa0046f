import HTTPTypes
import Hummingbird
import PalateModel
import PalateServer
import PalateWire

// Taste of a collection, as `palate taste` has it.
extension OperationsRoutes {
    func addTaste(to router: Router<OperationsContext>) {
        let taste = "/collections/:name/taste"
        on(.post, RouterPath(taste + "/refresh"), router) { asked in
            try asked.require(status.scope(of: .tasteRefresh))
            let body: RefreshBody = try await asked.body(RefreshBody())
            let refresh = TasteRefresh(
                handle: try await handle(asked),
                builder: body.builder ?? ""
            )
            return try await answerNumbers(.refreshTaste(refresh), asked)
        }
        let operations: [(HTTPRequest.Method, TasteNumbersOperation)] = [
            (.get, .get), (.put, .put), (.delete, .delete),
        ]
        for (method, operation) in operations {
            addNumbers(method, taste + "/settings", .settings, operation, router)
            addNumbers(method, taste + "/weights/:entry", .profile, operation, router)
            addNumbers(method, taste + "/experiments/:entry", .experiment, operation, router)
        }
        addNumbers(.get, taste + "/weights", .profile, .list, router)
        addNumbers(.get, taste + "/experiments", .experiment, .list, router)
        addNumbers(.get, taste + "/gauges", .gauges, .get, router)
        addNumbers(.get, taste + "/gauges/:entry", .gauges, .get, router)
        on(.delete, "/collections/:name/people/:user", router) { asked in
            guard let user = UserID(asked.part("user")) else {
                throw BadBody(reason: "the user is \(asked.part("user")), expected a number")
            }
            let handle = try await handle(asked)
            let request = PalateWire.Request.forget(handle: handle, user: user)
            let response = try await status.answer(request, as: asked.grant)
            guard case .forgotten(let receipt) = response else { throw Self.unexpected(response) }
            return Self.json(.ok, ["events": receipt.changed])
        }
    }

    private func addNumbers(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ scope: TasteScope,
        _ operation: TasteNumbersOperation,
        _ router: Router<OperationsContext>
    ) {
        on(method, RouterPath(path), router) { asked in
            var numbers: [NamedNumber] = []
            if operation == .put {
                try asked.require(status.scope(of: .tasteNumbers))
                let body: [String: Double] = try await asked.body()
                numbers = body.sorted { $0.key < $1.key }.map { NamedNumber($0.key, $0.value) }
            }
            let request = TasteNumbersRequest(
                handle: try await handle(asked),
                scope: scope,
                operation: operation,
                name: asked.part("entry"),
                numbers: numbers
            )
            return try await answerNumbers(.tasteNumbers(request), asked)
        }
    }

    private func answerNumbers(
        _ request: PalateWire.Request,
        _ asked: Asked
    ) async throws -> Response {
        let response = try await status.answer(request, as: asked.grant)
        guard case .tasteNumbers(_, let numbers) = response else { throw Self.unexpected(response) }
        return Self.json(.ok, NumbersLine(numbers))
    }
}

/// Numbers of a collection's taste.
private struct NumbersLine: Encodable {
    /// Rises with every change; 0 = as they come.
    var version: UInt64
    var numbers: [String: Double]

    init(_ numbers: TasteNumbers) {
        version = numbers.version
        self.numbers = Dictionary(numbers.numbers.map { ($0.name, $0.value) }) { _, last in last }
    }
}

/// How item-item edges are to be derived.
private struct RefreshBody: Decodable {
    /// Absent: the server chooses.
    var builder: String?
}
