import Foundation
import PalateConfiguration
import TestKit
import Testing

@Suite struct JSONLogLineTests {
    private func object(_ line: String) throws -> [String: String] {
        try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
    }

    private func line(
        _ message: String,
        error: String? = nil,
        _ metadata: [(name: String, value: String)] = []
    ) -> String {
        JSONLogLine.text(
            time: "2026-01-01T00:00:00.000Z",
            level: "info",
            label: "palate",
            message: message,
            error: error,
            metadata: metadata
        )
    }

    @Test func `a line has its time, level, label, message and metadata`() throws {
        let expected =
            #"{"time":"2026-01-01T00:00:00.000Z","level":"info","label":"palate","#
            + #""message":"said \"so\"","a\\b":"c"}"# + "\n"
        #expect(line("said \"so\"", [("a\\b", "c")]) == expected)
    }

    @Test func `metadata cannot take the names of the line`() throws {
        let text = line(
            "real",
            error: "bad",
            [("level", "debug"), ("error", "e"), ("message", "m")]
        )
        let read = try object(text)
        #expect(read["level"] == "info" && read["metadata.level"] == "debug")
        #expect(read["message"] == "real" && read["metadata.message"] == "m")
        #expect(read["error"] == "bad" && read["metadata.error"] == "e")
        #expect(try object(line("m", [("error", "theirs")]))["error"] == "theirs")
    }

    @Test func `no text forges a line, and every text comes back`() throws {
        var generator = SeededGenerator(seed: testSeed())
        let letters = Array(
            "\n\r\t\"\\{}:,\u{0}\u{1b}\u{7f}\u{85}\u{2028}\u{2029}aé🐸".unicodeScalars
        )
        for _ in 0..<(isOptimisedBuild ? 20_000 : 500) {
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...12, using: &generator) {
                text.append(letters[Int.random(in: 0..<letters.count, using: &generator)])
            }
            let value = String(text)
            let made = line(value, [("name", value), ("key" + value, "x")])
            #expect(
                made.unicodeScalars.dropLast().allSatisfy {
                    $0.properties.generalCategory != .control
                }
            )
            #expect(!made.unicodeScalars.contains("\u{2028}") && made.hasSuffix("}\n"))
            let read = try object(made)
            #expect(read.count == 6 && read["message"] == value && read["name"] == value)
        }
    }
}
