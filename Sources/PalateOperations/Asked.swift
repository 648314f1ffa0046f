import FoundationEssentials
import Hummingbird
import NIOCore
import PalateAccess
import PalateModel
import PalateServer

/// A request of somebody who may ask.
struct Asked: Sendable {
    let request: Request
    let context: OperationsContext
    let grant: Grant

    /// A part of the path, by its name in the route.
    func part(_ name: String) -> String { context.parameters.get(name) ?? "" }

    /// Refuses who may not, before anything is looked at.
    func require(_ scope: Scopes?) throws(RequestError) {
        guard let scope else { return }
        guard grant.scopes.isSuperset(of: scope) else {
            throw .forbidden(needs: "scope \(scope.names)")
        }
    }

    /// The body.
    ///
    /// - Parameter absent: what an empty one means; nil = there has to be one.
    /// - Returns: what it says.
    /// - Throws: `BadBody` where it is too large, or not this in JSON.
    func body<Value: Decodable>(_ absent: Value? = nil) async throws -> Value {
        let bytes: ByteBuffer
        do {
            bytes = try await request.body.collect(upTo: context.maxUploadSize)
        } catch is NIOTooManyBytesError {
            throw BadBody(reason: "the body has more than \(context.maxUploadSize) bytes")
        }
        if bytes.readableBytes == 0, let absent { return absent }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf",
            negativeInfinity: "-inf",
            nan: "nan"
        )
        do {
            return try decoder.decode(Value.self, from: Data(bytes.readableBytesView))
        } catch {
            throw BadBody(error)
        }
    }
}

/// A body that is not what the path takes.
struct BadBody: Error {
    /// For people.
    let reason: String

    init(reason: String) { self.reason = reason }

    fileprivate init(_ error: any Error) {
        let context: DecodingError.Context? =
            switch error {
            case DecodingError.typeMismatch(_, let context): context
            case DecodingError.valueNotFound(_, let context): context
            case DecodingError.keyNotFound(_, let context): context
            case DecodingError.dataCorrupted(let context): context
            default: nil
            }
        let path = context?.codingPath.map(\.stringValue).joined(separator: ".") ?? ""
        let reason = context?.debugDescription ?? "\(error)"
        self.reason = path.isEmpty ? "the body: \(reason)" : "the body, at \(path): \(reason)"
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

    /// Bytes of a body: names and numbers.
    var maxUploadSize: Int { 64 << 10 }
}
