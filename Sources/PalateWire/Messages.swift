package import PalateModel

extension RequestError {
    /// One sentence for people: what was got, and what was expected.
    package var message: String {
        switch self {
        case .unknownCollection(let name): "there is no collection \"\(name)\""
        case .unknownHandle(let got): "handle \(got) is not open: send OPEN again"
        case .collectionExists(let name):
            "collection \"\(name)\" exists with another schema"
        case .badName(let got):
            "\"\(got)\" is not a name: 1 to 64 bytes of a-z A-Z 0-9 _ - . without a leading dot"
        case .unknownChoice(let field, let got, let expected):
            "\(field) is \"\(got)\", expected one of \(expected.joined(separator: ", "))"
        case .outOfRange(let field, let got, let expected):
            "\(field) is \(got), expected \(expected.lowerBound) to \(expected.upperBound)"
        case .badNumber(let field, let got, let expected):
            "\(field) is \(got), expected \(expected.lowerBound) to \(expected.upperBound)"
        case .unknownSandbox(let name): "there is no sandbox \"\(name)\""
        case .unknownSession(let id): "there is no session \(id)"
        case .unknownProfile(let name): "there is no weight profile \"\(name)\""
        case .wrongDimensions(let got, let expected):
            "vectors have \(got) dimensions, the collection has \(expected)"
        case .badComponent(let row, let column):
            "vector \(row) has a component \(column) that is NaN, infinite or above 1e15"
        case .unequalColumns(let field, let got, let expected):
            "column \(field) has \(got) elements, expected \(expected)"
        case .unknownItem(let id): "there is no item \(id)"
        case .unknownField(let name): "there is no field \(name)"
        case .fieldNotReady(let name): "rows are still being read for field \(name)"
        case .wrongFieldType(let name, let got, let expected):
            "field \(name): \(got) does not go with \(expected)"
        case .fieldExists(let name, let got, let expected):
            "field \(name) is declared as \(expected), not as \(got)"
        case .badField(let name, let reason): "field \(name): \(reason)"
        case .versionConflict(let id, let got, let expected):
            "item \(id) is of version \(expected), the request expects \(got)"
        case .missingUser: "the request needs a user"
        case .noTaste(let user): "user \(user) has no positive events to start from"
        case .loadSequence(let got, let expected):
            "load sequence is \(got), expected \(expected)"
        case .staleEpoch(let got, let expected):
            "load epoch is \(got), expected at least \(expected)"
        case .loadMismatch(let field, let got, let expected):
            "load \(field) is \(got), expected \(expected)"
        case .versionNotReached(let got, let expected):
            "version \(got) is applied, expected at least \(expected)"
        case .answerTooLarge(let got, let expected):
            "the answer has \(got) bytes, a frame holds \(expected)"
        case .backupExists(let path): "there is something at \(path) already"
        case .noGeneration(let role): "the collection has no \(role) generation"
        case .candidateExists(let generation):
            "generation \(generation) is a candidate of another schema or model: drop it first"
        case .candidateChanged(let got, let expected):
            "the candidate is at version \(got), version \(expected) was checked"
        case .malformed(let reason, let offset): "malformed at byte \(offset): \(reason)"
        case .unsupported(let what, let got): "\(what) \(got) is not supported"
        case .overloaded(let limit, let expected, let retry):
            "overloaded: \(limit.text(expected)), try again in \(retry) ms"
        case .shuttingDown: "the server is shutting down"
        case .notAuthenticated(let reason): "not authenticated: \(reason)"
        case .forbidden(let needs): "the credential does not allow this: it needs \(needs)"
        case .cancelled: "cancelled by the client"
        case .storageFull(let reason): "storage is full: \(reason)"
        case .storageFailed(let reason): "a write failed: \(reason)"
        case .corrupt(let place): "stored bytes are damaged: \(place)"
        case .internalFailure(let reason): "defect: \(reason)"
        }
    }
}

extension WireError {
    /// One sentence for people: what was got, and what was expected.
    package var message: String {
        switch self {
        case .badMagic(let got):
            "magic is 0x\(hex(got)), expected 0x\(hex(FrameHeader.magic)) (PLT1)"
        case .headerChecksum(let got, let expected):
            "header CRC32C is 0x\(hex(got)), expected 0x\(hex(expected))"
        case .bodyChecksum(let got, let expected):
            "body CRC32C is 0x\(hex(got)), expected 0x\(hex(expected))"
        case .frameTooLarge(let got, let expected):
            "body has \(got) bytes, this connection allows \(expected)"
        case .helloExpected(let got): "opcode \(got) came before HELLO"
        case .helloRepeated: "a second HELLO"
        case .versionMismatch(let got, let expected):
            """
            the client speaks versions \(got.lowerBound) to \(got.upperBound), \
            the server \(expected.lowerBound) to \(expected.upperBound)
            """
        case .wrongServer(let got, let expected):
            "the client expects server \(got), this is \(expected)"
        case .requestIDZero: "request id 0 means the connection itself"
        case .requestIDInUse(let got): "request id \(got) is still in flight"
        }
    }

    private func hex(_ value: UInt32) -> String { String(value, radix: 16) }
}

extension ServerID: CustomStringConvertible {
    /// 32 hexadecimal digits in wire order.
    package var description: String {
        [low, high].map { half in
            let digits = String(half.byteSwapped, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// From what `description` gives; nil for anything else.
    package init?(_ text: String) {
        guard text.utf8.count == 32, text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") }),
            let first = UInt64(text.prefix(16), radix: 16),
            let second = UInt64(text.suffix(16), radix: 16)
        else { return nil }
        self.init(low: first.byteSwapped, high: second.byteSwapped)
    }
}
