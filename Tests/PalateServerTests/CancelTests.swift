import PalateIndex
import PalateModel
import PalateServer
import PalateWire
import TestKit
import Testing

/// Requests that a client gives up.
@Suite(.timeLimit(.minutes(5))) struct CancelTests {
    @Test func `what waits is cancelled, what is done is not, and the connection goes on`()
        async throws
    {
        try await withServer {
            $0.workers = 1
        } _: { server in
            let pins = Pins(400)
            let handle = try await pins.write(to: server.directory).info.handle
            var raw = try await RawConnection.greeted(port: server.port)
            // The first keeps the only worker busy; the second waits behind it.
            let batch = Request.query(pins.batch(handle, lists: 2_000))
            try await raw.send(
                RawConnection.frame(batch, id: 2) + RawConnection.frame(batch, id: 3)
                    + RawConnection.frame(.cancel(requestID: 3), id: 4)
                    + RawConnection.frame(.cancel(requestID: 99), id: 5)
                    + RawConnection.frame(.ping(token: 1), id: 3)
            )
            var answers: [RawConnection.Answer] = []
            for _ in 0..<5 { if let answer = await raw.next() { answers.append(answer) } }
            let cancelled = answers.filter { $0.status == .cancelled }
            #expect(cancelled.map(\.header.requestID) == [3])
            #expect(cancelled.map(\.header.opcode) == [Opcode.query.rawValue])
            #expect(answers.filter { $0.response == .cancelled }.count == 2)
            #expect(answers.contains { $0.response == .pong(token: 1) })
            let results = answers.filter { $0.header.requestID == 2 }
            #expect(results.map(\.status) == [nil])
        }
    }

    @Test func `the work of a cancelled request is not done`() async throws {
        try await withServer {
            $0.workers = 1
            // Every query that was run counts as slow.
            $0.slowQueryMicroseconds = 1
        } _: { server in
            let pins = Pins(400)
            let handle = try await pins.write(to: server.directory).info.handle
            var raw = try await RawConnection.greeted(port: server.port)
            let batch = Request.query(pins.batch(handle, lists: 2_000))
            // One lane and one worker: what has id 5 would run after what has id 3.
            try await raw.send(
                RawConnection.frame(batch, id: 2) + RawConnection.frame(batch, id: 3)
                    + RawConnection.frame(.cancel(requestID: 3), id: 4)
                    + RawConnection.frame(batch, id: 5)
            )
            var statuses: [UInt32: StatusCode?] = [:]
            for _ in 0..<4 {
                if let answer = await raw.next() {
                    statuses[answer.header.requestID] = answer.status
                }
            }
            #expect(statuses == [2: nil, 3: .cancelled, 4: nil, 5: nil])
            #expect(server.status.metrics[.queriesSlow] == 2)
        }
    }

    /// A query that takes all of the server's time budget, by the vectors from `row` on.
    private static func long(_ pins: Pins, _ handle: UInt32, from row: Int = 0) -> Request {
        let count = pins.vectors.count
        let values = (0..<65_536).flatMap { Array(pins.vectors[(row + $0) % count]) }
        return .query(
            SearchRequest(
                handle: handle,
                source: .vectors(values, count: 65_536),
                k: 1,
                beamWidth: 400
            )
        )
    }

    @Test func `an id that is used again gets the answer to what asked last`() async throws {
        try await withServer {
            $0.workers = 1
            $0.timeBudget = .seconds(2)
        } _: { server in
            let pins = Pins(400)
            let handle = try await pins.write(to: server.directory).info.handle
            var raw = try await RawConnection.greeted(port: server.port)
            // Without checksums of bodies, so that headers are the same byte by byte.
            let (first, second) = (Self.long(pins, handle), Self.long(pins, handle, from: 7))
            try await raw.send(RawConnection.frame(first, id: 2, bodyChecksum: false))
            try await server.whenAtWork()
            try await raw.send(
                RawConnection.frame(.cancel(requestID: 2), id: 3)
                    + RawConnection.frame(second, id: 2, bodyChecksum: false)
            )
            var results: [SearchResponse] = []
            for _ in 0..<3 {
                if case .results(let result) = await raw.next()?.response { results.append(result) }
            }
            #expect(results.count == 1)
            // The first query had all of its time, and its answer has ids. The second has what was
            // left of its own when the worker was free: on a busy machine nothing at all.
            #expect(results.allSatisfy { $0.ids.first == Pins.id(7) || $0.isDegraded })
            #expect(results.first?.ids.first != Pins.id(0))
        }
    }

    @Test func `what was cancelled and goes on counts among the requests in flight`() async throws {
        try await withServer {
            $0.workers = 1
            $0.timeBudget = .seconds(3)
            $0.requestsInFlight = 2
        } _: { server in
            let pins = Pins(400)
            let handle = try await pins.write(to: server.directory).info.handle
            var raw = try await RawConnection.greeted(port: server.port)
            try await raw.send(RawConnection.frame(Self.long(pins, handle), id: 2))
            try await server.whenAtWork()
            let batch = Request.query(pins.batch(handle, lists: 2_000))
            try await raw.send(
                RawConnection.frame(.cancel(requestID: 2), id: 3)
                    + RawConnection.frame(batch, id: 4) + RawConnection.frame(batch, id: 5)
            )
            var statuses: [UInt32: StatusCode?] = [:]
            for _ in 0..<4 {
                if let answer = await raw.next() {
                    statuses[answer.header.requestID] = answer.status
                }
            }
            #expect(statuses == [2: .cancelled, 3: nil, 4: nil, 5: .overloaded])
        }
    }
}
