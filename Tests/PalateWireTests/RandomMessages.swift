import PalateModel
import PalateWire
import TestKit

/// Random valid messages of every kind: the registry that the codec tests run over.
struct RandomMessages {
    /// Dimensions of every collection in these tests.
    static let dimensions = 12
    /// How many kinds of request there are.
    static let requestKinds = 0..<Opcode.allCases.count - 2
    /// How many kinds of response there are.
    static let responseKinds = 0..<37

    private static let numberOpcodes: [Opcode] = [
        .tasteRefresh, .tasteNumbers, .session, .sandbox,
    ]

    var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func number(_ range: ClosedRange<Int>) -> Int {
        Int.random(in: range, using: &generator)
    }

    mutating func flag() -> Bool { Bool.random(using: &generator) }
    mutating func word() -> UInt64 { generator.next() }
    mutating func half() -> UInt32 { UInt32(truncatingIfNeeded: generator.next()) }

    mutating func floats(_ count: Int) -> [Float] { (0..<count).map { _ in generator.normal() } }
    mutating func words(_ count: Int) -> [UInt64] { (0..<count).map { _ in generator.next() } }

    mutating func bytes(_ range: ClosedRange<Int>) -> [UInt8] {
        (0..<number(range)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    }

    mutating func name(_ range: ClosedRange<Int> = 1...64) -> String {
        let letters = Array("abcxyzABCXYZ0189_-")
        return String((0..<number(range)).map { _ in letters[number(0...letters.count - 1)] })
    }

    mutating func text(_ range: ClosedRange<Int>) -> String {
        let letters = Array("ab c,é ß漢🎨")
        return String((0..<number(range)).map { _ in letters[number(0...letters.count - 1)] })
    }

    mutating func serverID() -> ServerID { ServerID(low: word(), high: word()) }
    mutating func begin() -> LoadBegin {
        LoadBegin(handle: half(), loaderID: word(), epoch: word())
    }

    mutating func anyBegin() -> LoadBegin {
        var begin = begin()
        begin.start = LoadStart.allCases[number(0...LoadStart.allCases.count - 1)]
        if begin.start != .given { begin.epoch = 0 }
        return begin
    }

    mutating func swap() -> GenerationSwap {
        GenerationSwap(
            handle: half(),
            step: GenerationStep.allCases[number(0...GenerationStep.allCases.count - 1)],
            isForced: flag(),
            thresholds: CanaryThresholds(
                samples: number(Limits.canarySamples),
                rows: generator.normal(),
                lacking: generator.normal(),
                recall: generator.normal(),
                overlap: generator.normal(),
                nearer: generator.normal()
            )
        )
    }

    mutating func generationReport() -> GenerationReport {
        GenerationReport(
            generation: word(),
            isSwapped: flag(),
            checks: (0..<number(0...9)).map { _ in
                CanaryCheck(
                    name: text(0...30),
                    got: Double(generator.normal()),
                    threshold: Double(generator.normal()),
                    isCeiling: flag()
                )
            }
        )
    }

    mutating func generation() -> GenerationInfo {
        GenerationInfo(
            role: GenerationRole.allCases[number(0...GenerationRole.allCases.count - 1)],
            info: info(),
            model: text(0...30),
            liveItems: word(),
            liveSinceMilliseconds: Int64(bitPattern: word()),
            isForced: flag(),
            isDamaged: flag()
        )
    }

    mutating func schema() -> CollectionSchema {
        CollectionSchema(
            name: name(),
            dimensions: number(Limits.dimensions),
            metric: name(1...32),
            quantizer: name(1...32),
            neighbours: number(Limits.neighbours),
            buildBeamWidth: number(Limits.buildBeamWidth)
        )
    }

    mutating func info() -> CollectionInfo {
        CollectionInfo(handle: half(), generation: word(), schema: schema())
    }

    mutating func receipt() -> WriteReceipt {
        WriteReceipt(version: word(), changed: word(), generation: word())
    }

    mutating func rows() -> RowBatch {
        let count = number(1...9)
        return RowBatch(
            ids: words(count),
            vectors: floats(count * Self.dimensions),
            payloads: flag() ? (0..<count).map { _ in bytes(0...40) } : [],
            fields: columns(count)
        )
    }

    mutating func patch() -> PatchBatch {
        let rows = rows()
        let count = rows.ids.count
        let hasVectors = flag()
        return PatchBatch(
            ids: rows.ids,
            versions: flag() ? words(count) : [],
            vectors: hasVectors ? rows.vectors : [],
            payloads: flag() || !hasVectors ? (0..<count).map { _ in bytes(0...40) } : nil,
            fields: columns(count)
        )
    }

    mutating func diversity() -> DiversityRequest {
        DiversityRequest(
            diversity: Float.random(in: 0...1, using: &generator),
            method: name(1...32),
            pool: number(Limits.candidates)
        )
    }

    mutating func event() -> Event {
        Event(
            user: word(),
            item: word(),
            type: EventType.allCases[number(0...EventType.allCases.count - 1)],
            timeMilliseconds: Int64(word() >> 1),
            id: flag() ? word() : nil,
            context: flag() ? word() : nil,
            propensity: flag() ? Float.random(in: 0.1...1, using: &generator) : nil
        )
    }

    mutating func request(kind: Int) -> Request {
        switch kind {
        case 0: .hello(hello())
        case 1: .ping(token: word())
        case 2: .open(name: name())
        case 3: .createCollection(schema())
        case 4: .dropCollection(name: name())
        case 5: .listCollections
        case 6: .collectionStats(name: name())
        case 7: .query(search())
        case 8: .get(GetRequest(handle: half(), ids: words(number(0...9)), wantsVectors: flag()))
        case 9: .upsert(handle: half(), rows: rows())
        case 10: .delete(handle: half(), ids: words(number(0...9)))
        case 11: .loadBegin(anyBegin())
        case 12: .loadData(LoadData(begin: begin(), sequence: word() | 1, rows: rows()))
        case 13:
            .loadCommit(LoadCommit(begin: begin(), expectedRows: word(), idChecksum: half()))
        case 14: .swapGeneration(swap())
        case 15:
            .createGeneration(
                GenerationCreate(handle: half(), schema: schema(), model: text(0...30))
            )
        case 16: .dropGeneration(handle: half(), role: flag() ? .candidate : .previous)
        case 17: .listGenerations(name: name())
        case 18: .patch(handle: half(), patch: patch())
        case 19: .backup(backup())
        case 20: .events(handle: half(), events: (0..<number(1...9)).map { _ in event() })
        case 21...25: fieldRequest(kind: kind - 21)
        case 26...32: tasteRequest(kind: kind - 26)
        case 33: .authenticate(authentication())
        default: .cancel(requestID: half())
        }
    }

    mutating func hello() -> Hello {
        let oldest = UInt16(number(0...9))
        return Hello(
            clientName: text(0...15),
            versions: oldest...oldest + UInt16(number(0...9)),
            features: half(),
            bodyBytesMax: number(Hello.bodyBytes),
            expectedServer: serverID()
        )
    }

    mutating func results() -> SearchResponse {
        var results = SearchResponse()
        results.generation = word()
        results.appliedVersion = word()
        results.visitedCount = word()
        results.isDegraded = flag()
        results.isExact = flag()
        for _ in 0..<number(0...4) {
            results.offsets.append((results.offsets.last ?? 0) + UInt32(number(0...5)))
        }
        let count = Int(results.offsets.last ?? 0)
        results.ids = words(count)
        results.scores = floats(count)
        if flag() {
            results.scoreParts = (0..<count).map { _ in
                var parts = TermValues()
                for term in ScoreTerm.allCases { parts[term] = generator.normal() }
                return parts
            }
        }
        if flag() { results.reasons = (0..<count).map { _ in reason() } }
        if flag() { results.payloads = (0..<count).map { _ in bytes(0...40) } }
        if flag() { results.fields = (0..<number(1...3)).map { _ in values(count) } }
        if flag() { results.plan = plan() }
        return results
    }

    mutating func items() -> GetResponse {
        var items = GetResponse()
        let count = number(0...6)
        items.found = (0..<count).map { _ in flag() }
        items.versions = words(count)
        items.payloads = (0..<count).map { _ in bytes(0...40) }
        items.vectors = flag() ? floats(count * Self.dimensions) : []
        return items
    }

    mutating func stats() -> CollectionStats {
        var stats = CollectionStats()
        stats.liveItems = word()
        stats.deletedItems = word()
        stats.appliedVersion = word()
        stats.tailRows = word()
        stats.indexBytes = word()
        stats.storedBytes = word()
        stats.mapBytes = word()
        stats.events = word()
        stats.users = word()
        stats.edges = word()
        stats.mapBytesMax = word()
        stats.freeBytes = word()
        stats.oldestReaderCommits = word()
        stats.oldestReaderMilliseconds = word()
        stats.tailMilliseconds = word()
        stats.unreachableItems = word()
        stats.checkedRows = word()
        stats.repairDebt = word()
        stats.reusableSlots = word()
        stats.writeState = WriteState.allCases[number(0...2)]
        stats.tasteWriteState = WriteState.allCases[number(0...2)]
        stats.lastFailure = text(0...90)
        return stats
    }

    mutating func report() -> ErrorReport {
        ErrorReport(
            code: UInt16(number(0...65_535)),
            failureClass: UInt8(number(0...255)),
            isRetryable: flag(),
            retryAfterMilliseconds: half(),
            offset: half(),
            message: text(0...90)
        )
    }

    mutating func response(kind: Int) -> Response {
        switch kind {
        case 0:
            .welcome(
                Welcome(
                    version: 1,
                    features: half(),
                    bodyBytesMax: number(Hello.bodyBytes),
                    requestsInFlight: number(1...9_999),
                    server: serverID(),
                    serverName: text(0...15)
                )
            )
        case 1: .pong(token: word())
        case 2: .opened(info())
        case 3: .created(info())
        case 4: .dropped
        case 5: .collections((0..<number(0...5)).map { _ in info() })
        case 6: .stats(stats())
        case 7: .results(results())
        case 8: .items(items())
        case 9: .upserted(receipt())
        case 10: .deleted(receipt())
        case 11:
            .loadGranted(
                LoadGrant(
                    durableSequence: word(),
                    creditBytes: word(),
                    suggestedRows: half(),
                    epoch: flag() ? word() : nil
                )
            )
        case 12:
            .loadAcknowledged(
                LoadAcknowledgement(receivedSequence: word(), durableSequence: word())
            )
        case 13: .loadCommitted(receipt())
        case 14: .eventsRecorded(receipt())
        case 21: .patched(receipt())
        case 22: .profile(profile())
        case 23: .history(history())
        case 24: .forgotten(receipt())
        case 25...28: .tasteNumbers(opcode: Self.numberOpcodes[kind - 25].rawValue, numbers())
        case 29...33: fieldResponse(kind: kind - 29)
        case 15:
            .failure(
                opcode: Opcode.allCases[number(0...Opcode.allCases.count - 1)].rawValue,
                report()
            )
        case 16: .generationReport(generationReport())
        case 17: .generationCreated(info())
        case 18: .generationDropped
        case 19: .generations((0..<number(0...3)).map { _ in generation() })
        case 20:
            .backedUp(
                BackupReceipt(
                    files: half(),
                    manifestChecksum: half(),
                    bytes: word(),
                    entries: word(),
                    microseconds: word()
                )
            )
        case 34: .authenticated(authenticated())
        case 35: .cancelled
        default: .goAway(GoAway(drainMilliseconds: half(), reason: text(0...90)))
        }
    }
}
