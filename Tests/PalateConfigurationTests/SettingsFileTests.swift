import Foundation
import Glibc
import PalateConfiguration
import TestKit
import Testing

@Suite struct SettingsFileTests {
    private let temporary = TemporaryDirectory()

    /// What is wrong with a file, its path as F; nothing where it is taken.
    private func problems(_ text: String) throws -> [String] {
        let path = temporary.path + "/palate.yaml"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return Self.problems(at: path).map { $0.replacing(path, with: "F") }
    }

    private static func problems(at path: String) -> [String] {
        do throws(ConfigurationError) {
            _ = try Configuration(file: path, environment: [:], flags: [:])
            return []
        } catch {
            return error.problems.map { "\($0.place): \($0.text)" }
        }
    }

    @Test(arguments: [
        ("a: b: c", "F:1:5: it is no YAML: mapping values are not allowed in this context"),
        ("drain: 5s\ndata: [", "F:3:1: it is no YAML: did not find expected node content"),
        ("x: y\n\tdata: x", "F:2:1: it is no YAML: found a tab character"),
        ("drain: 5s\ndata: a\u{1}b", "F:2:8: it is no YAML: control characters are not allowed"),
        (
            "data: x\n---\ndata: y",
            "F:2:1: it is no YAML: expected a single document in the stream, "
                + "but found another document"
        ),
        ("drain: 5s\ndata: x\ndata: y", "F:2:1: data: it is there twice in its section"),
        (
            "drain: 5s\nlog.level: info\nlog: {level: debug}",
            "F:3:14: log.level: it is there twice, first at F:2:12"
        ),
        ("data: &a b", "F:1:7: data: got an anchor or an alias, which are not read, expected text"),
        ("listen: h:1\ndata: [&a b, c]", "F:2:8: data: got an anchor"),
        ("&a data: x", "F:1:1: a key must be text without an anchor"),
        ("log: &a {level: info}", "F:1:6: log: got an anchor or an alias"),
        ("data: ~", "F:1:7: data: got nothing, expected text"),
        ("backups: null", "F:1:10: backups: got nothing, expected text"),
        ("data: \"a\\0b\"", "F:1:7: data: got \"a\\u{0}b\", expected text"),
        ("limits:\n", "F:1:8: limits: got nothing, expected a section"),
        (
            "access: {tokens: {public-keys: []}}\nhttp: {listen: unix:x}",
            "F:2:16: http.listen: got \"unix:x\", expected HOST:PORT"
        ),
        ("listen: nowhere", "F:1:9: listen: got \"nowhere\", expected HOST:PORT or unix:PATH"),
        ("listen: 'h:65536'", "F:1:9: listen: got \"h:65536\", expected HOST:PORT or unix:PATH"),
    ])
    func `what is wrong is named at its line and column`(text: String, expected: String) throws {
        let found = try problems(text)
        #expect(found.count == 1 && found[0].hasPrefix(expected), "\(found)")
    }

    @Test(arguments: [
        "limits.memory: .nan", "limits.memory: -1", "limits.memory: 1e3", "limits.memory: 1.5",
        "limits.memory: 1.5.5GiB", "limits.memory: 5 parsecs", "limits.memory: 99999999999TiB",
        "drain: .inf", "drain: 5", "drain: 1.5s", "drain: 5S", "limits.connections: 0x10",
        "limits.connections: true", "log.level: loud", "log: {format: [json]}",
        "access.tokens.algorithms: ES256", "access.tokens.public-keys: [[a]]",
    ])
    func `values of another kind are refused, and say what is expected`(text: String) throws {
        let found = try problems(text)
        #expect(found.count == 1 && found[0].contains(", expected "), "\(found)")
    }

    @Test func `a message is one short line whatever the value is`() throws {
        let long = String(repeating: "x", count: 10_000)
        let found = try problems("log.level: \"a\\nF:9:9: forged\\r\\e[2J\"\ndrain: \(long)")
        #expect(found.count == 2)
        #expect(
            found.allSatisfy { line in
                line.utf8.count < 300 && !line.utf8.contains { $0 < 0x20 }
            }
        )
    }

    @Test func `aliases cannot make a small file a long wait`() throws {
        // Each name stands for eight of the one before: 8^30 in all, as a key, which is hashed.
        var text = "x0: &x0 [a]\n"
        for level in 1...30 {
            let aliases = Array(repeating: "*x\(level - 1)", count: 8).joined(separator: ", ")
            text += "x\(level): &x\(level) [\(aliases)]\n"
        }
        let found = try problems(text + "? *x30\n: 1\n")
        #expect(found.count == 1 && found[0].hasPrefix("F: it has 241 asterisks"), "\(found)")
        #expect(try problems("# \(String(repeating: "*", count: 99))\ndrain: 5s").isEmpty)
    }

    @Test(arguments: ["[", "{a: ", "? ", "- "])
    func `deep nesting is refused`(opening: String) throws {
        #expect(try !problems(String(repeating: opening, count: 100_000)).isEmpty)
    }

    @Test func `a file has 1 MiB at most, is a regular one, and is text`() throws {
        let line = "# comment\n"
        let most = String(repeating: line, count: (1 << 20) / line.utf8.count)
        #expect(try problems(most).isEmpty)
        let found = try problems(most + line)
        #expect(found == ["F: it has \(most.utf8.count + 10) bytes, expected 1048576 at most"])
        let pipe = temporary.path + "/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        for path in [pipe, temporary.path, "/dev/zero"] {
            #expect(
                Self.problems(at: path) == ["\(path): it cannot be read: it is no regular file"]
            )
        }
        let missing = temporary.path + "/none"
        #expect(
            Self.problems(at: missing)
                == ["\(missing): it cannot be read: No such file or directory"]
        )
        let binary = temporary.path + "/binary"
        try Data([0x64, 0xff, 0xfe]).write(to: URL(filePath: binary))
        #expect(Self.problems(at: binary) == ["\(binary): it is not UTF-8"])
    }

    @Test func `empty lists and null in quotes are values`() throws {
        let path = temporary.path + "/palate.yaml"
        try "access: {tokens: {algorithms: [], public-keys: []}}\ndata: \"null\""
            .write(toFile: path, atomically: true, encoding: .utf8)
        let read = try Configuration(file: path, environment: [:], flags: [:])
        #expect(read.texts("access.tokens.algorithms").isEmpty)
        #expect(read.text("data") == "null")
    }
}
