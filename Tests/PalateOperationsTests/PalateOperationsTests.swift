import PalateAccess
import PalateClient
import PalateIndex
import PalateModel
import PalateServer
import PalateWire
import ServiceLifecycle
import TestKit
import Testing

/// A server with its operator's endpoint, over real sockets; asked by `curl`-like plain requests.
@Suite(.timeLimit(.minutes(5)), .serialized) struct OperationsTests {
    @Test func `health, readiness and figures are there`() async throws {
        try await withOperations { server in
            let info = try await fill(server.directory)
            let client = try await PalateClient.connect(host: "127.0.0.1", port: server.port)
            for _ in 0..<70 {
                _ = try await client.query(
                    SearchRequest(handle: info.handle, source: .items([1]), k: 2)
                )
            }
            _ = try? await client.open("none")
            let http = HTTPPeer(port: server.httpPort)
            #expect(try await http.ask("GET /livez").status == 200)
            #expect(try await http.ask("GET /readyz").body.contains("ready"))
            let page = try await http.ask("GET /metrics")
            #expect(page.header("content-type")?.hasPrefix("text/plain; version=0.0.4") == true)
            let samples = try ExpositionReader.read(page.body)
            #expect(
                samples["palate_requests_total{opcode=\"query\",outcome=\"ok\"}"] == 70
            )
            #expect(
                samples["palate_requests_total{opcode=\"open\",outcome=\"client\"}"] == 1
            )
            #expect(samples["palate_request_seconds_count{group=\"query\",outcome=\"ok\"}"] == 70)
            #expect(samples["palate_query_stage_seconds_count{stage=\"search\"}"] == 2)
            // Two of 70 are timed; none needed a worker.
            for (stage, count) in [("turn", 2.0), ("decode", 2), ("encode", 2), ("worker", 0)] {
                #expect(samples["palate_query_stage_seconds_count{stage=\"\(stage)\"}"] == count)
            }
            let limit = "{limit=\"limits.connections\"}"
            #expect(samples["palate_limit\(limit)"] == 4_096)
            #expect(samples["palate_limit{limit=\"limits.time-budget\"}"] == 60)
            #expect(samples["palate_limit_refusals_total\(limit)"] == 0)
            let alive = "{method=\"GET\",route=\"/livez\",status=\"200\"}"
            #expect(samples["palate_http_requests_total\(alive)"] == 1)
            #expect(samples["palate_http_request_seconds_count"] == 2)
            #expect(samples["palate_workers_waiting{lane=\"admin\"}"] == 0)
            #expect(samples["palate_connections"] == 1)
            #expect(samples["palate_collection_live_items{collection=\"pins\"}"] == 3)
            #expect(samples["palate_collections"] == 1)
            #expect((samples["process_resident_memory_bytes"] ?? 0) > 1e6)
            #expect((samples["palate_received_bytes_total"] ?? 0) > 70 * 96)
            #expect(samples["palate_taste_diversity{collection=\"pins\"}"] == 0)
            #expect(samples["palate_taste_drift{collection=\"pins\"}"] == 0)
            let stats = try await http.ask("GET /collections/pins")
            #expect(stats.status == 200 && stats.body.contains("\"live_items\":3"))
            await client.close()
        }
    }

    @Test func `a server that drains is not ready, and one that is done answers nobody`()
        async throws
    {
        try await withOperations { server in
            let status = server.status
            #expect(status.phase == .serving)
            await server.group.triggerGracefulShutdown()
            while status.phase == .serving { try await Task.sleep(for: .milliseconds(5)) }
            let answer: RequestError?
            do throws(RequestError) {
                _ = try await status.answer(.listCollections, as: .everything)
                answer = nil
            } catch {
                answer = error
            }
            #expect(answer == .shuttingDown)
        }
    }

    @Test func `what is not there, not allowed or too large is said so`() async throws {
        try await withOperations { server in
            let http = HTTPPeer(port: server.httpPort)
            let nothing = try await http.ask("GET /nothing")
            #expect(nothing.status == 404)
            #expect(try await http.ask("GET /collections/none").status == 404)
            #expect(try await http.ask("PUT /livez").status == 404)
            #expect(try await http.ask("DELETE /collections/none").status == 404)
            #expect(try await http.ask("POST /admin/backup/one").status == 400)
            #expect(try await http.ask("POST /admin/reload").status == 202)
            #expect(server.reloads.withReadLock { $0 } == 1)
            let long = String(repeating: "a", count: 100_000)
            let refused = try? await http.ask("GET /livez", ["x-long": long])
            #expect(refused?.status != 200)
            #expect(try await http.ask("GET /livez").status == 200)
        }
    }

    @Test func `keys of the protocol are asked for, and scopes hold`() async throws {
        let keys = TemporaryKeys()
        let reader = try keys.make(.query, ["boards"])
        let admin = try keys.make(.all)
        let gatekeeper = try await Gatekeeper(keysPath: keys.file.path, tokens: nil)
        try await withOperations {
            $0.access = ServerAccess(gatekeeper: gatekeeper)
        } _: { server in
            _ = try await fill(server.directory)
            let http = HTTPPeer(port: server.httpPort)
            func ask(_ line: String, _ key: String?) async throws -> HTTPPeer.Answer {
                try await http.ask(line, key.map { ["authorization": "Bearer \($0)"] } ?? [:])
            }
            #expect(try await ask("GET /readyz", nil).status == 200)
            #expect(try await ask("GET /metrics", nil).status == 401)
            #expect(try await ask("GET /metrics", "wrong").status == 401)
            let seen = try await ask("GET /metrics", reader)
            #expect(seen.status == 200 && !seen.body.contains("pins"))
            #expect(try await ask("GET /collections/pins", reader).status == 404)
            #expect(try await ask("DELETE /collections/pins", reader).status == 403)
            #expect(try await ask("POST /admin/reload", reader).status == 403)
            #expect(try await ask("GET /collections", admin).body.contains("pins"))
            #expect(try await ask("DELETE /collections/pins", admin).status == 200)
            #expect(server.directory.collections.isEmpty)
            for _ in 0..<8 { _ = try await ask("GET /metrics", "wrong") }
            let throttled = try await ask("GET /metrics", admin)
            #expect(throttled.status == 429 && throttled.header("retry-after") != nil)
            #expect(server.status.metrics.refusals(by: .failures) >= 1)
        }
    }
}
