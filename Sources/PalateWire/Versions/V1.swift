package import PalateModel

/// Version 1 of the protocol: dispatch by opcode, and the frame around every body.
///
/// The facets are in the files beside this one, each with the two directions of its bodies
/// together.
package struct V1: WireVersion {
    /// Stateless.
    package init() {}

    /// The number that HELLO negotiates.
    package var number: UInt16 { 1 }

    /// As `WireVersion.decodeRequest`.
    package func decodeRequest(
        _ header: FrameHeader,
        _ body: RawSpan,
        dimensionsOf: (_ handle: UInt32) -> Int?
    ) throws(RequestError) -> Request {
        try header.checkSupported(.allowedInRequests)
        var reader = BodyReader(body)
        let request = try decodeBody(header, &reader, dimensionsOf)
        try reader.finish()
        return request
    }

    private func decodeBody(
        _ header: FrameHeader,
        _ reader: inout BodyReader,
        _ dimensionsOf: (UInt32) -> Int?
    ) throws(RequestError) -> Request {
        switch Opcode(rawValue: header.opcode) {
        case .query: .query(try decodeQuery(&reader, dimensionsOf))
        case .hello: .hello(try decodeHello(&reader))
        case .authenticate: .authenticate(try decodeAuthentication(&reader))
        case .cancel: .cancel(requestID: try reader.read(UInt32.self, "request id"))
        case .ping: .ping(token: try reader.read(UInt64.self, "token"))
        case .open: .open(name: try decodeName(&reader))
        case .createCollection: .createCollection(try decodeSchema(&reader))
        case .dropCollection: .dropCollection(name: try decodeName(&reader))
        case .listCollections: .listCollections
        case .collectionStats: .collectionStats(name: try decodeName(&reader))
        case .backup: .backup(try decodeBackup(&reader))
        case .generationSwap: .swapGeneration(try decodeSwap(&reader))
        case .generationCreate: .createGeneration(try decodeGenerationCreate(&reader))
        case .generationDrop: try decodeGenerationDrop(&reader)
        case .generationList: .listGenerations(name: try decodeName(&reader))
        case .fieldsDeclare: try decodeDeclare(&reader)
        case .fieldsList: .listFields(handle: try reader.read(UInt32.self, "handle"))
        case .count: .count(try decodeCount(&reader))
        case .scroll: .scroll(try decodeScroll(&reader))
        case .deleteMatching: try decodeDeleteMatching(&reader)
        case .get: .get(try decodeGet(&reader))
        case .upsert: try decodeUpsert(&reader, dimensionsOf)
        case .delete: try decodeDelete(&reader)
        case .patch: try decodePatch(&reader, dimensionsOf)
        case .loadBegin: .loadBegin(try decodeLoadBegin(&reader))
        case .loadData: .loadData(try decodeLoadData(header, &reader, dimensionsOf))
        case .loadCommit: .loadCommit(try decodeLoadCommit(&reader))
        case .event: try decodeEvents(&reader)
        case .profileGet: try decodeProfileRequest(&reader)
        case .profileForget: try decodeForget(&reader)
        case .historyGet: try decodeHistoryRequest(&reader)
        case .tasteRefresh: try decodeRefresh(&reader)
        case .tasteNumbers: try decodeNumbersRequest(&reader)
        case .session: try decodeSession(&reader)
        case .sandbox: try decodeSandbox(&reader)
        case .goAway, .error, nil:
            throw .unsupported(what: "request opcode", got: Int(header.opcode))
        }
    }

    /// As `WireVersion.encode` of a request; LOAD_DATA always gets its checksum.
    package func encode(
        _ request: Request,
        _ options: FrameOptions,
        into writer: inout FrameWriter
    ) throws(RequestError) {
        var options = options
        if case .loadData = request { options.bodyChecksum = true }
        try checkColumns(request.fieldColumns)
        try request.filter?.checkLimits()
        let start = openFrame(request.opcode.rawValue, [], options, &writer)
        switch request {
        case .query(let search): encodeQuery(search, &writer)
        case .hello(let hello): encodeHello(hello, &writer)
        case .authenticate(let said): encodeAuthentication(said, &writer)
        case .cancel(let requestID): writer.write(requestID)
        case .ping(let token): writer.write(token)
        case .open(let name), .dropCollection(let name), .collectionStats(let name),
            .listGenerations(let name):
            writer.write(text: name)
        case .createCollection(let schema): encodeSchema(schema, &writer)
        case .listCollections: break
        case .backup(let backup): encodeBackup(backup, &writer)
        case .swapGeneration(let swap): encodeSwap(swap, &writer)
        case .createGeneration(let create): encodeGenerationCreate(create, &writer)
        case .dropGeneration(let handle, let role):
            encodeGenerationDrop(handle, role, &writer)
        case .declareFields(let handle, let fields): encodeDeclare(handle, fields, &writer)
        case .listFields(let handle): writer.write(handle)
        case .count(let count): encodeCount(count, &writer)
        case .scroll(let scroll): encodeScroll(scroll, &writer)
        case .deleteMatching(let handle, let filter, let limit):
            encodeDeleteMatching(handle, filter, limit: limit, &writer)
        case .get(let get): encodeGet(get, &writer)
        case .upsert(let handle, let rows): encodeRows(handle, rows, &writer)
        case .delete(let handle, let ids): encodeDelete(handle, ids, &writer)
        case .patch(let handle, let patch): encodePatch(handle, patch, &writer)
        case .loadBegin(let begin): encodeLoadBegin(begin, &writer)
        case .loadData(let data): encodeLoadData(data, &writer)
        case .loadCommit(let commit): encodeLoadCommit(commit, &writer)
        case .events(let handle, let events): encodeEvents(handle, events, &writer)
        case .profile, .forget, .history, .refreshTaste, .tasteNumbers, .session, .sandbox:
            encodeTasteRequest(request, &writer)
        }
        let length = closeFrame(from: start, options, &writer)
        guard length <= options.bodyBytesMax else {
            throw .outOfRange(
                field: "bytes of the request",
                got: length,
                expected: 0...options.bodyBytesMax
            )
        }
    }

    /// As `WireVersion.decodeResponse`.
    package func decodeResponse(
        _ header: FrameHeader,
        _ body: RawSpan
    ) throws(RequestError) -> Response {
        try header.checkSupported(.allowedInResponses)
        guard header.flags.contains(.response) else {
            throw .malformed(reason: "a response without its flag", offset: 0)
        }
        var reader = BodyReader(body)
        let response = try decodeBody(header, &reader)
        try reader.finish()
        return response
    }

    private func decodeBody(
        _ header: FrameHeader,
        _ reader: inout BodyReader
    ) throws(RequestError) -> Response {
        if header.flags.contains(.error) {
            return .failure(opcode: header.opcode, try decodeReport(&reader))
        }
        return switch Opcode(rawValue: header.opcode) {
        case .query: .results(try decodeResults(header, &reader))
        case .hello: .welcome(try decodeWelcome(&reader))
        case .authenticate: .authenticated(try decodeAuthenticated(&reader))
        case .cancel: .cancelled
        case .ping: .pong(token: try reader.read(UInt64.self, "token"))
        case .open: .opened(try decodeInfo(&reader))
        case .createCollection: .created(try decodeInfo(&reader))
        case .dropCollection: .dropped
        case .listCollections: .collections(try decodeList(&reader))
        case .collectionStats: .stats(try decodeStats(&reader))
        case .backup: .backedUp(try decodeBackupReceipt(&reader))
        case .generationSwap: .generationReport(try decodeGenerationReport(&reader))
        case .generationCreate: .generationCreated(try decodeInfo(&reader))
        case .generationDrop: .generationDropped
        case .generationList: .generations(try decodeGenerations(&reader))
        case .fieldsDeclare, .fieldsList:
            .fields(opcode: header.opcode, try decodeFigures(&reader))
        case .count: .counted(try decodeCounted(&reader))
        case .scroll: .scrolled(try decodeScrolled(&reader))
        case .deleteMatching: .deletedMatching(try decodeReceipt(&reader))
        case .get: .items(try decodeItems(&reader))
        case .upsert: .upserted(try decodeReceipt(&reader))
        case .delete: .deleted(try decodeReceipt(&reader))
        case .patch: .patched(try decodeReceipt(&reader))
        case .loadBegin: .loadGranted(try decodeGrant(&reader))
        case .loadData: .loadAcknowledged(try decodeAcknowledgement(&reader))
        case .loadCommit: .loadCommitted(try decodeReceipt(&reader))
        case .event: .eventsRecorded(try decodeReceipt(&reader))
        case .profileGet: .profile(try decodeProfile(&reader))
        case .profileForget: .forgotten(try decodeReceipt(&reader))
        case .historyGet: .history(try decodeHistory(&reader))
        case .tasteRefresh, .tasteNumbers, .session, .sandbox:
            .tasteNumbers(opcode: header.opcode, try decodeNumbers(&reader))
        case .goAway: .goAway(try decodeGoAway(&reader))
        case .error, nil:
            throw .unsupported(what: "response opcode", got: Int(header.opcode))
        }
    }

    /// As `WireVersion.encode` of a response.
    package func encode(
        _ response: Response,
        _ options: FrameOptions,
        into writer: inout FrameWriter
    ) throws(RequestError) {
        var flags: FrameFlags = .response
        if case .failure = response { flags.insert(.error) }
        if case .results(let results) = response, results.isDegraded { flags.insert(.degraded) }
        let start = openFrame(response.opcode, flags, options, &writer)
        switch response {
        case .results(let results): encodeResults(results, &writer)
        case .welcome(let welcome): encodeWelcome(welcome, &writer)
        case .authenticated(let receipt): encodeAuthenticated(receipt, &writer)
        case .pong(let token): writer.write(token)
        case .opened(let info), .created(let info), .generationCreated(let info):
            encodeInfo(info, &writer)
        case .dropped, .generationDropped, .cancelled: break
        case .generationReport(let report): encodeGenerationReport(report, &writer)
        case .generations(let generations): encodeGenerations(generations, &writer)
        case .collections(let infos): encodeList(infos, &writer)
        case .stats(let stats): encodeStats(stats, &writer)
        case .backedUp(let receipt): encodeBackupReceipt(receipt, &writer)
        case .fields(_, let fields): encodeFigures(fields, &writer)
        case .counted(let counted): encodeCounted(counted, &writer)
        case .scrolled(let page): encodeScrolled(page, &writer)
        case .items(let items): encodeItems(items, &writer)
        case .upserted(let receipt), .deleted(let receipt), .patched(let receipt),
            .loadCommitted(let receipt), .eventsRecorded(let receipt), .forgotten(let receipt),
            .deletedMatching(let receipt):
            encodeReceipt(receipt, &writer)
        case .profile(let profile): encodeProfile(profile, &writer)
        case .history(let history): encodeHistory(history, &writer)
        case .tasteNumbers(_, let numbers): encodeNumbers(numbers, &writer)
        case .loadGranted(let grant): encodeGrant(grant, &writer)
        case .loadAcknowledged(let acknowledgement):
            encodeAcknowledgement(acknowledgement, &writer)
        case .failure(_, let report): encodeReport(report, &writer)
        case .goAway(let goAway): encodeGoAway(goAway, &writer)
        }
        let length = closeFrame(from: start, options, &writer)
        guard length <= options.bodyBytesMax else {
            throw .answerTooLarge(got: length, expected: options.bodyBytesMax)
        }
    }

    /// Appends a header whose length and checksums are filled in by `closeFrame`.
    private func openFrame(
        _ opcode: UInt8,
        _ flags: FrameFlags,
        _ options: FrameOptions,
        _ writer: inout FrameWriter
    ) -> Int {
        let start = writer.count
        var header = FrameHeader(
            opcode: opcode,
            flags: flags,
            requestID: options.requestID,
            microseconds: options.microseconds
        )
        if options.bodyChecksum { header.flags.insert(.bodyChecksum) }
        header.encode(into: &writer)
        return start
    }

    /// Fills in length and checksums, or takes the frame back where its body passes the limit.
    ///
    /// - Returns: bytes of the body, in either case.
    private func closeFrame(
        from start: Int,
        _ options: FrameOptions,
        _ writer: inout FrameWriter
    ) -> Int {
        let body = start + FrameHeader.byteCount
        let bodyLength = writer.count - body
        guard bodyLength <= options.bodyBytesMax else {
            writer.truncate(to: start)
            return bodyLength
        }
        writer.patch(UInt32(bodyLength), at: start + FrameHeader.bodyLengthOffset)
        if options.bodyChecksum {
            let checksum = writer.checksum(of: body..<writer.count)
            writer.patch(checksum, at: start + FrameHeader.bodyChecksumOffset)
        }
        let end = start + FrameHeader.headerChecksumOffset
        writer.patch(writer.checksum(of: start..<end), at: end)
        return bodyLength
    }
}
