import Foundation
import PalateConfiguration
import TestKit
import Testing

@Suite struct ConfigurationTests {
    private let temporary = TemporaryDirectory()

    private func write(_ text: String) throws -> String {
        let path = temporary.path + "/palate.yaml"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    /// What is wrong with a file, without its path; nil where nothing is.
    private func problems(_ text: String) throws -> [String]? {
        let path = try write(text)
        do throws(ConfigurationError) {
            _ = try Configuration(file: path, environment: [:], flags: [:])
            return nil
        } catch {
            return error.problems.map { "\($0.place): \($0.text)".replacing(path, with: "F") }
        }
    }

    private static let good = """
        data: /srv/palate
        listen: 0.0.0.0:7411
        threads: {event-loops: 2, workers: 4}
        log:
          level: notice
          format: json
        tls:
          certificate: /etc/palate/tls.pem
          key: /etc/palate/tls.key
        access:
          anonymous: refuse
          tokens:
            algorithms: [ES256, EdDSA]
            public-keys: [/etc/palate/a.pem, /etc/palate/b.pem]
            leeway: 30s
        limits:
          memory: 12 GiB
          time-budget: 1500ms
        """

    @Test func `a whole file is read`() throws {
        let read = try Configuration(file: write(Self.good), environment: [:], flags: [:])
        #expect(read.text("data") == "/srv/palate")
        #expect(read.number("threads.workers") == 4)
        #expect(read.text("log.format") == "json")
        #expect(read.texts("access.tokens.algorithms") == ["ES256", "EdDSA"])
        #expect(read.texts("access.tokens.public-keys").count == 2)
        #expect(read.number("access.tokens.leeway") == 30_000)
        #expect(read.number("limits.memory") == 12 << 30)
        #expect(read.number("limits.time-budget") == 1_500)
        #expect(read.number("limits.connections") == 4_096)
    }

    @Test func `flags come before the environment, that before the file, that before defaults`()
        throws
    {
        let file = try write("limits: {connections: 1, waiting: 2, requests-in-flight: 3}")
        let read = try Configuration(
            file: file,
            environment: [
                "PALATE_LIMITS_CONNECTIONS": "10", "PALATE_LIMITS_WAITING": "20", "HOME": "x",
                "PALATE_KERNELS": "scalar", "PALATE_ACCESS_TOKENS_ALGORITHMS": "HS256,ES256",
                "PALATE_ACCESS_TOKENS_JWKS": "keys.json",
            ],
            flags: ["limits.connections": "100"]
        )
        let sources = Dictionary(
            uniqueKeysWithValues: read.all.map { ($0.setting.name, $0.held.source) }
        )
        #expect(read.number("limits.connections") == 100)
        #expect(sources["limits.connections"] == .flag)
        #expect(read.number("limits.waiting") == 20)
        #expect(sources["limits.waiting"] == .environment)
        #expect(read.number("limits.requests-in-flight") == 3)
        #expect(sources["limits.requests-in-flight"] == .file)
        #expect(sources["limits.body"] == .fallback)
        #expect(read.texts("access.tokens.algorithms") == ["HS256", "ES256"])
    }

    @Test(arguments: [
        ("limit: {}", "F:1:1: limit: there is no such setting"),
        (
            "limits:\n  conections: 5",
            "F:2:3: limits.conections: there is no such setting, is limits.connections meant?"
        ),
        (
            "limits:\n  connections: many",
            "F:2:16: limits.connections: got \"many\", expected a whole number from 1 to 1000000"
        ),
        (
            "limits: {connections: 0}",
            "F:1:23: limits.connections: got \"0\", expected a whole number from 1 to 1000000"
        ),
        (
            "limits: {connections: [5]}",
            "F:1:23: limits.connections: got [5], expected a whole number from 1 to 1000000"
        ),
        (
            "drain: -5s",
            "F:1:8: drain: got \"-5s\", expected a time from 0 to 3600000 ms, such as 10s"
        ),
        (
            "drain: 99999999999999999999d",
            "F:1:8: drain: got \"99999999999999999999d\", expected a time from 0 to 3600000 ms, "
                + "such as 10s"
        ),
        ("limits: 5", "F:1:9: limits: got a value, expected a section"),
        (
            "drain: {a: 5s}",
            "F:1:8: drain: got a section, expected a time from 0 to 3600000 ms, "
                + "such as 10s"
        ),
        ("tls: {certificate: a}", "tls: certificate and key go together"),
        ("tls: {client-ca: a}", "tls: client-ca needs a certificate"),
        (
            "access: {tokens: {algorithms: [none]}}",
            "F:1:31: access.tokens.algorithms: got [none], expected a list of HS256, RS256, "
                + "ES256, EdDSA"
        ),
        (
            "access: {tokens: {algorithms: [HS256]}}",
            "access.tokens: algorithms and at least one key go together"
        ),
        ("[1, 2]", "F:1:1: the file: got a value, expected a section"),
    ])
    func `what is wrong is named with its place`(text: String, expected: String) throws {
        let found = try problems(text) ?? []
        #expect(found.contains(expected), "\(found)")
    }

    @Test(arguments: [
        "a: b: c", "\tdata: x", "data: [", "data: x\n---\ndata: y", "data: x\ndata: y",
        "data: &a [*a]", "? {a: b}\n: c", "data: \"\u{0}",
    ])
    func `what is no settings is refused, not trapped`(text: String) throws {
        #expect(try problems(text) != nil)
    }

    @Test func `all problems are named, not only the first`() throws {
        let text = "limits: {connections: x, waiting: y}\nnonsense: 1"
        #expect(try problems(text)?.count == 3)
        #expect(throws: ConfigurationError.self) {
            try Configuration(file: nil, environment: ["PALATE_NONSENSE": "1"], flags: [:])
        }
        #expect(throws: ConfigurationError.self) {
            try Configuration(file: nil, environment: [:], flags: ["nonsense": "1"])
        }
        #expect(throws: ConfigurationError.self) {
            try Configuration(file: temporary.path + "/none", environment: [:], flags: [:])
        }
    }

    @Test func `every default is a value of its kind, and every variable has one setting`() throws {
        let read = try Configuration(file: nil, environment: [:], flags: [:])
        for (setting, held) in read.all {
            #expect((held.value != nil) == (setting.fallback != nil), "\(setting.name)")
        }
        #expect(Set(Schema.settings.map(\.name)).count == Schema.settings.count)
        #expect(Set(Schema.settings.map(\.variable)).count == Schema.settings.count)
    }

    @Test func `changes name what is another than before`() throws {
        let old = try Configuration(file: nil, environment: [:], flags: [:])
        let new = try Configuration(
            file: nil,
            environment: [:],
            flags: ["log.level": "debug", "listen": "[::1]:9", "drain": "5s"]
        )
        #expect(new.changes(from: old).map(\.name) == ["listen", "log.level"])
        #expect(new.changes(from: old).filter(\.isReloadable).map(\.name) == ["log.level"])
    }

    @Test func `no mutated file traps`() throws {
        let good = Array(Self.good.utf8)
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        let letters = Array("{}[]:,-&*!|>'\"% \n\t#0az\u{0}".utf8)
        #if DEBUG
        let rounds = 500
        #else
        let rounds = 20_000
        #endif
        var refused = 0
        for _ in 0..<rounds {
            var bytes = good
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[place] = letters[Int.random(in: 0..<letters.count, using: &generator)]
            }
            if try problems(String(decoding: bytes, as: UTF8.self)) != nil { refused += 1 }
        }
        #expect(refused > rounds / 2, "seed \(seed)")
    }
}
