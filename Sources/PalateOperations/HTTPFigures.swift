import HTTPTypes
import Hummingbird
import PalateModel
import PalateServer

/// Requests answered over HTTP, by route and status: dozens a second at most, so a lock will do.
final class HTTPFigures: Sendable {
    /// What is counted together.
    struct Key: Hashable, Comparable {
        var method: String
        /// As it is declared, such as `/collections/{name}`.
        var route: String
        var status: Int

        static func < (left: Self, right: Self) -> Bool {
            (left.route, left.method, left.status) < (right.route, right.method, right.status)
        }
    }

    private let counts = ReadWriteLock<[Key: UInt64]>([:])
    private let latency = LatencyHistogram()

    /// Counts one.
    func note(_ key: Key, took: Duration) {
        counts.withWriteLock { $0[key, default: 0] += 1 }
        latency.add(took)
    }

    /// What was counted, in order.
    var readings: [(key: Key, count: UInt64)] {
        counts.withReadLock { $0.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
    }

    /// How long they took, all together.
    var latencies: LatencyHistogram.Reading { latency.reading }
}

/// Counts what is answered, whatever it is.
struct CountingMiddleware: RouterMiddleware {
    typealias Context = OperationsContext

    /// What Hummingbird calls the route of a path that there is not.
    private static let unknownRoute = "NotFound"

    let figures: HTTPFigures

    func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        do {
            let response = try await next(request, context)
            note(request, context, response.status.code, start)
            return response
        } catch {
            let status = (error as? any HTTPResponseError)?.status ?? .internalServerError
            note(request, context, status.code, start)
            throw error
        }
    }

    /// Anybody can ask for any path by any method: what is none of ours is counted as one.
    private func note(
        _ request: Request,
        _ context: Context,
        _ status: Int,
        _ start: ContinuousClock.Instant
    ) {
        let route = context.endpointPath.flatMap { $0 == Self.unknownRoute ? nil : $0 }
        let key = HTTPFigures.Key(
            method: route == nil ? "any" : request.method.rawValue,
            route: route ?? "other",
            status: status
        )
        figures.note(key, took: .now - start)
    }
}
