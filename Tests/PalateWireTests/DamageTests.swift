import PalateModel
import PalateWire
import TestKit
import Testing

/// Damaged bodies give a typed error, or a valid value that survives a round trip; never a trap.
@Suite struct DamageTests {
    #if DEBUG
    private static let mutations = 4_000
    #else
    private static let mutations = 100_000
    #endif

    @Test(arguments: RandomMessages.requestKinds)
    func `no truncated request is accepted as something longer`(kind: Int) throws {
        var messages = RandomMessages(seed: testSeed())
        let request = messages.request(kind: kind)
        let (header, body) = try Codec.split(Codec.frame(request, FrameOptions(requestID: 1)))
        for count in 0..<body.count {
            // A name is the rest of the body, so that a shorter one is another valid request.
            if case .open = request { continue }
            if case .dropCollection = request { continue }
            if case .collectionStats = request { continue }
            if case .listGenerations = request { continue }
            #expect(throws: RequestError.self, "\(count) of \(body.count) bytes") {
                try Codec.request(header, Array(body[..<count]))
            }
        }
    }

    @Test(arguments: RandomMessages.responseKinds)
    func `no truncated response is accepted`(kind: Int) throws {
        var messages = RandomMessages(seed: testSeed())
        let response = messages.response(kind: kind)
        let (header, body) = try Codec.split(Codec.frame(response, FrameOptions(requestID: 1)))
        for count in 0..<body.count {
            // Figures ended after ten numbers once.
            if case .stats = response, count == 80 { continue }
            #expect(throws: RequestError.self, "\(count) of \(body.count) bytes") {
                try Codec.response(header, Array(body[..<count]))
            }
        }
    }

    @Test(arguments: RandomMessages.requestKinds)
    func `no byte too many is accepted in a request`(kind: Int) throws {
        var messages = RandomMessages(seed: testSeed())
        let request = messages.request(kind: kind)
        #expect(try Codec.refusal(of: request) { $0.append(0) } != nil)
    }

    @Test(arguments: RandomMessages.responseKinds)
    func `no byte too many is accepted in a response`(kind: Int) throws {
        var messages = RandomMessages(seed: testSeed())
        let response = messages.response(kind: kind)
        let (header, body) = try Codec.split(Codec.frame(response, FrameOptions(requestID: 1)))
        #expect(throws: RequestError.self) { try Codec.response(header, body + [0]) }
    }

    @Test(arguments: RandomMessages.requestKinds)
    func `every flipped bit of a request is refused or another valid request`(kind: Int) throws {
        var messages = RandomMessages(seed: testSeed())
        let request = messages.request(kind: kind)
        let (header, body) = try Codec.split(Codec.frame(request, FrameOptions(requestID: 1)))
        for bit in 0..<body.count * 8 {
            var damaged = body
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let decoded = try? Codec.request(header, damaged) else { continue }
            // One bit changes the meaning, except "critical" of a section that is known anyway.
            let isCritical = header.opcode == Opcode.query.rawValue && (bit - 98 * 8) % 96 == 0
            #expect(decoded != request || isCritical, "bit \(bit)")
            try checkStable(decoded)
        }
    }

    @Test func `random mutations never trap`() throws {
        let seed = testSeed()
        var messages = RandomMessages(seed: seed)
        var accepted = 0
        for index in 0..<Self.mutations {
            let requests = RandomMessages.requestKinds.count
            let kind = index % (requests + RandomMessages.responseKinds.count)
            let options = FrameOptions(requestID: 1)
            if kind < requests {
                let frame = try Codec.frame(messages.request(kind: kind), options)
                let (header, body) = try mutate(Codec.split(frame), &messages)
                guard let decoded = try? Codec.request(header, body) else { continue }
                try checkStable(decoded)
            } else {
                let frame = try Codec.frame(messages.response(kind: kind - requests), options)
                let (header, body) = try mutate(Codec.split(frame), &messages)
                guard let decoded = try? Codec.response(header, body) else { continue }
                try checkStable(decoded)
            }
            accepted += 1
        }
        // Both sides of the check must have been exercised.
        #expect(accepted > Self.mutations / 100 && accepted < Self.mutations)
    }

    /// One to four edits: a bit, a byte, a word of an interesting value, a cut, an insertion.
    private func mutate(
        _ frame: (header: FrameHeader, body: [UInt8]),
        _ messages: inout RandomMessages
    ) -> (FrameHeader, [UInt8]) {
        var (header, body) = frame
        let interesting: [UInt32] = [0, 1, 2, 0x7F, 0xFF, 0x7F80_0000, 0x7FFF_FFFF, .max]
        for _ in 0..<messages.number(1...4) {
            switch messages.number(0...6) {
            case 0 where !body.isEmpty:
                body[messages.number(0...body.count - 1)] ^= 1 << UInt8(messages.number(0...7))
            case 1 where !body.isEmpty:
                body[messages.number(0...body.count - 1)] = UInt8(messages.number(0...255))
            case 2 where body.count >= 4:
                let value = interesting[messages.number(0...interesting.count - 1)]
                body.put(value, at: messages.number(0...body.count / 4 - 1) * 4)
            case 3 where !body.isEmpty:
                body.removeLast(messages.number(1...body.count))
            case 4:
                body.insert(contentsOf: messages.bytes(1...20), at: messages.number(0...body.count))
            case 5:
                header.opcode = UInt8(messages.number(0...64))
            default:
                header.flags.rawValue ^= 1 << UInt16(messages.number(0...15))
            }
        }
        return (header, body)
    }

    /// What was accepted can be sent, and comes back the same; compared as bytes, for NaN scores.
    private func checkStable(_ request: Request) throws {
        let frame = try Codec.frame(request, FrameOptions(requestID: 1))
        #expect(try Codec.frame(Codec.request(frame), FrameOptions(requestID: 1)) == frame)
    }

    private func checkStable(_ response: Response) throws {
        let frame = try Codec.frame(response, FrameOptions(requestID: 1))
        #expect(try Codec.frame(Codec.response(frame), FrameOptions(requestID: 1)) == frame)
    }
}
