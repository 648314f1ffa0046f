import PalateModel
import PalateWire
import TestKit
import Testing

@Suite struct FilterFuzzTests {
    #if DEBUG
    private static let inputs = 10_000
    #else
    private static let inputs = 1_000_000
    #endif

    @Test func `mangled filters are refused, or are filters within the limits`() async throws {
        var messages = RandomMessages(seed: testSeed())
        var accepted = 0
        var (header, body) = try sample(&messages)
        for index in 0..<Self.inputs {
            if index % 1_024 == 0 { await Task.yield() }
            if index % 64 == 0 { (header, body) = try sample(&messages) }
            var mangled = body
            for _ in 0..<messages.number(1...4) where !mangled.isEmpty {
                let place = messages.number(0...mangled.count - 1)
                switch messages.number(0...3) {
                case 0: mangled[place] = UInt8(messages.number(0...255))
                case 1: mangled[place] = UInt8(messages.number(0...19))
                case 2: mangled.remove(at: place)
                default: mangled.insert(0, at: place)
                }
            }
            guard case .count(let count)? = try? Codec.request(header, mangled) else { continue }
            accepted += 1
            try count.filter.checkLimits()
        }
        #expect(accepted > Self.inputs / 100)
    }

    private func sample(_ messages: inout RandomMessages) throws -> (FrameHeader, [UInt8]) {
        let request = Request.count(
            CountRequest(handle: 9, filter: messages.filter(depth: 5), facets: [1])
        )
        return try Codec.split(Codec.frame(request, FrameOptions(requestID: 1)))
    }
}
