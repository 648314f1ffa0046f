import PalateModel
import PalateWire
import TestKit
import Testing

@Suite struct RoundTripTests {
    @Test(arguments: RandomMessages.requestKinds)
    func `every request comes back as it was sent`(kind: Int) throws {
        var messages = RandomMessages(seed: testSeed())
        for id in 1...50 {
            let request = messages.request(kind: kind)
            let options = FrameOptions(
                requestID: UInt32(id),
                microseconds: messages.half(),
                bodyChecksum: messages.flag()
            )
            let frame = try Codec.frame(request, options)
            let (header, body) = try Codec.split(frame)
            #expect(header.requestID == options.requestID)
            #expect(header.microseconds == options.microseconds)
            #expect(header.opcode == request.opcode.rawValue)
            #expect(try Codec.request(header, body) == request)
        }
    }

    @Test(arguments: RandomMessages.responseKinds)
    func `every response comes back as it was sent`(kind: Int) throws {
        var messages = RandomMessages(seed: testSeed())
        for id in 1...50 {
            let response = messages.response(kind: kind)
            let options = FrameOptions(
                requestID: UInt32(id),
                microseconds: messages.half(),
                bodyChecksum: messages.flag()
            )
            let (header, body) = try Codec.split(Codec.frame(response, options))
            #expect(header.requestID == options.requestID)
            #expect(header.microseconds == options.microseconds)
            #expect(header.flags.contains(.response))
            #expect(try Codec.response(header, body) == response)
        }
    }

    @Test func `the kinds of messages cover every opcode`() {
        var messages = RandomMessages(seed: 1)
        let requests = RandomMessages.requestKinds.map { messages.request(kind: $0).opcode }
        let responses = RandomMessages.responseKinds.filter { $0 != 15 }
            .map { messages.response(kind: $0).opcode }
        let pushed: Set<Opcode> = [.goAway, .error]
        #expect(Set(requests) == Set(Opcode.allCases).subtracting(pushed))
        #expect(Set(responses) == Set(Opcode.allCases.map(\.rawValue)).subtracting([63]))
    }

    @Test func `frames are appended one after the other`() throws {
        var messages = RandomMessages(seed: testSeed())
        var writer = FrameWriter()
        let requests = RandomMessages.requestKinds.map { messages.request(kind: $0) }
        for (index, request) in requests.enumerated() {
            let options = FrameOptions(requestID: UInt32(index + 1))
            try Codec.version.encode(request, options, into: &writer)
        }
        var rest = writer.bytes
        var decoder = FrameDecoder(bodyBytesMax: Limits.frameBytes)
        for request in requests {
            guard case .frame(let header, let byteCount) = try decoder.next(rest.span.bytes) else {
                Issue.record("no frame")
                return
            }
            let body = Array(rest[FrameHeader.byteCount..<byteCount])
            #expect(try Codec.request(header, body) == request)
            rest.removeFirst(byteCount)
        }
        #expect(rest.isEmpty)
    }

    @Test func `a body above the limit leaves the writer as it was`() throws {
        var writer = FrameWriter()
        try Codec.version.encode(.ping(token: 1), FrameOptions(requestID: 1), into: &writer)
        let before = writer.bytes
        let options = FrameOptions(requestID: 2, bodyBytesMax: 7)
        #expect(throws: RequestError.answerTooLarge(got: 8, expected: 7)) {
            try Codec.version.encode(Response.pong(token: 2), options, into: &writer)
        }
        #expect(writer.bytes == before)
        let error = RequestError.outOfRange(
            field: "bytes of the request",
            got: 8,
            expected: 0...7
        )
        #expect(throws: error) {
            try Codec.version.encode(Request.ping(token: 2), options, into: &writer)
        }
        #expect(writer.bytes == before)
    }

    @Test func `excluded ids are sorted and unique on the wire`() throws {
        let search = SearchRequest(handle: 1, source: .items([5]), k: 3, excluded: [9, 2, 9, 4])
        let frame = try Codec.frame(.query(search), FrameOptions(requestID: 1))
        guard case .query(let decoded) = try Codec.request(frame) else {
            Issue.record("not a query")
            return
        }
        #expect(decoded.excluded == [2, 4, 9])
    }

    @Test func `long texts are cut at a character`() throws {
        let report = ErrorReport(
            code: 1,
            failureClass: 1,
            isRetryable: false,
            retryAfterMilliseconds: 0,
            offset: 0,
            message: String(repeating: "漢", count: 1_000)
        )
        let frame = try Codec.frame(.failure(opcode: 16, report), FrameOptions(requestID: 1))
        guard case .failure(_, let decoded) = try Codec.response(frame) else {
            Issue.record("not a failure")
            return
        }
        #expect(decoded.message == String(repeating: "漢", count: 1_024 / 3))
    }
}
