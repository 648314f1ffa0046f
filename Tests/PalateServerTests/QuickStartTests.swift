import ClientExample
import PalateClient
import Testing

@Suite(.timeLimit(.minutes(5))) struct QuickStartTests {
    @Test func `the quick start of the Swift client does what it says`() async throws {
        try await withServer { server in
            var lines: [String] = []
            try await QuickStart.run(host: "127.0.0.1", port: server.port) { lines.append($0) }
            let payload = #""{\"topic\": 2}""#
            #expect(
                lines == [
                    "wrote 2000 pictures, version 1",
                    "nearest to the first ten: \(Array(0..<10))",
                    "like picture 250: [\(payload), \(payload), \(payload)]",
                    "for somebody who saved three of topic 7: 10 of 10 are of it",
                ]
            )
            let client = try await server.connect()
            #expect(try await client.collections().isEmpty)
            await client.close()
        }
    }
}
