import Dispatch
import Glibc
import Histogram
import PalateClient
import PalateModel
import PalateWire
import Synchronization

/// Queries on their way: each answer sends the next, from the connection's own thread, or a clock
/// sends them.
final class GeneratedLoad: Sendable {
    struct Figures: Sendable {
        var answered: Int
        var refused: Int
        var errors: Int
        var failure: String?
        var seconds: Double
        var p50: Double
        var p99: Double
        /// The first answer to each query.
        var found: [Int: [ItemID]]
    }

    private struct State {
        var next = 0
        var answered = 0
        var refused = 0
        var errors = 0
        var failure: String?
        var histogram = Histogram<UInt32>(numberOfSignificantValueDigits: .three)
        var found: [Int: [ItemID]] = [:]
        var last: ContinuousClock.Instant
    }

    /// One request's queries: positions in the file, and their vectors.
    private struct Batch {
        var range: Range<Int>
        var vectors: QueryVectors
    }

    /// Between looks at the clock where requests leave at a rate: few leave together.
    private static let pauseMicroseconds: UInt32 = 50

    private let batches: [Batch]
    private let started = ContinuousClock.now
    private let deadline: Duration
    private let state: Mutex<State>

    /// - Parameters:
    ///   - queries: what to ask, over and over.
    ///   - batch: vectors per request.
    ///   - isNarrowed: sends components in the narrowest form that holds them exactly.
    ///   - deadline: for how long.
    init(queries: NumpyFile, batch: Int, isNarrowed: Bool, deadline: Duration) {
        batches = stride(from: 0, to: queries.count, by: batch).map { first in
            let range = first..<min(first + batch, queries.count)
            let floats = queries.floats(range)
            let vectors =
                isNarrowed
                ? QueryVectors(narrowing: floats, count: range.count)
                : QueryVectors(.float32(floats), count: range.count)
            return Batch(range: range, vectors: vectors)
        }
        self.deadline = deadline
        state = Mutex(State(last: started))
    }

    /// How the components of the first request travel.
    var formName: String {
        switch batches[0].vectors.components {
        case .float32: "float32"
        case .float16: "float16"
        case .scaledInt8: "int8"
        case .uint8: "uint8"
        }
    }

    /// Sends requests at a rate until the time is over, and waits for their answers.
    ///
    /// To the connections in turn. What cannot be sent in time is sent late.
    func run(on clients: [PalateClient], at rate: Double, like template: SearchRequest) async {
        await withCheckedContinuation { continuation in
            // A thread of its own: it sleeps too short a time for a task.
            DispatchQueue(label: "palate.bench.rate").async { [self] in
                send(on: clients, at: rate, like: template)
                    .notify(queue: .global()) { continuation.resume() }
            }
        }
    }

    /// Sends until the time is over; the group is empty when all is answered.
    private func send(
        on clients: [PalateClient],
        at rate: Double,
        like template: SearchRequest
    ) -> DispatchGroup {
        let answered = DispatchGroup()
        // Connecting took its time, which would come as a burst.
        let first = ContinuousClock.now
        var sent = 0
        while true {
            let now = ContinuousClock.now
            guard now - started < deadline else { return answered }
            while Double(sent) < (now - first).seconds * rate {
                answered.enter()
                let (request, range) = next(like: template)
                let begun = ContinuousClock.now
                clients[sent % clients.count].submit(.query(request)) { [self] reply in
                    _ = note(reply.result, to: range, begun: begun)
                    answered.leave()
                }
                sent += 1
            }
            usleep(Self.pauseMicroseconds)
        }
    }

    /// Keeps one request in flight until the time is over.
    func run(on client: PalateClient, like template: SearchRequest) async {
        await withCheckedContinuation { continuation in
            send(on: client, like: template) { continuation.resume() }
        }
    }

    private func send(
        on client: PalateClient,
        like template: SearchRequest,
        whenDone: @escaping @Sendable () -> Void
    ) {
        let begun = ContinuousClock.now
        guard begun - started < deadline else { return whenDone() }
        let (request, range) = next(like: template)
        client.submit(.query(request)) { [self] reply in
            let goesOn = note(reply.result, to: range, begun: begun)
            if goesOn {
                send(on: client, like: template, whenDone: whenDone)
            } else {
                whenDone()
            }
        }
    }

    /// The next request, and which queries it has.
    private func next(like template: SearchRequest) -> (SearchRequest, Range<Int>) {
        let batch = state.withLock { state in
            defer { state.next = (state.next + 1) % batches.count }
            return batches[state.next]
        }
        var request = template
        request.source = .vectors(batch.vectors)
        return (request, batch.range)
    }

    /// Counts one answer; false after a failure, which ends this chain.
    private func note(
        _ result: Result<Response, PalateClientError>,
        to queries: Range<Int>,
        begun: ContinuousClock.Instant
    ) -> Bool {
        let now = ContinuousClock.now
        return state.withLock { state in
            state.last = max(state.last, now)
            guard case .success(.results(let response)) = result else {
                if case .failure(let error) = result {
                    if error.status == .overloaded {
                        state.refused += 1
                        return true
                    }
                    state.failure = "\(error)"
                }
                state.errors += 1
                return false
            }
            state.answered += queries.count
            let took = (now - begun).components
            state.histogram.record(
                UInt64(took.seconds * 1_000_000_000 + took.attoseconds / 1_000_000_000)
            )
            for (list, query) in queries.enumerated() where state.found[query] == nil {
                let (start, end) = (response.offsets[list], response.offsets[list + 1])
                state.found[query] = Array(response.ids[Int(start)..<Int(end)])
            }
            return true
        }
    }

    func figures() -> Figures {
        state.withLock { state in
            Figures(
                answered: state.answered,
                refused: state.refused,
                errors: state.errors,
                failure: state.failure,
                seconds: (state.last - started).seconds,
                p50: Double(state.histogram.valueAtPercentile(50)) / 1_000,
                p99: Double(state.histogram.valueAtPercentile(99)) / 1_000,
                found: state.found
            )
        }
    }
}
