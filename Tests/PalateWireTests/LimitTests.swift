import PalateModel
import PalateWire
import TestKit
import Testing

@Suite struct LimitTests {
    private static let vectors = SearchRequest(
        handle: 7,
        source: .vectors([Float](repeating: 1, count: 12), count: 1),
        k: 10
    )

    /// A field of QUERY's head, a value for it, and the refusal.
    static let heads: [(offset: Int, value: UInt32, refusal: RequestError)] = [
        (8, 11, .wrongDimensions(got: 11, expected: 12)),
        (12, 0, .outOfRange(field: "queries", got: 0, expected: Limits.queriesPerRequest)),
        (
            12, 65_537,
            .outOfRange(field: "queries", got: 65_537, expected: Limits.queriesPerRequest)
        ),
        (16, 0, .outOfRange(field: "k", got: 0, expected: Limits.results)),
        (16, 10_001, .outOfRange(field: "k", got: 10_001, expected: Limits.results)),
        (20, 65_536, .outOfRange(field: "beam width", got: 65_536, expected: 0...65_535)),
        (24, 5, .malformed(reason: "a rescore count without its flag", offset: 24)),
        (28, 16, .unsupported(what: "result parts", got: 16)),
        (32, 5, .malformed(reason: "a score floor without its flag", offset: 32)),
        (36, 1, .unsupported(what: "oversampling", got: 1)),
        (40, 1, .malformed(reason: "a user without its flag", offset: 40)),
        (56, 9, .unsupported(what: "visited limit", got: 9)),
        (60, 9, .outOfRange(field: "group cap", got: 0, expected: Limits.groupCap)),
        (80, 9, .unsupported(what: "seed", got: 9)),
        (88, 25, .outOfRange(field: "sections", got: 25, expected: 0...24)),
        (88, 0, .malformed(reason: "section 1 is missing", offset: 0)),
        (92, 1, .unsupported(what: "reserved field at byte 92", got: 1)),
        (100, 128, .malformed(reason: "section 1 is at 128 with 48 bytes", offset: 112)),
        (104, 49, .malformed(reason: "section 1 is at 112 with 49 bytes", offset: 112)),
        (104, 44, .malformed(reason: "section 1 has -4 bytes too many", offset: 160)),
    ]

    @Test(arguments: heads)
    func `a query outside its limits is refused by name`(
        offset: Int,
        value: UInt32,
        refusal: RequestError
    ) throws {
        let got = try Codec.refusal(of: .query(Self.vectors)) { $0.put(value, at: offset) }
        #expect(got == refusal)
    }

    @Test func `an unknown section is skipped unless it is critical`() throws {
        let search = SearchRequest(handle: 1, source: .user, k: 1, user: 5)
        for (flags, refusal) in [
            (UInt16(0), nil), (1, RequestError.unsupported(what: "critical section", got: 999)),
            (2, .unsupported(what: "section flags", got: 2)),
        ] {
            let got = try Codec.refusal(of: .query(search)) { body in
                body.put(UInt32(1), at: 88)
                body += [UInt8](repeating: 0, count: 16 + 5)
                body.put(UInt16(999), at: 96)
                body.put(flags, at: 98)
                body.put(UInt32(112), at: 100)
                body.put(UInt32(5), at: 104)
            }
            #expect(got == refusal)
        }
    }

    @Test func `a section may not come twice`() throws {
        let search = SearchRequest(
            handle: 1,
            source: .items([1]),
            k: 1,
            user: 5,
            excluded: [1],
            taste: TasteRequest()
        )
        // Turns the second entry of the table, EXCLUDE, into a second IDS of the same length.
        let got = try Codec.refusal(of: .query(search)) { $0.put(UInt16(2), at: 108) }
        #expect(got == .malformed(reason: "section 2 twice", offset: 108))
    }

    @Test func `taste without a user is refused`() throws {
        let frame = try Codec.frame(
            .query(SearchRequest(handle: 1, source: .items([1]), k: 1, taste: TasteRequest())),
            FrameOptions(requestID: 1)
        )
        #expect(throws: RequestError.missingUser) { try Codec.request(frame) }
    }

    @Test func `excluded ids must rise strictly`() throws {
        let search = SearchRequest(handle: 1, source: .items([1]), k: 1, excluded: [3, 4])
        // Table of two entries ends at 120, IDS at 128, EXCLUDE at 144.
        for second in [UInt64(3), 2] {
            let got = try Codec.refusal(of: .query(search)) { $0.put(second, at: 152) }
            #expect(got == .malformed(reason: "excluded ids are not strictly rising", offset: 144))
        }
    }

    @Test func `padding must be zero`() throws {
        let got = try Codec.refusal(of: .query(Self.vectors)) { $0[109] = 1 }
        #expect(got == .unsupported(what: "padding between sections", got: 1))
    }

    @Test(arguments: ["", ".hidden", "a/b", "naïve", String(repeating: "x", count: 65)])
    func `bad names are refused`(name: String) throws {
        for request in [Request.open(name: name), .dropCollection(name: name)] {
            let frame = try Codec.frame(request, FrameOptions(requestID: 1))
            #expect(throws: RequestError.badName(got: name)) { try Codec.request(frame) }
        }
    }

    @Test func `an unknown handle is refused before anything is allocated`() throws {
        let (header, body) = try Codec.split(
            Codec.frame(.query(Self.vectors), FrameOptions(requestID: 1))
        )
        #expect(throws: RequestError.unknownHandle(got: 7)) {
            try Codec.version.decodeRequest(header, body.span.bytes) { _ in nil }
        }
    }

    @Test func `rows and payloads must agree`() throws {
        let rows = RowBatch(
            ids: [1, 2],
            vectors: [Float](repeating: 0, count: 24),
            payloads: [[1], [2, 3]]
        )
        let request = Request.upsert(handle: 1, rows: rows)
        let sum = try Codec.refusal(of: request) { $0.put(UInt64(4), at: 16) }
        #expect(sum == .unequalColumns(field: "payload bytes", got: 4, expected: 3))
        let unasked = try Codec.refusal(of: request) { $0.put(UInt16(0), at: 6) }
        #expect(unasked == .unequalColumns(field: "payloads", got: 3, expected: 0))
        let none = try Codec.refusal(of: request) { $0.put(UInt32(0), at: 8) }
        #expect(none == .outOfRange(field: "rows", got: 0, expected: Limits.rowsPerRequest))
    }

    @Test func `a load needs its checksum`() throws {
        let data = LoadData(
            begin: LoadBegin(handle: 1, loaderID: 2, epoch: 3),
            sequence: 1,
            rows: RowBatch(ids: [1], vectors: [Float](repeating: 0, count: 12))
        )
        let options = FrameOptions(requestID: 1, bodyChecksum: false)
        var (header, body) = try Codec.split(Codec.frame(.loadData(data), options))
        #expect(header.flags == .bodyChecksum)
        header.flags = []
        header.bodyChecksum = 0
        #expect(
            throws: RequestError.malformed(reason: "LOAD_DATA needs a body checksum", offset: 0)
        ) { try Codec.request(header, body) }
    }

    @Test(arguments: [1, 2, 4, 16, 32, 64, 128, 0x8000])
    func `flags that mean nothing in a request are refused`(flag: UInt16) throws {
        var (header, body) = try Codec.split(
            Codec.frame(.ping(token: 1), FrameOptions(requestID: 1, bodyChecksum: false))
        )
        header.flags.rawValue |= flag
        #expect(throws: RequestError.unsupported(what: "frame flags", got: Int(flag))) {
            try Codec.request(header, body)
        }
    }

    @Test func `opcodes and versions that are not known are unsupported`() throws {
        for opcode in UInt8.min...UInt8.max where Opcode(rawValue: opcode) == nil {
            let header = FrameHeader(opcode: opcode, flags: [], requestID: 1, microseconds: 0)
            #expect(throws: RequestError.unsupported(what: "opcode", got: Int(opcode))) {
                try Codec.request(header, [])
            }
        }
        for opcode in [Opcode.goAway, .error] {
            let header = FrameHeader(
                opcode: opcode.rawValue,
                flags: [],
                requestID: 1,
                microseconds: 0
            )
            #expect(
                throws: RequestError.unsupported(
                    what: "request opcode",
                    got: Int(opcode.rawValue)
                )
            ) { try Codec.request(header, []) }
        }
        var header = FrameHeader(opcode: 3, flags: [], requestID: 1, microseconds: 0)
        header.opcodeVersion = 2
        #expect(throws: RequestError.unsupported(what: "opcode version", got: 2)) {
            try Codec.request(header, [])
        }
    }

    @Test func `events of no known type are refused`() throws {
        let event = Event(user: 1, item: 2, type: .save, timeMilliseconds: 3)
        let request = Request.events(handle: 1, events: [event, event])
        let type = try Codec.refusal(of: request) { $0[$0.count - 1] = 13 }
        #expect(type == .unsupported(what: "event type", got: 13))
        let time = try Codec.refusal(of: request) { $0.put(Int64(-1), at: 16 + 32 + 8) }
        #expect(time == .malformed(reason: "event 1 is before 1970", offset: 56))
    }
}
