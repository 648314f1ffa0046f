import PalateConfiguration
import TestKit
import Testing

@Suite struct SettingKindTests {
    private func read(_ name: String, _ text: String) throws -> Configuration {
        try Configuration(file: nil, environment: [:], flags: [name: text])
    }

    @Test(arguments: [
        ("1048576", 1 << 20), ("256GiB", 256 << 30), ("256 GiB", 256 << 30), ("256gib", 256 << 30),
        ("1.5GiB", 3 << 29), ("256MB", 256_000_000), ("1.5gb", 1_500_000_000), ("2TiB", 2 << 40),
        ("2048KiB", 2 << 20), ("1.9999999MiB", 2_097_151),
    ])
    func `sizes are read as --map-max always took them`(text: String, bytes: Int) throws {
        #expect(try read("storage.map-max", text).number("storage.map-max") == bytes)
    }

    @Test(arguments: [
        ("0s", 0), ("500ms", 500), ("10s", 10_000), ("2m", 120_000), ("1h", 3_600_000),
    ])
    func `times are read`(text: String, milliseconds: Int) throws {
        #expect(try read("drain", text).number("drain") == milliseconds)
    }

    @Test(arguments: [
        "127.0.0.1:7411", "localhost:0", "[::1]:7411", ":::7411", "unix:/run/palate.sock",
    ])
    func `addresses are read`(text: String) throws {
        #expect(try read("listen", text).text("listen") == text)
    }

    @Test(arguments: [
        "", ":1", "[]:1", "h:", "h:-1", "h:+1", "h:65536", "h", "unix:", "a b:1",
        "unix:" + String(repeating: "x", count: 108),
    ])
    func `what is no address is refused`(text: String) {
        #expect(throws: ConfigurationError.self) { try read("listen", text) }
    }

    @Test func `what is shown is read as the same value`() throws {
        var generator = SeededGenerator(seed: testSeed())
        for (name, step) in [("limits.memory", 1), ("limits.memory", 1_000), ("drain", 1)] {
            let kind = try #require(Schema.settings.first { $0.name == name }).kind
            for shift in 0..<21 {
                let most = min(1 << shift, 3_600_000)
                let number = Int.random(in: 0...most, using: &generator) * step
                let shown = kind.text(.integer(number))
                #expect(try read(name, shown).number(name) == number, "\(shown)")
            }
        }
        let held = try Configuration(file: nil, environment: [:], flags: [:])
        for (setting, value) in held.all.map({ ($0.setting, $0.held.value) }) {
            guard let value, let fallback = setting.fallback else { continue }
            #expect(setting.kind.text(value) == fallback || fallback == "60s", "\(setting.name)")
        }
    }

    @Test func `lists of the environment may have spaces, and wrong variables name the nearest`()
        throws
    {
        let read = try Configuration(
            file: nil,
            environment: [
                "PALATE_ACCESS_TOKENS_ALGORITHMS": "HS256, ES256 ",
                "PALATE_ACCESS_TOKENS_JWKS": "keys.json",
            ],
            flags: [:]
        )
        #expect(read.texts("access.tokens.algorithms") == ["HS256", "ES256"])
        let error = #expect(throws: ConfigurationError.self) {
            try Configuration(file: nil, environment: ["PALATE_LOG_LEVEI": "info"], flags: [:])
        }
        #expect(
            error?.description
                == "PALATE_LOG_LEVEI: there is no such setting, is PALATE_LOG_LEVEL meant?"
        )
    }
}
