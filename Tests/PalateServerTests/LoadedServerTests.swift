import NIOCore
import PalateClient
import PalateIndex
import PalateModel
import PalateServer
import PalateWire
import TestKit
import Testing

/// What a server does that has more to do than it can, or that is told to leave.
@Suite(.timeLimit(.minutes(5))) struct LoadedServerTests {
    private static func ping(_ id: UInt32) throws -> [UInt8] {
        try RawConnection.frame(.ping(token: UInt64(id)), id: id)
    }

    @Test func `batches of one connection do not delay the requests of another`() async throws {
        try await withServer {
            $0.workers = 1
        } _: { server in
            let pins = Pins(400)
            let handle = try await pins.write(to: server.directory).info.handle
            var busy = try await RawConnection.greeted(port: server.port)
            let batch = pins.batch(handle, lists: 500)
            // Long enough for a busy machine to let the other connection have its turn.
            let batches: UInt32 = 40
            let other = try await server.connect()
            try await other.ping()
            try await busy.send(
                (0..<batches).flatMap { try RawConnection.frame(.query(batch), id: $0 + 2) }
            )
            let finished = Counter()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    _ = try await other.query(pins.query(handle, rows: 0..<1))
                    // A batch of its own has to wait for a worker, and gets the next turn.
                    _ = try await other.query(batch)
                    #expect(finished.value < batches)
                    await other.close()
                }
                for _ in 0..<batches {
                    #expect(await busy.next()?.header.flags == [.response, .bodyChecksum])
                    finished.increment()
                }
                try await group.waitForAll()
            }
            await busy.close()
        }
    }

    @Test func `a worker that is free takes work while another is busy`() async throws {
        try await withServer {
            $0.workers = 2
        } _: { server in
            let pins = Pins(400)
            let handle = try await pins.write(to: server.directory).info.handle
            var raw = try await RawConnection.greeted(port: server.port)
            let long = Request.query(pins.batch(handle, lists: 5_000))
            let short = Request.query(pins.batch(handle, lists: 50))
            try await raw.send(
                RawConnection.frame(long, id: 2) + RawConnection.frame(short, id: 3)
            )
            #expect(await raw.next()?.header.requestID == 3)
            #expect(await raw.next()?.header.requestID == 2)
            await raw.close()
        }
    }

    @Test func `requests beyond those granted are refused and the others answered`() async throws {
        try await withServer {
            $0.requestsInFlight = 2
        } _: { server in
            let pins = Pins(30)
            let handle = try await pins.write(to: server.directory).info.handle
            var raw = try await RawConnection.greeted(port: server.port)
            let upsert = Request.upsert(handle: handle, rows: pins.rows(0..<30))
            try await raw.send(
                (2..<5).flatMap { try RawConnection.frame(upsert, id: $0) } + Self.ping(9)
            )
            var statuses: [UInt32: StatusCode?] = [:]
            for _ in 0..<4 {
                guard let answer = await raw.next() else { break }
                statuses[answer.header.requestID] = .some(answer.status)
            }
            let fine = StatusCode?.none
            // The ping is one too many as well.
            #expect(statuses == [2: fine, 3: fine, 4: .overloaded, 9: .overloaded])
            try await raw.send(Self.ping(10))
            #expect(await raw.next()?.response == .pong(token: 10))
            await raw.close()
        }
    }

    @Test func `work that cannot wait its turn is refused at once`() async throws {
        try await withServer {
            $0.workers = 1
            $0.waitingMax = 2
        } _: { server in
            let pins = Pins(400)
            let handle = try await pins.write(to: server.directory).info.handle
            var raw = try await RawConnection.greeted(port: server.port)
            let batch = Request.query(pins.batch(handle, lists: 2_000))
            try await raw.send((2..<10).flatMap { try RawConnection.frame(batch, id: $0) })
            var refused = 0
            for _ in 2..<10 {
                guard let answer = await raw.next() else { break }
                if answer.status == .overloaded { refused += 1 }
            }
            // One runs, two wait; whether the first had begun when the third came is a race.
            #expect(refused == 5 || refused == 6)
            try await raw.send(RawConnection.frame(batch, id: 99))
            #expect(await raw.next()?.status == nil)
            await raw.close()
        }
    }

    @Test func `what would start too late for its budget is refused`() async throws {
        try await withServer {
            $0.workers = 1
        } _: { server in
            let pins = Pins(400)
            let handle = try await pins.write(to: server.directory).info.handle
            var raw = try await RawConnection.greeted(port: server.port)
            let batch = Request.query(pins.batch(handle, lists: 2_000))
            try await raw.send(
                (2..<5).flatMap { try RawConnection.frame(batch, id: $0) }
                    + RawConnection.frame(batch, id: 5, microseconds: 1_000)
                    + RawConnection.frame(batch, id: 6, microseconds: 60_000_000)
            )
            var statuses: [UInt32: StatusCode?] = [:]
            for _ in 0..<5 {
                guard let answer = await raw.next() else { break }
                statuses[answer.header.requestID] = .some(answer.status)
            }
            let fine = StatusCode?.none
            #expect(statuses == [2: fine, 3: fine, 4: fine, 5: .overloaded, 6: fine])
            await raw.close()
        }
    }

    /// One by one, so that the loop has nothing to do in between; then together, so that it has.
    @Test(arguments: [0, 50, 5_000])
    func `answers come however long a loop looks for the next request`(
        microseconds: Int
    ) async throws {
        try await withServer {
            $0.spinDuration = .microseconds(microseconds)
        } _: { server in
            let pins = Pins(400)
            let handle = try await pins.write(to: server.directory).info.handle
            var connections: [RawConnection] = []
            for _ in 0..<3 { connections.append(try await .greeted(port: server.port)) }
            let search = Request.query(pins.batch(handle, lists: 3))
            for id in UInt32(2)..<100 {
                let turn = Int(id) % connections.count
                try await connections[turn].send(RawConnection.frame(search, id: id))
                let answer = await connections[turn].next()
                #expect(answer?.header.requestID == id && answer?.status == nil)
            }
            let ids = UInt32(100)..<300
            for turn in connections.indices {
                try await connections[turn].send(
                    ids.flatMap { try RawConnection.frame(search, id: $0) }
                )
            }
            for turn in connections.indices {
                for id in ids { #expect(await connections[turn].next()?.header.requestID == id) }
                await connections[turn].close()
            }
        }
    }

    @Test func `queries that waited too long are refused, and nobody else`() async throws {
        try await withServer {
            $0.queryWaitMicroseconds = 2_000
        } _: { server in
            let pins = Pins(400)
            let handle = try await pins.write(to: server.directory).info.handle
            var raw = try await RawConnection.greeted(port: server.port)
            let search = Request.query(pins.batch(handle, lists: 20))
            let ids = UInt32(2)..<1_002
            try await raw.send(
                ids.flatMap { try RawConnection.frame(search, id: $0) } + Self.ping(1_002)
            )
            var (answered, refused) = (0, 0)
            for _ in ids {
                switch await raw.next()?.status {
                case nil: answered += 1
                case .overloaded: refused += 1
                case let other: Issue.record("got \(String(describing: other))")
                }
            }
            print("waited: \(answered) answered, \(refused) refused")
            #expect(answered > 0 && refused > 0 && answered + refused == ids.count)
            #expect(await raw.next()?.response == .pong(token: 1_002))
            // Nothing of the burst counts for what comes later, unless the machine itself waits.
            var attempts = 0
            repeat {
                attempts += 1
                try await raw.send(RawConnection.frame(search, id: 2))
            } while await raw.next()?.status == .overloaded && attempts < 20
            #expect(attempts < 20)
            await raw.close()
        }
    }

    @Test func `a budget that ends in the middle brings what was found`() async throws {
        try await withServer { server in
            let pins = Pins(400)
            let handle = try await pins.write(to: server.directory).info.handle
            var raw = try await RawConnection.greeted(port: server.port)
            let lists = 20_000
            let batch = Request.query(pins.batch(handle, lists: lists))
            // Where a machine takes longer to read the request, it is refused: more time, then.
            var answer: RawConnection.Answer?
            var budget: UInt32 = 30_000
            repeat {
                budget *= 2
                try await raw.send(RawConnection.frame(batch, id: 2, microseconds: budget))
                answer = await raw.next()
            } while answer?.status == .overloaded && budget < 10_000_000
            #expect(answer?.header.flags.contains(.degraded) == true)
            guard case .results(let results) = answer?.response else {
                Issue.record("no results: \(String(describing: answer))")
                return
            }
            #expect(results.offsets.count == lists + 1)
            #expect(results.ids.count < 5 * lists)
            await raw.close()
        }
    }

    @Test func `a client that reads late gets every answer`() async throws {
        try await withServer {
            $0.writeBufferBytes = 1 << 16
            $0.framesPerTurn = 3
        } _: { server in
            let pins = Pins(64, dimensions: 256)
            let handle = try await pins.write(to: server.directory).info.handle
            var raw = try await RawConnection(port: server.port, reads: false)
            let get = GetRequest(handle: handle, ids: (0..<64).map(Pins.id), wantsVectors: true)
            // 66 KB each: 26 MB, more than the kernel and the server keep.
            let ids = UInt32(2)..<402
            raw.output.sendLater(
                try RawConnection.frame(.hello(Hello(clientName: "late")), id: 1)
                    + ids.flatMap { try RawConnection.frame(.get(get), id: $0) }
            )
            try await Task.sleep(for: .milliseconds(200))
            try await raw.startReading()
            #expect(await raw.next()?.header.requestID == 1)
            for id in ids {
                let answer = await raw.next()
                #expect(answer?.header.requestID == id)
                guard case .items(let items) = answer?.response else { break }
                #expect(items.vectors.count == 64 * 256)
            }
            await raw.close()
        }
    }

    @Test func `answers that pass the frame are refused and the connection goes on`() async throws {
        try await withServer { server in
            let pins = Pins(500)
            let handle = try await pins.write(to: server.directory).info.handle
            let hello = Hello(clientName: "small", bodyBytesMax: 4_096)
            var raw = try await RawConnection.greeted(port: server.port, hello: hello)
            let get = GetRequest(handle: handle, ids: (0..<200).map(Pins.id), wantsVectors: true)
            try await raw.send(RawConnection.frame(.get(get), id: 2))
            #expect(await raw.next()?.status == .answerTooLarge)
            let search = pins.query(handle, rows: 0..<1, k: 400)
            try await raw.send(RawConnection.frame(.query(search), id: 3))
            #expect(await raw.next()?.status == .answerTooLarge)
            // More than memory holds, asked for in a few bytes: refused before anything is made.
            let ids = [ItemID](repeating: Pins.id(0), count: 400)
            let huge = SearchRequest(handle: handle, source: .items(ids), k: 10_000)
            try await raw.send(RawConnection.frame(.query(huge), id: 4))
            #expect(await raw.next()?.status == .answerTooLarge)
            try await raw.send(Self.ping(5))
            #expect(await raw.next()?.response == .pong(token: 5))
            await raw.close()
        }
    }
}

private final class Counter: Sendable {
    private let count = ReadWriteLock<UInt32>(0)

    var value: UInt32 { count.withWriteLock { $0 } }

    func increment() { count.withWriteLock { $0 += 1 } }
}
