import PalateClient
import PalateModel
import PalateWire
import TestKit
import Testing

/// Tokens that end while a connection stands.
@Suite(.timeLimit(.minutes(5))) struct RenewalTests {
    /// Milliseconds before the end, and after how many the next token is asked for.
    @Test(arguments: [
        (3_600_000, 3_540_000), (100_000, 90_000), (2_000, 1_800), (1_050, 1_000), (300, 1_000),
        (0, 5_000), (-7, 5_000),
    ])
    func `the next token is asked for before the end`(left: Int64, expected: Int) {
        let wait = Renewal.wait(until: 1_000_000_000 + left, now: 1_000_000_000)
        #expect(wait == .milliseconds(expected))
    }

    @Test func `each new token is sent once, over the connection that stands`() async throws {
        // The source has nothing new when it is asked for the second time.
        let (source, sent) = (ReadWriteLock(0), ReadWriteLock<[String]>([]))
        let options = ClientOptions(
            credential: .tokens {
                source.withWriteLock { asked in
                    defer { asked += 1 }
                    return "token \(max(1, asked))"
                }
            }
        )
        let script: ScriptedServer.Script = { request, id in
            guard case .authenticate(let said) = request else {
                return ClientTests.standard(request, id)
            }
            let count = sent.withWriteLock { sent in
                sent.append(said.secret)
                return sent.count
            }
            // The third does not expire. The others have: the source is asked every few seconds.
            let receipt = AuthenticationReceipt(
                scopes: 1,
                subject: "ranker",
                expiryMilliseconds: count < 3 ? 1 : 0
            )
            return [(id, .authenticated(receipt))]
        }
        let server = try await ScriptedServer.start(script: script)
        let client = try await PalateClient.connect(
            host: "127.0.0.1",
            port: server.port,
            options: options
        )
        for _ in 0..<6_000 where sent.withReadLock({ $0.count }) < 3 {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(sent.withReadLock { $0 } == ["token 1", "token 2", "token 3"])
        try await client.ping()
        #expect(server.connectionCount == 1)
        await client.close()
        try await server.stop()
    }
}
