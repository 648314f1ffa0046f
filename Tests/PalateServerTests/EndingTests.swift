import NIOCore
import PalateAccess
import PalateClient
import PalateIndex
import PalateModel
import PalateServer
import PalateWire
import TestKit
import Testing

/// How connections and servers end: whatever was asked in time is answered, and what was said to be
/// durable is.
@Suite(.timeLimit(.minutes(5))) struct EndingTests {
    private static func ping(_ id: UInt32) throws -> [UInt8] {
        try RawConnection.frame(.ping(token: UInt64(id)), id: id)
    }

    @Test func `a client that closes its side gets every answer`() async throws {
        try await withServer {
            $0.framesPerTurn = 4
        } _: { server in
            let pins = Pins(50)
            let handle = try await pins.write(to: server.directory).info.handle
            var raw = try await RawConnection.greeted(port: server.port)
            let upsert = Request.upsert(handle: handle, rows: pins.rows(0..<50))
            try await raw.send(
                RawConnection.frame(upsert, id: 500)
                    + (2..<102).flatMap { try Self.ping($0) }
                    + RawConnection.frame(.query(pins.batch(handle, lists: 200)), id: 501)
            )
            try await raw.closeOutput()
            let ids = await raw.rest().map(\.header.requestID)
            #expect(ids.sorted() == Array(2..<102) + [500, 501])
        }
    }

    @Test func `a server that leaves answers what is in flight and refuses what is new`()
        async throws
    {
        let temporary = TemporaryDirectory()
        let path = temporary.path + "/data"
        let answers = try await answersWhileLeaving(path)
        let statuses = Dictionary(
            answers.map { ($0.header.requestID, $0.status) },
            uniquingKeysWith: { first, _ in first }
        )
        let fine = StatusCode?.none
        #expect(
            statuses == [0: fine, 2: fine, 3: fine, 4: fine, 5: fine, 6: .shuttingDown]
        )
        #expect(answers.count == 6)
        let goAway = answers.first { $0.header.requestID == 0 }
        #expect(goAway?.header.flags == [.response, .bodyChecksum])

        let reopened = try await ServedDirectory.start(at: path)
        let client = try await reopened.connect()
        let found = try await client.get(
            GetRequest(handle: client.open("pins").handle, ids: [5, 1_399], wantsVectors: false)
        )
        #expect(found.found == [true, true])
        await client.close()
        try await reopened.stop()
    }

    /// Lists that keep the one worker busy for about a second: longer than a test waits its turn.
    private static var longBatch: Int {
        #if DEBUG
        5_000
        #else
        60_000
        #endif
    }

    /// A server's whole life: batches and a write are in flight when it is told to leave, and a
    /// ping comes after that.
    private func answersWhileLeaving(_ path: String) async throws -> [RawConnection.Answer] {
        let server = try await ServedDirectory.start(at: path) {
            $0.workers = 1
            $0.drainTimeout = .seconds(200)
        }
        let pins = Pins(400)
        let handle = try await pins.write(to: server.directory).info.handle
        var raw = try await RawConnection.greeted(port: server.port)
        let more = RowBatch(ids: [5], vectors: Array(pins.vectors[0]))
        try await raw.send(
            RawConnection.frame(.upsert(handle: handle, rows: more), id: 2)
                + RawConnection.frame(.query(pins.batch(handle, lists: Self.longBatch)), id: 3)
                + RawConnection.frame(.query(pins.batch(handle, lists: Self.longBatch)), id: 4)
                + Self.ping(5)
        )
        // Once the ping is answered, the others are in flight.
        var answers: [RawConnection.Answer] = []
        while let answer = await raw.next() {
            answers.append(answer)
            if answer.header.requestID == 5 { break }
        }
        await server.leave()
        while let answer = await raw.next() {
            answers.append(answer)
            if case .goAway = answer.response { try await raw.send(Self.ping(6)) }
        }
        try await server.stop()
        return answers
    }

    @Test func `idle connections see the server leave`() async throws {
        let temporary = TemporaryDirectory()
        let server = try await ServedDirectory.start(at: temporary.path + "/data")
        var idle = try await RawConnection.greeted(port: server.port)
        var silent = try await RawConnection(port: server.port)
        // A part of a frame is nothing to wait for.
        try await idle.send(Array(Self.ping(2).prefix(20)))
        try await server.stop()
        #expect(await idle.rest().map(\.header.opcode) == [Opcode.goAway.rawValue])
        #expect(await silent.rest().map(\.header.opcode) == [Opcode.goAway.rawValue])
    }

    @Test func `a load goes on after its connection was lost, with every row once`() async throws {
        try await withServer { server in
            let pins = Pins(600)
            let first = try await server.connect()
            let handle = try await first.createCollection(pins.schema).handle
            let begin = LoadBegin(handle: handle, loaderID: 8, epoch: 4)
            _ = try await first.beginLoad(begin)
            await first.close()

            var raw = try await RawConnection.greeted(port: server.port)
            for sequence in UInt64(1)...7 {
                let start = Int(sequence - 1) * 50
                let data = LoadData(
                    begin: begin,
                    sequence: sequence,
                    rows: pins.rows(start..<start + 50)
                )
                let frame = try RawConnection.frame(.loadData(data), id: UInt32(sequence) + 1)
                try await raw.send(sequence == 7 ? Array(frame.prefix(frame.count / 2)) : frame)
            }
            // Some are durable, some under way, and the last is a half.
            _ = await raw.next()
            await raw.close()

            let second = try await server.connect()
            var load = try await BulkLoad(second, begin)
            #expect((1...6).contains(load.grant.durableSequence))
            for start in stride(from: 0, to: 600, by: 50) {
                try await load.append(pins.rows(start..<start + 50))
            }
            let receipt = try await load.finish()
            let stats = try await second.stats(of: "pins")
            #expect(stats.liveItems == 600)
            #expect(stats.deletedItems == 0)
            let items = try await second.get(
                GetRequest(handle: handle, ids: (0..<600).map(Pins.id), wantsVectors: true)
            )
            #expect(!items.found.contains(false))
            #expect(items.vectors == pins.vectors.values)
            #expect(receipt.version == stats.appliedVersion)
            await second.close()
        }
    }

    @Test func `an address that is taken is named, and the directory is free again`()
        async throws
    {
        let temporary = TemporaryDirectory()
        try await withServer { server in
            let port = server.port
            await #expect {
                try await ServedDirectory.start(at: temporary.path + "/other") { $0.port = port }
            } throws: { error in
                guard case ServerError.cannotListen(let address, _) = error else { return false }
                return address == "127.0.0.1:\(port)"
            }
        }
        let free = try await ServedDirectory.start(at: temporary.path + "/other")
        try await free.stop()
    }

    @Test func `what waits for a worker when the server ends is refused, not forgotten`()
        async throws
    {
        let temporary = TemporaryDirectory()
        let server = try await ServedDirectory.start(at: temporary.path + "/data") {
            $0.workers = 1
            $0.drainTimeout = .milliseconds(200)
            $0.timeBudget = .seconds(3)
        }
        let pins = Pins(2_000)
        let handle = try await pins.write(to: server.directory).info.handle
        let raw = try await RawConnection.greeted(port: server.port)
        // Keeps the only worker for longer than the drain.
        let long = Request.query(pins.batch(handle, lists: 65_536))
        try await raw.send(RawConnection.frame(long, id: 2))
        try await server.whenAtWork()
        let waiting = Task {
            do throws(RequestError) {
                _ = try await server.status.answer(.collectionStats(name: "pins"), as: .everything)
                return RequestError?.none
            } catch {
                return error
            }
        }
        try await server.whenAtWork(waiting: 1)
        try await server.stop()
        #expect(await waiting.value == .shuttingDown)
    }
}
