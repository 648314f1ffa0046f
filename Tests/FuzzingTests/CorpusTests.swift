import Foundation
import Fuzzing
import TestKit
import Testing

/// What fuzzing found worth keeping, run once more in every build.
@Suite struct CorpusTests {
    private static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent()
        .deletingLastPathComponent()
        .appending(path: "Fixtures/fuzz")

    @Test(arguments: FuzzTarget.all.map(\.name))
    func `no input of the corpus traps, and both outcomes are among them`(name: String) async throws
    {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let text = try Data(contentsOf: Self.folder.appending(path: "\(name).txt"))
        let inputs = try text.split(separator: UInt8(ascii: "\n")).map { try bytes(Array($0)) }
        // Tokens are looked at by tasks that the target waits for.
        let outcomes = try await onOwnThread { inputs.map(target.run) }
        #expect(outcomes.contains(true) && outcomes.contains(false))
    }

    /// What a line of hexadecimal digits stands for.
    private func bytes(_ digits: [UInt8]) throws -> [UInt8] {
        try stride(from: 0, to: digits.count, by: 2).map { place in
            let pair = String(decoding: digits[place..<place + 2], as: UTF8.self)
            return try #require(UInt8(pair, radix: 16))
        }
    }
}
