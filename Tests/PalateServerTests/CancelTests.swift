import PalateIndex
import PalateModel
import PalateServer
import PalateWire
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
        } _: { server in
            let pins = Pins(400)
            let handle = try await pins.write(to: server.directory).info.handle
            var raw = try await RawConnection.greeted(port: server.port)
            let batch = Request.query(pins.batch(handle, lists: 2_000))
            try await raw.send(
                RawConnection.frame(batch, id: 2)
                    + RawConnection.frame(.dropCollection(name: "pins"), id: 3)
                    + RawConnection.frame(.cancel(requestID: 3), id: 4)
            )
            for _ in 0..<3 { _ = await raw.next() }
            #expect(server.directory.collections.count == 1)
        }
    }
}
