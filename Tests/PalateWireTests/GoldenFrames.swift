import PalateModel
import PalateWire

/// The frames of `Tests/Fixtures/wire-1`, as values; `frames.json` there says the same in JSON.
enum GoldenFrames {
    struct RequestFrame {
        var name: String
        var options: FrameOptions
        var request: Request
    }

    struct ResponseFrame {
        var name: String
        var options: FrameOptions
        var response: Response
    }

    /// Dimensions of the collection behind handle 9.
    static let dimensions = 3

    private static let server = ServerID(low: 0x0706_0504_0302_0100, high: 0x0F0E_0D0C_0B0A_0908)
    static let begin = LoadBegin(handle: 9, loaderID: 21, epoch: 22)
    static let pins = CollectionSchema(
        name: "pins",
        dimensions: 3,
        metric: "cosine",
        quantizer: "sq8",
        neighbours: 16,
        buildBeamWidth: 200
    )
    private static let payloadPatch = PatchBatch(
        ids: [5, 6],
        versions: [44, 0],
        payloads: [Array("{\"b\":2}".utf8), []]
    )
    private static let vectorPatch = PatchBatch(ids: [7], vectors: [1, 2, 3])
    private static let rows = RowBatch(
        ids: [5, 6],
        vectors: [0.5, -1.25, 3, 1e15, -0.0, 0x1p-140],
        payloads: [Array("{\"a\":1}".utf8), []]
    )

    static func frame(
        _ name: String,
        _ id: UInt32,
        _ request: Request,
        microseconds: UInt32 = 0,
        bodyChecksum: Bool = true
    ) -> RequestFrame {
        RequestFrame(
            name: name,
            options: FrameOptions(
                requestID: id,
                microseconds: microseconds,
                bodyChecksum: bodyChecksum
            ),
            request: request
        )
    }

    static let requests: [RequestFrame] = [
        frame("hello", 1, .hello(Hello(clientName: "golden 1.0", expectedServer: server))),
        frame("ping", 2, .ping(token: 0x0123_4567_89AB_CDEF), bodyChecksum: false),
        frame("open", 3, .open(name: "pins")),
        frame("create", 4, .createCollection(pins)),
        frame("drop", 5, .dropCollection(name: "pins")),
        frame("list", 6, .listCollections),
        frame("stats", 7, .collectionStats(name: "pins")),
        frame(
            "backup",
            19,
            .backup(
                BackupRequest(
                    name: "night-1",
                    collection: "pins",
                    form: .file,
                    bytesPerSecond: 50_000_000
                )
            )
        ),
        frame("query-vectors", 8, .query(fullQuery), microseconds: 2_000),
        frame(
            "query-items",
            9,
            .query(SearchRequest(handle: 9, source: .items([5, .max]), k: 3)),
            bodyChecksum: false
        ),
        frame(
            "query-user",
            10,
            .query(
                SearchRequest(
                    handle: 9,
                    source: .user,
                    k: 20,
                    rescoreCount: 0,
                    user: 0,
                    taste: TasteRequest([.taste: 0.5], profile: "discover")
                )
            )
        ),
        frame("get", 11, .get(GetRequest(handle: 9, ids: [5, 6], wantsVectors: true))),
        frame("upsert", 12, .upsert(handle: 9, rows: rows)),
        frame(
            "upsert-plain",
            13,
            .upsert(handle: 9, rows: RowBatch(ids: [7], vectors: [1, 2, 3]))
        ),
        frame("delete", 14, .delete(handle: 9, ids: [5, 6])),
        frame("patch-payloads", 40, .patch(handle: 9, patch: payloadPatch)),
        frame("patch-vectors", 41, .patch(handle: 9, patch: vectorPatch)),
        frame("load-begin", 15, .loadBegin(begin)),
        frame("load-data", 16, .loadData(LoadData(begin: begin, sequence: 1, rows: rows))),
        frame(
            "load-commit",
            17,
            .loadCommit(LoadCommit(begin: begin, expectedRows: 2, idChecksum: 0x1234_5678))
        ),
        frame(
            "events",
            18,
            .events(
                handle: 9,
                events: [
                    Event(user: 77, item: 5, type: .save, timeMilliseconds: 1_700_000_000_000),
                    Event(user: 78, item: 6, type: .report, timeMilliseconds: 0),
                ]
            )
        ),
    ]

    private static let fullQuery = SearchRequest(
        handle: 9,
        source: .vectors([0.5, -1.25, 3, 1e15, -0.0, 0x1p-140], count: 2),
        k: 10,
        beamWidth: 64,
        rescoreCount: 40,
        parts: [.scoreParts, .payload],
        scoreFloor: -0.5,
        user: 77,
        excluded: [1, 1 << 63],
        taste: TasteRequest(
            [.query: 0.75, .taste: 0.25, .graph: 2, .popularity: 0.125, .negative: 1.5],
            candidates: 500,
            excludeSeen: false
        ),
        diversity: DiversityRequest(diversity: 0.25, method: "mmr", pool: 100),
        minimumVersion: 12
    )

    /// Queries in other element types than single precision, and what their vectors mean.
    static let otherElements: [(name: String, vectors: [Float])] = [
        ("query-f16", [0.5, -1.25, 3, 65_504, 0, 5.9604645e-08]),
        ("query-u8", [0, 1, 2, 253, 254, 255]),
        ("query-i8", [0.5, -64, 63.5, -0.25, 0, 0.25]),
    ]

    static func frame(
        _ name: String,
        _ id: UInt32,
        _ response: Response,
        microseconds: UInt32 = 150
    ) -> ResponseFrame {
        ResponseFrame(
            name: name,
            options: FrameOptions(requestID: id, microseconds: microseconds),
            response: response
        )
    }

    static let info = CollectionInfo(handle: 9, generation: 3, schema: pins)
    private static let receipt = WriteReceipt(version: 44, changed: 2, generation: 3)

    static let responses: [ResponseFrame] = [
        frame(
            "welcome",
            1,
            .welcome(
                Welcome(
                    version: 1,
                    features: 0,
                    bodyBytesMax: 16 << 20,
                    requestsInFlight: 1_024,
                    server: server,
                    serverName: "palate 0.1.0"
                )
            )
        ),
        frame("pong", 2, .pong(token: 0x0123_4567_89AB_CDEF)),
        frame("opened", 3, .opened(info)),
        frame("created", 4, .created(info)),
        frame("dropped", 5, .dropped),
        frame(
            "collections",
            6,
            .collections([
                info,
                CollectionInfo(
                    handle: 10,
                    generation: 1,
                    schema: CollectionSchema(
                        name: "looks",
                        dimensions: 768,
                        metric: "ip",
                        quantizer: "float32",
                        neighbours: 32,
                        buildBeamWidth: 400
                    )
                ),
            ])
        ),
        frame("figures-more", 7, .stats(stats)),
        frame(
            "backed-up",
            19,
            .backedUp(
                BackupReceipt(
                    files: 3,
                    manifestChecksum: 0x1234_5678,
                    bytes: 1 << 33,
                    entries: 1 << 34,
                    microseconds: 1 << 35
                )
            )
        ),
        frame("results-terms", 10, .results(results)),
        frame("results-plain", 9, .results(plainResults)),
        frame("items", 11, .items(items)),
        frame("upserted", 12, .upserted(receipt)),
        frame("deleted", 14, .deleted(receipt)),
        frame("patched", 40, .patched(receipt)),
        frame(
            "load-granted",
            15,
            .loadGranted(LoadGrant(durableSequence: 4, creditBytes: 32 << 20, suggestedRows: 1_000))
        ),
        frame(
            "load-acknowledged",
            16,
            .loadAcknowledged(LoadAcknowledgement(receivedSequence: 6, durableSequence: 5))
        ),
        frame("load-committed", 17, .loadCommitted(receipt)),
        frame("events-recorded", 18, .eventsRecorded(receipt)),
        frame(
            "refused",
            8,
            .failure(
                opcode: Opcode.query.rawValue,
                ErrorReport(.outOfRange(field: "k", got: 0, expected: Limits.results))
            )
        ),
        frame(
            "overloaded",
            8,
            .failure(
                opcode: Opcode.query.rawValue,
                // With the text of the version that wrote the fixture.
                ErrorReport(
                    code: StatusCode.overloaded.rawValue,
                    failureClass: FailureClass.overload.rawValue,
                    isRetryable: true,
                    retryAfterMilliseconds: 250,
                    offset: 0,
                    message: "overloaded, try again in 250 ms"
                )
            )
        ),
        frame(
            "connection-error",
            0,
            .failure(opcode: Opcode.error.rawValue, ErrorReport(WireError.helloExpected(got: 16)))
        ),
        frame("go-away", 0, .goAway(GoAway(drainMilliseconds: 5_000, reason: "shutting down"))),
    ]

    /// Answers of servers from before a body grew: read, never written.
    static let earlier: [(name: String, response: Response)] = [
        ("figures", .stats(fewStats)), ("results", .results(resultsOfNineTerms)),
    ]

    private static let stats: CollectionStats = {
        var stats = fewStats
        stats.mapBytesMax = 11
        stats.freeBytes = 12
        stats.oldestReaderCommits = 13
        stats.oldestReaderMilliseconds = 14
        stats.tailMilliseconds = 15
        stats.unreachableItems = 16
        stats.checkedRows = 17
        stats.repairDebt = 18
        stats.reusableSlots = 19
        stats.writeState = .full
        stats.tasteWriteState = .failed
        stats.lastFailure = "no space left"
        return stats
    }()

    private static let fewStats: CollectionStats = {
        var stats = CollectionStats()
        stats.liveItems = 1
        stats.deletedItems = 2
        stats.appliedVersion = 3
        stats.tailRows = 4
        stats.indexBytes = 5
        stats.storedBytes = 6
        stats.mapBytes = 7
        stats.events = 8
        stats.users = 9
        stats.edges = 10
        return stats
    }()

    private static let resultsOfNineTerms: SearchResponse = {
        var results = GoldenFrames.results
        for row in results.scoreParts.indices { results.scoreParts[row][.interest] = 0 }
        return results
    }()

    private static let results: SearchResponse = {
        var results = SearchResponse()
        results.generation = 3
        results.appliedVersion = 44
        results.visitedCount = 1_234
        results.isDegraded = true
        results.offsets = [0, 2, 3]
        results.ids = [5, 6, 7]
        results.scores = [1.5, 0.75, -0.25]
        results.scoreParts = (1...3).map { row in
            var parts = TermValues()
            for term in ScoreTerm.allCases {
                parts[term] = Float(row) / Float(1 << Int(term.rawValue))
            }
            parts[.negative] = -Float(row)
            return parts
        }
        results.payloads = [Array("{\"a\":1}".utf8), [], [0, 255]]
        return results
    }()

    private static let plainResults: SearchResponse = {
        var results = SearchResponse()
        results.generation = 3
        results.appliedVersion = 44
        results.visitedCount = 6
        results.isExact = true
        results.offsets = [0, 0, 3]
        results.ids = [1, 2, .max]
        results.scores = [3, 2, 1]
        return results
    }()

    private static let items: GetResponse = {
        var items = GetResponse()
        items.found = [true, false]
        items.versions = [44, 0]
        items.payloads = [Array("{\"a\":1}".utf8), []]
        items.vectors = [0.5, -1.25, 3, 0, 0, 0]
        return items
    }()
}
