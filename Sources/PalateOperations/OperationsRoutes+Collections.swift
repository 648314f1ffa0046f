import Hummingbird
import PalateModel
import PalateServer
import PalateWire

// Fields and generations of a collection, as `palate fields` and `palate generation` have them.
extension OperationsRoutes {
    private static let collection = "/collections/:name"

    func addFieldsAndGenerations(to router: Router<OperationsContext>) {
        let fields = RouterPath(Self.collection + "/fields")
        on(.get, fields, router) { asked in
            try await answerFields(.listFields(handle: try await handle(asked)), asked)
        }
        on(.post, fields, router) { asked in
            try asked.require(status.scope(of: .fieldsDeclare))
            let bodies: [FieldBody] = try await asked.body()
            let declared = try bodies.map { try $0.declaration() }
            return try await answerFields(
                .declareFields(handle: try await handle(asked), fields: declared),
                asked
            )
        }
        let generations = Self.collection + "/generations"
        on(.get, RouterPath(generations), router) { asked in
            let response = try await status.answer(
                .listGenerations(name: asked.part("name")),
                as: asked.grant
            )
            guard case .generations(let all) = response else { throw Self.unexpected(response) }
            return Self.json(.ok, all.map(GenerationLine.init))
        }
        for (name, step) in [
            ("check", GenerationStep.check), ("swap", .swap), ("rollback", .rollback),
        ] {
            on(.post, RouterPath(generations + "/" + name), router) { asked in
                try await change(step, asked)
            }
        }
        for role in [GenerationRole.candidate, .previous] {
            on(.delete, RouterPath(generations + "/\(role)"), router) { asked in
                let handle = try await handle(asked)
                _ = try await status.answer(
                    .dropGeneration(handle: handle, role: role),
                    as: asked.grant
                )
                return Self.json(.ok, ["dropped": "\(role)"])
            }
        }
    }

    /// The collection that the path names, to those who may know of it.
    func handle(_ asked: Asked) async throws -> UInt32 {
        let response = try await status.answer(.open(name: asked.part("name")), as: asked.grant)
        guard case .opened(let info) = response else { throw Self.unexpected(response) }
        return info.handle
    }

    private func answerFields(
        _ request: PalateWire.Request,
        _ asked: Asked
    ) async throws -> Response {
        let response = try await status.answer(request, as: asked.grant)
        guard case .fields(_, let figures) = response else { throw Self.unexpected(response) }
        return Self.json(.ok, figures.map(FieldLine.init))
    }

    /// What does not pass its check is a conflict, and the report says with what.
    private func change(_ step: GenerationStep, _ asked: Asked) async throws -> Response {
        try asked.require(status.scope(of: .generationSwap))
        let body: GateBody = try await asked.body(GateBody())
        guard Limits.canarySamples.contains(body.thresholds.samples) else {
            throw RequestError.outOfRange(
                field: "samples",
                got: body.thresholds.samples,
                expected: Limits.canarySamples
            )
        }
        let swap = GenerationSwap(
            handle: try await handle(asked),
            step: step,
            isForced: body.force ?? false,
            thresholds: body.thresholds
        )
        let response = try await status.answer(.swapGeneration(swap), as: asked.grant)
        guard case .generationReport(let report) = response else { throw Self.unexpected(response) }
        let isGood = report.isPassed || report.isSwapped
        return Self.json(isGood ? .ok : .conflict, ReportLine(report))
    }
}

/// A field to add.
private struct FieldBody: Decodable {
    var name: String
    var type: String
    /// A JSON pointer; absent = the name, empty = writes bring a column.
    var path: String?

    func declaration() throws(RequestError) -> FieldDeclaration {
        guard let known = FieldType.named(type) else {
            throw .unknownChoice(
                field: "type",
                got: type,
                expected: FieldType.allCases.map(\.name)
            )
        }
        return FieldDeclaration(name, known, path: path)
    }
}

/// What a candidate has to reach, where it is not the usual.
private struct GateBody: Decodable {
    var samples: Int?
    var rows: Float?
    var lacking: Float?
    var recall: Float?
    var overlap: Float?
    var nearer: Float?
    var force: Bool?

    var thresholds: CanaryThresholds {
        let usual = CanaryThresholds()
        return CanaryThresholds(
            samples: samples ?? usual.samples,
            rows: rows ?? usual.rows,
            lacking: lacking ?? usual.lacking,
            recall: recall ?? usual.recall,
            overlap: overlap ?? usual.overlap,
            nearer: nearer ?? usual.nearer
        )
    }
}
