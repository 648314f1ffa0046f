import PalateModel

// Requests about taste beside EVENT and QUERY: people, sessions, sandboxes, numbers.
extension V1 {
    func encodeTasteRequest(_ request: Request, _ writer: inout FrameWriter) {
        switch request {
        case .profile(let profile):
            writer.write(profile.handle)
            writer.write(UInt32(clamping: profile.sandbox.utf8.count))
            writer.write(profile.user)
            writer.write(profile.asOf ?? 0)
            writer.write(text: profile.sandbox)
        case .forget(let handle, let user):
            writer.write(handle)
            writer.write(UInt32(0))
            writer.write(user)
        case .history(let history):
            writer.write(history.handle)
            writer.write(UInt32(clamping: history.limit))
            writer.write(history.user)
            writer.write(history.from)
        case .refreshTaste(let refresh):
            writer.write(refresh.handle)
            writer.write(UInt32(clamping: refresh.builder.utf8.count))
            writer.write(text: refresh.builder)
        case .tasteNumbers(let numbers): encodeNumbersRequest(numbers, &writer)
        case .session(let session): encodeSession(session, &writer)
        case .sandbox(let sandbox): encodeSandbox(sandbox, &writer)
        default: break
        }
    }

    func decodeProfileRequest(_ reader: inout BodyReader) throws(RequestError) -> Request {
        let handle = try reader.read(UInt32.self, "handle")
        let nameBytes = try reader.readCount("sandbox length", in: Self.optionalNameBytes)
        let user = try reader.read(UInt64.self, "user")
        let start = reader.offset
        let time = try reader.read(Int64.self, "as-of time")
        guard time >= 0 else {
            throw .malformed(reason: "the as-of time is before 1970", offset: start)
        }
        return .profile(
            ProfileRequest(
                handle: handle,
                user: user,
                asOf: time == 0 ? nil : time,
                sandbox: try reader.readText(byteCount: nameBytes, "sandbox")
            )
        )
    }

    func decodeForget(_ reader: inout BodyReader) throws(RequestError) -> Request {
        let handle = try reader.read(UInt32.self, "handle")
        try reader.readReserved(UInt32.self, "reserved field of PROFILE_FORGET")
        return .forget(handle: handle, user: try reader.read(UInt64.self, "user"))
    }

    func decodeHistoryRequest(_ reader: inout BodyReader) throws(RequestError) -> Request {
        let handle = try reader.read(UInt32.self, "handle")
        let limit = try reader.readCount("events", in: Limits.historyEvents)
        return .history(
            HistoryRequest(
                handle: handle,
                user: try reader.read(UInt64.self, "user"),
                from: try reader.read(UInt64.self, "sequence"),
                limit: limit
            )
        )
    }

    func decodeRefresh(_ reader: inout BodyReader) throws(RequestError) -> Request {
        let handle = try reader.read(UInt32.self, "handle")
        let nameBytes = try reader.readCount("builder length", in: Self.optionalNameBytes)
        let builder = try reader.readText(byteCount: nameBytes, "edge builder")
        return .refreshTaste(TasteRefresh(handle: handle, builder: builder))
    }

    // MARK: Numbers

    private func encodeNumbersRequest(
        _ request: TasteNumbersRequest,
        _ writer: inout FrameWriter
    ) {
        writer.write(request.handle)
        writer.write(request.scope.rawValue)
        writer.write(request.operation.rawValue)
        writer.write(UInt8(clamping: request.name.utf8.count))
        writer.write(UInt8(clamping: request.sandbox.utf8.count))
        encode(request.numbers, &writer)
        writer.write(text: request.name)
        writer.write(text: request.sandbox)
    }

    func decodeNumbersRequest(_ reader: inout BodyReader) throws(RequestError) -> Request {
        let handle = try reader.read(UInt32.self, "handle")
        let scope = try readChoice(TasteScope.self, &reader, "scope")
        let operation = try readChoice(TasteNumbersOperation.self, &reader, "operation")
        let nameBytes = Int(try reader.read(UInt8.self, "name length"))
        _ = try reader.checked(nameBytes, "name length", in: Self.optionalNameBytes)
        let sandboxBytes = Int(try reader.read(UInt8.self, "sandbox length"))
        _ = try reader.checked(sandboxBytes, "sandbox length", in: Self.optionalNameBytes)
        let numbers = try decodeNumberList(&reader)
        return .tasteNumbers(
            TasteNumbersRequest(
                handle: handle,
                scope: scope,
                operation: operation,
                name: try reader.readText(byteCount: nameBytes, "name"),
                sandbox: try reader.readText(byteCount: sandboxBytes, "sandbox"),
                numbers: numbers
            )
        )
    }

    func encodeNumbers(_ numbers: TasteNumbers, _ writer: inout FrameWriter) {
        writer.write(numbers.version)
        encode(numbers.numbers, &writer)
    }

    func decodeNumbers(_ reader: inout BodyReader) throws(RequestError) -> TasteNumbers {
        let version = try reader.read(UInt64.self, "version")
        return TasteNumbers(version: version, numbers: try decodeNumberList(&reader))
    }

    /// u32 n, u32 reserved, then n of: f64 value, u8 bytes of the name, the name.
    private func encode(_ numbers: [NamedNumber], _ writer: inout FrameWriter) {
        writer.write(UInt32(clamping: numbers.count))
        writer.write(UInt32(0))
        for number in numbers {
            writer.write(number.value.bitPattern)
            writer.write(UInt8(clamping: number.name.utf8.count))
            writer.write(text: number.name)
        }
    }

    private func decodeNumberList(
        _ reader: inout BodyReader
    ) throws(RequestError) -> [NamedNumber] {
        let count = try reader.readCount("numbers", in: Limits.namedNumbers)
        try reader.readReserved(UInt32.self, "reserved field of numbers")
        var numbers: [NamedNumber] = []
        for _ in 0..<count {
            let start = reader.offset
            let value = Double(bitPattern: try reader.read(UInt64.self, "number"))
            let nameBytes = Int(try reader.read(UInt8.self, "number's name length"))
            _ = try reader.checked(nameBytes, "number's name length", in: Limits.nameBytes)
            let name = try reader.readText(byteCount: nameBytes, "number's name")
            guard !value.isNaN else {
                throw .malformed(reason: "\(name) is not a number", offset: start)
            }
            numbers.append(NamedNumber(name, value))
        }
        return numbers
    }

    // MARK: Sessions and sandboxes

    private func encodeSession(_ session: SessionRequest, _ writer: inout FrameWriter) {
        writer.write(session.handle)
        writer.write(session.operation.rawValue)
        writer.write(UInt8(session.user == nil ? 0 : 1))
        writer.write(UInt16(0))
        writer.write(session.session)
        writer.write(session.user ?? 0)
        writer.write(session.halfLifeMinutes)
        writer.write(UInt32(0))
        encodeWeighted(session.examples, &writer)
        encodeDirections(session.directions, &writer)
    }

    func decodeSession(_ reader: inout BodyReader) throws(RequestError) -> Request {
        let handle = try reader.read(UInt32.self, "handle")
        let operation = try readChoice(SessionOperation.self, &reader, "session operation")
        let flags = try reader.read(UInt8.self, "session flags")
        guard flags <= 1 else { throw .unsupported(what: "session flags", got: Int(flags)) }
        try reader.readReserved(UInt16.self, "reserved field of SESSION")
        let sessionStart = reader.offset
        let session = try reader.read(UInt64.self, "session")
        guard session != 0 else { throw .malformed(reason: "session 0", offset: sessionStart) }
        let user = try reader.read(UInt64.self, "user")
        guard flags == 1 || user == 0 else {
            throw .malformed(reason: "a user without its flag", offset: 16)
        }
        let halfLifeStart = reader.offset
        let halfLife = try reader.readFiniteFloat("half-life")
        guard Limits.sessionHalfLifeMinutes.contains(halfLife) else {
            throw .malformed(
                reason: "a half-life of \(halfLife) minutes, expected 0 to 1440",
                offset: halfLifeStart
            )
        }
        try reader.readReserved(UInt32.self, "reserved field of SESSION")
        let examples = try decodeWeighted(&reader, "examples", in: Limits.examples)
        return .session(
            SessionRequest(
                handle: handle,
                operation: operation,
                session: session,
                user: flags == 1 ? user : nil,
                halfLifeMinutes: halfLife,
                examples: examples,
                directions: try decodeDirections(&reader)
            )
        )
    }

    private func encodeSandbox(_ sandbox: SandboxRequest, _ writer: inout FrameWriter) {
        writer.write(sandbox.handle)
        writer.write(sandbox.operation.rawValue)
        writer.write(UInt8(clamping: sandbox.name.utf8.count))
        writer.write(UInt16(0))
        writer.write(UInt32(clamping: sandbox.events.count))
        writer.write(UInt32(0))
        writer.write(column: sandbox.events.map(\.user))
        writer.write(column: sandbox.events.map(\.item))
        writer.write(column: sandbox.events.map(\.timeMilliseconds))
        writer.write(column: sandbox.events.map(\.type.rawValue))
        writer.write(text: sandbox.name)
    }

    func decodeSandbox(_ reader: inout BodyReader) throws(RequestError) -> Request {
        let handle = try reader.read(UInt32.self, "handle")
        let operation = try readChoice(SandboxOperation.self, &reader, "sandbox operation")
        let nameBytes = Int(try reader.read(UInt8.self, "sandbox length"))
        _ = try reader.checked(nameBytes, "sandbox length", in: Self.optionalNameBytes)
        try reader.readReserved(UInt16.self, "reserved field of SANDBOX")
        let count = try reader.readCount("events", in: 0...Limits.eventsPerRequest.upperBound)
        try reader.readReserved(UInt32.self, "reserved field of SANDBOX")
        let events = try decodePlainEvents(&reader, count: count)
        let name = try reader.readText(byteCount: nameBytes, "sandbox")
        return .sandbox(
            SandboxRequest(handle: handle, operation: operation, name: name, events: events)
        )
    }

    /// One of an enumeration's raw values.
    private func readChoice<Choice: RawRepresentable<UInt8>>(
        _ type: Choice.Type,
        _ reader: inout BodyReader,
        _ field: String
    ) throws(RequestError) -> Choice {
        let raw = try reader.read(UInt8.self, field)
        guard let choice = Choice(rawValue: raw) else {
            throw .unsupported(what: field, got: Int(raw))
        }
        return choice
    }
}
