import PalateModel
import PalateWire
import Testing

@Suite struct StatusCodeTests {
    /// One of each; the switch below fails to compile when a case is added.
    static let errors: [RequestError] = [
        .unknownCollection(name: "a"), .unknownHandle(got: 1), .collectionExists(name: "a"),
        .badName(got: "/"), .unknownChoice(field: "metric", got: "l3", expected: ["l2", "ip"]),
        .outOfRange(field: "k", got: 0, expected: 1...10),
        .badNumber(field: "weight.save", got: 99, expected: -20...10),
        .unknownSandbox(name: "a"), .unknownSession(id: 7), .unknownProfile(name: "a"),
        .wrongDimensions(got: 3, expected: 4), .badComponent(row: 1, column: 2),
        .unequalColumns(field: "ids", got: 1, expected: 2), .unknownItem(id: 4), .missingUser,
        .versionConflict(id: 4, got: 1, expected: 2), .unknownField(name: "a"),
        .fieldNotReady(name: "a"), .wrongFieldType(name: "a", got: "b", expected: "c"),
        .fieldExists(name: "a", got: "b", expected: "c"), .badField(name: "a", reason: "b"),
        .noTaste(user: 5), .loadSequence(got: 4, expected: 3), .staleEpoch(got: 1, expected: 2),
        .loadMismatch(field: "rows", got: 1, expected: 2),
        .noGeneration(role: .candidate), .candidateExists(generation: 2),
        .candidateChanged(got: 2, expected: 1),
        .versionNotReached(got: 1, expected: 2), .answerTooLarge(got: 9, expected: 8),
        .backupExists(path: "a"), .malformed(reason: "short", offset: 77),
        .unsupported(what: "opcode", got: 5),
        .notAuthenticated(reason: "a"), .forbidden(needs: "a"), .cancelled,
        .overloaded(by: .waiting, expected: 9, retryMilliseconds: 40), .shuttingDown,
        .storageFull(reason: "map"),
        .storageFailed(reason: "io"), .corrupt(place: "row 4"),
        .internalFailure(reason: "no"),
    ]

    static let wireErrors: [WireError] = [
        .badMagic(got: 1), .headerChecksum(got: 1, expected: 2),
        .bodyChecksum(got: 1, expected: 2), .frameTooLarge(got: 2, expected: 1),
        .helloExpected(got: 16), .helloRepeated, .versionMismatch(got: 2...3, expected: 1...1),
        .wrongServer(got: ServerID(low: 1, high: 2), expected: ServerID(low: 3, high: 4)),
        .requestIDZero, .requestIDInUse(got: 9),
    ]

    @Test func `every code belongs to exactly one error`() {
        let codes =
            Self.errors.map { ErrorReport($0).code } + Self.wireErrors.map { ErrorReport($0).code }
        #expect(Set(codes) == Set(StatusCode.allCases.map(\.rawValue)))
        #expect(codes.count == StatusCode.allCases.count)
    }

    @Test func `what ends a connection has its own class`() {
        for error in Self.errors { #expect(ErrorReport(error).failureClass != 7) }
        for error in Self.wireErrors { #expect(ErrorReport(error).failureClass == 7) }
    }

    @Test func `only waiting makes an error retryable`() {
        let retryable = Self.errors.filter { ErrorReport($0).isRetryable }
        #expect(
            retryable == [
                .fieldNotReady(name: "a"), .versionNotReached(got: 1, expected: 2),
                .overloaded(by: .waiting, expected: 9, retryMilliseconds: 40),
                .shuttingDown,
            ]
        )
        #expect(
            ErrorReport(RequestError.overloaded(by: .waiting, expected: 9, retryMilliseconds: 40))
                .retryAfterMilliseconds == 40
        )
        #expect(ErrorReport(RequestError.malformed(reason: "", offset: 77)).offset == 77)
    }

    @Test func `messages say what was got and what was expected`() {
        #expect(
            RequestError.outOfRange(field: "k", got: 0, expected: 1...10).message
                == "k is 0, expected 1 to 10"
        )
        #expect(
            WireError.badMagic(got: 0x2054_4547).message
                == "magic is 0x20544547, expected 0x31544c50 (PLT1)"
        )
        for report in Self.errors.map({ ErrorReport($0) }) { #expect(!report.message.isEmpty) }
    }

    @Test func `codes have the names that clients print`() {
        #expect(StatusCode.unknownCollection.name == "unknownCollection")
        #expect(ErrorReport(RequestError.missingUser).status == .missingUser)
    }
}

@Suite struct HandshakeTests {
    private let server = ServerID(low: 0x0102_0304_0506_0708, high: 0xA0B0_C0D0_E0F0_0010)

    private func welcome(_ hello: Hello) throws(WireError) -> Welcome {
        try Welcome(
            answering: hello,
            bodyBytesMax: 1 << 20,
            requestsInFlight: 64,
            server: server,
            serverName: "palate"
        )
    }

    @Test func `the smaller frame and the common version hold`() throws {
        #expect(try welcome(Hello(clientName: "a")).bodyBytesMax == 1 << 20)
        #expect(try welcome(Hello(clientName: "a", bodyBytesMax: 5_000)).bodyBytesMax == 5_000)
        let future = Hello(clientName: "a", versions: 1...9, features: 0xFF)
        #expect(try welcome(future).version == 1)
        #expect(try welcome(future).features == 0)
    }

    @Test func `without a common version there is no connection`() {
        #expect(throws: WireError.versionMismatch(got: 2...3, expected: 1...1)) {
            try welcome(Hello(clientName: "a", versions: 2...3))
        }
    }

    @Test func `a client of another server is refused`() throws {
        let other = ServerID(low: 1, high: 1)
        #expect(throws: WireError.wrongServer(got: other, expected: server)) {
            try welcome(Hello(clientName: "a", expectedServer: other))
        }
        #expect(try welcome(Hello(clientName: "a", expectedServer: server)).server == server)
    }

    @Test func `a server id reads as its bytes`() {
        #expect(server.description == "08070605040302011000f0e0d0c0b0a0")
        #expect(ServerID(server.description) == server)
        #expect(ServerID("+8070605040302011000f0e0d0c0b0a0") == nil)
        #expect(ServerID("short") == nil)
    }

    @Test func `the registry is in order and speaks what it says`() {
        let numbers = WireVersions.all.map(\.number)
        #expect(numbers == numbers.sorted())
        #expect(numbers.first == WireVersions.supported.lowerBound)
        #expect(numbers.last == WireVersions.supported.upperBound)
    }
}
