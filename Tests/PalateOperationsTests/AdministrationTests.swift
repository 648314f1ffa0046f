import Foundation
import PalateAccess
import PalateModel
import PalateServer
import TestKit
import Testing

/// What the command line does, done over HTTP; and who may.
@Suite(.timeLimit(.minutes(5)), .serialized) struct AdministrationTests {
    private static func json(_ answer: HTTPPeer.Answer) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(answer.body.utf8))
    }

    private static func object(_ answer: HTTPPeer.Answer) throws -> [String: Any] {
        try #require(try json(answer) as? [String: Any])
    }

    private static func objects(_ answer: HTTPPeer.Answer) throws -> [[String: Any]] {
        try #require(try json(answer) as? [[String: Any]])
    }

    @Test func `fields are declared and listed`() async throws {
        try await withOperations { server in
            _ = try await fill(server.directory)
            let http = HTTPPeer(port: server.httpPort)
            let path = "/collections/pins/fields"
            #expect(try Self.objects(try await http.ask("GET \(path)")).isEmpty)
            let body =
                #"[{"name": "brand", "type": "keyword"}, {"name": "n", "type": "int", "path": ""}]"#
            let declared = try await http.ask("POST \(path)", body: body)
            #expect(declared.status == 200)
            let listed = try Self.objects(try await http.ask("GET \(path)"))
            #expect(listed.map { $0["name"] as? String } == ["brand", "n"])
            #expect(listed.map { $0["path"] as? String } == ["/brand", ""])
            for (wrong, reason) in [
                (#"[{"name": "x", "type": "colour"}]"#, "expected one of keyword"),
                (#"[{"type": "int"}]"#, "name"), ("[", "the body"), ("", "the body"),
                (#"{"name": "x"}"#, "the body"),
                ("[" + String(repeating: " ", count: 100_000) + "]", "more than 65536 bytes"),
            ] {
                let refused = try await http.ask("POST \(path)", body: wrong)
                #expect(refused.status == 400 && refused.body.contains(reason), "\(refused.body)")
            }
        }
    }

    @Test func `generations are listed, checked, swapped, rolled back and dropped`() async throws {
        try await withOperations { server in
            let info = try await fill(server.directory)
            let http = HTTPPeer(port: server.httpPort)
            let path = "/collections/pins/generations"
            #expect(try await http.ask("POST \(path)/check").status == 400)
            try await makeCandidate(of: info, in: server.directory)
            let roles = try Self.objects(try await http.ask("GET \(path)"))
                .map { $0["role"] as? String }
            #expect(roles == ["live", "candidate"])
            // Three rows are too few to agree by chance: a candidate of other vectors fails.
            let strict = #"{"overlap": 0.99, "nearer": 1, "samples": 3}"#
            let checked = try await http.ask("POST \(path)/check", body: strict)
            #expect(checked.status == 409)
            let report = try Self.object(checked)
            #expect(report["is_passed"] as? Bool == false && report["is_swapped"] as? Bool == false)
            #expect(((report["checks"] as? [[String: Any]])?.count ?? 0) > 3)
            let forced = try await http.ask("POST \(path)/swap", body: #"{"force": true}"#)
            #expect(forced.status == 200)
            #expect(try Self.object(forced)["is_swapped"] as? Bool == true)
            #expect(try await http.ask("POST \(path)/rollback").status == 200)
            #expect(try await http.ask("DELETE \(path)/previous").status == 200)
            #expect(try await http.ask("DELETE \(path)/live").status == 404)
            let outside = try await http.ask("POST \(path)/check", body: #"{"samples": 0}"#)
            #expect(outside.status == 400 && outside.body.contains("samples is 0"))
        }
    }

    @Test func `numbers of taste are read and changed, edges made, people forgotten`() async throws
    {
        try await withOperations { server in
            _ = try await fill(server.directory)
            let http = HTTPPeer(port: server.httpPort)
            let path = "/collections/pins/taste"
            let settings = try Self.object(try await http.ask("GET \(path)/settings"))
            let usual = try #require(settings["numbers"] as? [String: Any])
            #expect(usual["half_life.save"] is Double)
            let put = try await http.ask("PUT \(path)/settings", body: #"{"half_life.save": 12.5}"#)
            #expect(put.status == 200)
            let changed = try Self.object(put)["numbers"] as? [String: Any]
            #expect(changed?["half_life.save"] as? Double == 12.5)
            let endless = try await http.ask(
                "PUT \(path)/settings",
                body: #"{"half_life.save": "inf"}"#
            )
            #expect(endless.status == 200 && endless.body.contains(#""half_life.save":"inf""#))
            #expect(try await http.ask("DELETE \(path)/settings").status == 200)
            let wrong = try await http.ask("PUT \(path)/settings", body: #"{"nothing": 1}"#)
            #expect(wrong.status == 400 && wrong.body.contains("nothing"))
            let weights = try await http.ask("PUT \(path)/weights/feed", body: #"{"graph": 1}"#)
            #expect(weights.status == 200)
            #expect(try await http.ask("GET \(path)/weights").body.contains("feed"))
            #expect(try await http.ask("GET \(path)/weights/feed").status == 200)
            #expect(try await http.ask("DELETE \(path)/weights/feed").status == 200)
            #expect(try await http.ask("GET \(path)/weights/feed").status == 400)
            #expect(try await http.ask("GET \(path)/gauges").body.contains("drift"))
            #expect(try await http.ask("POST \(path)/refresh").status == 200)
            let forgotten = try await http.ask("DELETE /collections/pins/people/77")
            #expect(forgotten.status == 200 && forgotten.body.contains("events"))
            #expect(try await http.ask("DELETE /collections/pins/people/me").status == 400)
        }
    }

    @Test func `a backup of one collection has the form that is asked for`() async throws {
        let temporary = TemporaryDirectory()
        try await withOperations {
            $0.backupsPath = temporary.path
        } _: { server in
            _ = try await fill(server.directory)
            let http = HTTPPeer(port: server.httpPort)
            let line = "POST /admin/backup/monday?form=file&collection=pins&rate=100000000"
            let made = try await http.ask(line)
            #expect(made.status == 200)
            #expect(try Self.object(made)["manifest"] is String)
            #expect(try await http.ask(line).status == 409)
            // A name that a backup has while it is made: another one would take its place.
            #expect(try await http.ask("POST /admin/backup/.monday.partial").status == 400)
            for wrong in ["form=tape", "rate=fast", "rate=1", "collection=none"] {
                let refused = try await http.ask("POST /admin/backup/tuesday?\(wrong)")
                #expect([400, 404].contains(refused.status), "\(wrong): \(refused.status)")
            }
        }
    }

    /// Method and path, the scope that they need, and whether they are about the collection.
    private static let endpoints: [(line: String, scope: Scopes, isOfCollection: Bool)] = [
        ("GET /metrics", [], false), ("GET /collections", [], false),
        ("GET /collections/pins", [], true), ("GET /collections/pins/fields", [], true),
        ("POST /collections/pins/fields", .admin, true),
        ("GET /collections/pins/generations", .admin, true),
        ("POST /collections/pins/generations/check", .admin, true),
        ("POST /collections/pins/generations/swap", .admin, true),
        ("POST /collections/pins/generations/rollback", .admin, true),
        ("DELETE /collections/pins/generations/candidate", .admin, true),
        ("POST /collections/pins/taste/refresh", .admin, true),
        ("GET /collections/pins/taste/settings", .query, true),
        ("PUT /collections/pins/taste/settings", .admin, true),
        ("GET /collections/pins/taste/weights", .query, true),
        ("DELETE /collections/pins/taste/weights/feed", .admin, true),
        ("GET /collections/pins/taste/gauges", .query, true),
        ("DELETE /collections/pins/people/5", .events, true),
        ("POST /admin/backup/one?collection=pins", .admin, true),
        ("POST /admin/reload", .admin, false),
        ("DELETE /collections/pins", .admin, true),
    ]

    @Test func `every endpoint against every credential is answered as documented`() async throws {
        let keys = TemporaryKeys()
        let credentials: [(name: String, secret: String?, scopes: Scopes?)] = [
            ("none", nil, nil), ("wrong", "plt_wrong", nil),
            ("expired", try keys.make(.all, expiry: 2), nil),
            ("query", try keys.make(.query), .query), ("write", try keys.make(.write), .write),
            ("events", try keys.make(.events), .events),
            ("other collection", try keys.make(.all, ["boards"]), .all),
            ("right", try keys.make(.all), .all),
        ]
        // Those that are refused are many: none may be made to wait.
        let gatekeeper = try await Gatekeeper(
            keysPath: keys.file.path,
            tokens: nil,
            freeFailures: 1_000
        )
        var lines: [String] = []
        try await withOperations {
            $0.access = ServerAccess(gatekeeper: gatekeeper)
        } _: { server in
            _ = try await fill(server.directory)
            let http = HTTPPeer(port: server.httpPort)
            #expect(try await http.ask("GET /livez").status == 200)
            #expect(try await http.ask("GET /readyz").status == 200)
            for (name, secret, scopes) in credentials {
                for endpoint in Self.endpoints {
                    let headers = secret.map { ["authorization": "Bearer \($0)"] } ?? [:]
                    let needsBody =
                        endpoint.line.hasPrefix("PUT") || endpoint.line.hasSuffix("fields")
                    let body =
                        !needsBody ? "" : endpoint.line.hasPrefix("PUT") ? "{}" : "[]"
                    let got = try await http.ask(endpoint.line, headers, body: body).status
                    let expected: Int? =
                        if let scopes {
                            name == "other collection" && endpoint.isOfCollection
                                ? 404 : scopes.isSuperset(of: endpoint.scope) ? nil : 403
                        } else {
                            401
                        }
                    let isRefused = [401, 403, 404].contains(got)
                    #expect(
                        expected.map { $0 == got } ?? !isRefused,
                        "\(name): \(endpoint.line) \(got)"
                    )
                    lines.append("\(name)\t\(endpoint.line)\t\(got)")
                }
            }
        }
        print(lines.joined(separator: "\n"))
        #expect(lines.count == credentials.count * Self.endpoints.count)
    }
}
