import AccessTestKit
import NIOCore
import PalateAccess
import PalateClient
import PalateIndex
import PalateModel
import PalateServer
import PalateWire
import TestKit
import Testing

/// Limits say their names, in the error and in what is counted.
@Suite(.timeLimit(.minutes(5))) struct ServerLimitTests {
    /// What a server said when it refused.
    private static func message(_ answer: RawConnection.Answer?) -> String {
        guard case .failure(_, let report) = answer?.response else { return "no failure" }
        return report.message
    }

    @Test func `every limit has a name of its own, and its unit in its text`() {
        #expect(Set(ServerLimit.allCases.map(\.name)).count == ServerLimit.allCases.count)
        for limit in ServerLimit.allCases {
            let unit =
                switch limit.unit {
                case .count: ""
                case .bytes: " bytes"
                case .microseconds: " us"
                }
            #expect(limit.text(7) == "\(limit.name) is 7\(unit)")
        }
    }

    @Test func `a rate that is passed is named, with when to come again`() async throws {
        try await withServer {
            $0.requestsPerSecond = 5
        } _: { server in
            var raw = try await RawConnection.greeted(port: server.port)
            let frames = try (2..<22).flatMap {
                try RawConnection.frame(.listCollections, id: UInt32($0))
            }
            try await raw.send(frames)
            var refused: [String] = []
            for _ in 2..<22 {
                let answer = await raw.next()
                if answer?.status == .overloaded { refused.append(Self.message(answer)) }
            }
            #expect(!refused.isEmpty)
            #expect(
                refused.allSatisfy {
                    $0.hasPrefix("overloaded: limits.requests-per-second is 5, try again in ")
                }
            )
            let counted = server.status.metrics.refusals(by: .requestsPerSecond)
            #expect(counted == UInt64(refused.count))
            #expect(server.status.number(of: .requestsPerSecond) == 5)
        }
    }

    @Test func `all connections of a key have one rate`() async throws {
        let temporary = TemporaryDirectory()
        let file = KeyFile(path: temporary.path + "/keys")
        let key = try file.make()
        let gatekeeper = try await Gatekeeper(keysPath: file.path, tokens: nil)
        try await withServer {
            $0.access = ServerAccess(gatekeeper: gatekeeper)
            $0.requestsPerSecondPerKey = 4
        } _: { server in
            let said = try RawConnection.frame(
                .authenticate(Authentication(kind: .apiKey, secret: key.text)),
                id: 2
            )
            var (answered, refused) = (0, 0)
            for _ in 0..<4 {
                var raw = try await RawConnection.greeted(port: server.port)
                try await raw.send(said)
                _ = await raw.next()
                for id in 3..<13 {
                    try await raw.send(RawConnection.frame(.listCollections, id: UInt32(id)))
                    let answer = await raw.next()
                    if answer?.status == nil { answered += 1 }
                    guard answer?.status == .overloaded else { continue }
                    refused += 1
                    #expect(Self.message(answer).contains("per-key is 4"))
                }
            }
            // A burst of four, and what the seconds gave that the test took: 40 in nine of them.
            #expect(answered >= 4 && answered + refused == 40 && refused > 0)
            let counted = server.status.metrics.refusals(by: .requestsPerSecondPerKey)
            #expect(counted == UInt64(refused))
        }
    }

    @Test func `requests beyond those in flight, and those that would wait too long, are named`()
        async throws
    {
        try await withServer {
            $0.requestsInFlight = 3
        } _: { server in
            let pins = Pins(2_000)
            let handle = try await pins.write(to: server.directory).info.handle
            var raw = try await RawConnection.greeted(port: server.port)
            let batch = try RawConnection.frame(.query(pins.batch(handle, lists: 5_000)), id: 2)
            try await raw.send(batch)
            try await server.whenAtWork()
            var frames: [UInt8] = []
            for id in 3..<5 {
                frames += try RawConnection.frame(
                    .query(pins.batch(handle, lists: 5_000)),
                    id: UInt32(id)
                )
            }
            try await raw.send(frames + RawConnection.frame(.listCollections, id: 9))
            let answer = await raw.next()
            #expect(answer?.header.requestID == 9)
            #expect(
                Self.message(answer)
                    == "overloaded: limits.requests-in-flight is 3, try again in 50 ms"
            )
            #expect(server.status.metrics.refusals(by: .requestsInFlight) == 1)
            // Somebody else, who is in a hurry: half of a millisecond is not enough for its turn.
            var hasty = try await RawConnection.greeted(port: server.port)
            try await hasty.send(
                RawConnection.frame(
                    .query(pins.batch(handle, lists: 500)),
                    id: 2,
                    microseconds: 1_000
                )
            )
            let late = await hasty.next()
            #expect(late?.status == .overloaded)
            #expect(Self.message(late).hasPrefix("overloaded: limits.time-budget is 1000 us"))
            #expect(server.status.metrics.refusals(by: .timeBudget) == 1)
        }
    }

    @Test func `a client that says nothing is counted by the limit that closed it`() async throws {
        try await withServer {
            $0.helloTimeout = .milliseconds(100)
        } _: { server in
            var silent = try await RawConnection(port: server.port)
            #expect(await silent.next() == nil)
            #expect(server.status.metrics.refusals(by: .helloTimeout) == 1)
        }
        try await withServer {
            $0.stallTimeout = .milliseconds(100)
        } _: { server in
            var slow = try await RawConnection.greeted(port: server.port)
            let frame = try RawConnection.frame(.listCollections, id: 2)
            try await slow.send(Array(frame.dropLast(8)))
            #expect(await slow.next() == nil)
            #expect(server.status.metrics.refusals(by: .stallTimeout) == 1)
        }
    }

    @Test func `failures to authenticate, memory and connections are counted`() async throws {
        let temporary = TemporaryDirectory()
        let gatekeeper = try await Gatekeeper(
            keysPath: temporary.path + "/keys",
            tokens: nil,
            freeFailures: 1
        )
        try await withServer {
            $0.access = ServerAccess(gatekeeper: gatekeeper)
            $0.memoryBytesMax = 1 << 20
            $0.connectionsMax = 1
        } _: { server in
            let metrics = server.status.metrics
            var raw = try await RawConnection.greeted(port: server.port)
            let wrong = Authentication(
                kind: .apiKey,
                secret: "plt_" + String(repeating: "0", count: 73)
            )
            var answers: [RawConnection.Answer?] = []
            for id in 2..<5 {
                try await raw.send(RawConnection.frame(.authenticate(wrong), id: UInt32(id)))
                answers.append(await raw.next())
            }
            #expect(
                answers.map { $0?.status } == [.notAuthenticated, .notAuthenticated, .overloaded]
            )
            #expect(Self.message(answers[2]).hasPrefix("overloaded: access.failures is 1"))
            #expect(metrics.refusals(by: .failures) == 1)
            let pins = Pins(60)
            let handle = try await pins.write(to: server.directory).info.handle
            let rows = pins.rows(0..<5)
            try await raw.send(RawConnection.frame(.upsert(handle: handle, rows: rows), id: 6))
            let refused = await raw.next()
            #expect(refused?.status == .storageFull)
            #expect(Self.message(refused).contains("limits.memory is 1048576 bytes"))
            #expect(metrics.refusals(by: .memory) == 1)
            var second = try await RawConnection(port: server.port)
            #expect(await second.next() == nil)
            #expect(metrics.refusals(by: .connections) == 1)
        }
    }
}
