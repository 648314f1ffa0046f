package import PalateModel

/// The codes of failures.
///
/// Raw values are the wire's and are never reused.
public enum StatusCode: UInt16, CaseIterable, Sendable {
    // The request is wrong; sending it again will not help.
    /// The body's bytes are not what its opcode promises.
    case malformed = 1
    /// This version does not know an opcode, flag, type or section.
    case unsupported = 2
    /// A number is outside its limits.
    case outOfRange = 3
    /// No collection of this name.
    case unknownCollection = 4
    /// No collection behind this handle: send OPEN again.
    case unknownHandle = 5
    /// The name is taken by a collection with another schema.
    case collectionExists = 6
    /// The name breaks the rule for names.
    case badName = 7
    /// No such metric, quantizer or method.
    case unknownChoice = 8
    /// Vectors of the wrong length.
    case wrongDimensions = 9
    /// A vector has a component that is NaN, infinite or too large.
    case badComponent = 10
    /// Columns of one request disagree in length.
    case unequalColumns = 11
    /// The collection has no such item.
    case unknownItem = 12
    /// The request needs a user.
    case missingUser = 13
    /// The user has no positive events to start from.
    case noTaste = 14
    /// A load skipped a sequence.
    case loadSequence = 15
    /// The load was started over by a newer epoch.
    case staleEpoch = 16
    /// A load's count or checksum differs from what is stored.
    case loadMismatch = 17
    /// The answer does not fit a frame: ask for less.
    case answerTooLarge = 18
    /// An item was written since the version that the request expects: read it again.
    case versionConflict = 19
    /// No sandbox of this name.
    case unknownSandbox = 20
    /// The session ended, or never began.
    case unknownSession = 21
    /// No weight profile of this name.
    case unknownProfile = 22
    /// A setting or weight is outside its limits.
    case badNumber = 23
    /// The collection has no candidate, or no previous generation.
    case noGeneration = 24
    /// Another candidate is there already.
    case candidateExists = 25
    /// The candidate was written to while it was checked: check it again.
    case candidateChanged = 26
    /// There is a backup, or something else, of this name.
    case backupExists = 27
    /// The collection has no such field.
    case unknownField = 28
    /// Rows are still being read for the field: try again later.
    case fieldNotReady = 29
    /// A test or value of another type than the field's.
    case wrongFieldType = 30
    /// The collection has a field of this name, declared otherwise.
    case fieldExists = 31
    /// A field's name or path breaks the rules.
    case badField = 32
    /// The server asks for a credential, and has none that holds.
    case notAuthenticated = 33
    /// The credential is good, for something else.
    case forbidden = 34

    // The server cannot do it now.
    /// Too much to do.
    case overloaded = 64
    /// The server is going away.
    case shuttingDown = 65
    /// The asked version is not applied yet.
    case versionNotReached = 66
    /// The disk or the map is full.
    case storageFull = 67
    /// The client gave the request up.
    case cancelled = 68

    // The server is broken.
    /// A write failed.
    case storageFailed = 96
    /// Stored bytes fail their checksum.
    case corrupt = 97
    /// A defect of Palate.
    case internalFailure = 98

    // The connection is over.
    /// The bytes are not frames.
    case badMagic = 128
    /// A header does not match its CRC32C.
    case headerChecksum = 129
    /// A body does not match its CRC32C.
    case bodyChecksum = 130
    /// A body is longer than the connection allows.
    case frameTooLarge = 131
    /// A request came before HELLO.
    case helloExpected = 132
    /// A second HELLO.
    case helloRepeated = 133
    /// No common protocol version.
    case versionMismatch = 134
    /// The client means another server.
    case wrongServer = 135
    /// A request with the connection's own id.
    case requestIDZero = 136
    /// A request with an id that is still in flight.
    case requestIDInUse = 137

    /// Who has to act.
    public var failureClass: FailureClass {
        switch self {
        case .notAuthenticated, .forbidden: .authentication
        case .overloaded: .overload
        case .shuttingDown, .versionNotReached, .storageFull, .cancelled: .unavailable
        case .storageFailed, .internalFailure: .internalFailure
        case .corrupt: .dataLoss
        default: rawValue >= 128 ? .connection : .client
        }
    }

    /// Whether the same request may succeed later, unchanged.
    public var isRetryable: Bool {
        switch self {
        case .overloaded, .shuttingDown, .versionNotReached, .fieldNotReady: true
        default: false
        }
    }

    /// The name in messages and in the Python client.
    public var name: String { "\(self)" }
}

/// Who has to act on a failure.
///
/// Raw values are the wire's.
public enum FailureClass: UInt8, CaseIterable, Sendable {
    /// The caller: the request is wrong.
    case client = 1
    /// Whoever gives out keys and tokens.
    case authentication = 2
    /// Nobody: wait and try again.
    case overload = 3
    /// The operator, or time.
    case unavailable = 4
    /// Palate's developers.
    case internalFailure = 5
    /// The operator: stored bytes are damaged.
    case dataLoss = 6
    /// The author of the client: the connection's bytes or handshake are wrong.
    case connection = 7
}

/// A failure as it travels.
public struct ErrorReport: Error, Equatable, Sendable {
    /// A `StatusCode`, or a number this version does not know.
    public var code: UInt16
    /// A `FailureClass`, or a number this version does not know.
    public var failureClass: UInt8
    /// Whether the same request may succeed later, unchanged.
    public var isRetryable: Bool
    /// How long to wait before trying again; 0 = no advice.
    public var retryAfterMilliseconds: UInt32
    /// Where in the body the offence is; 0 where the code is not `malformed`.
    public var offset: UInt32
    /// For people; at most 1 KiB of UTF-8, without secrets.
    public var message: String

    /// Bytes of the message.
    package static let messageBytes = 0...1_024

    /// The code's name; nil when this version does not know it.
    public var status: StatusCode? { StatusCode(rawValue: code) }

    /// A report with everything said.
    package init(
        code: UInt16,
        failureClass: UInt8,
        isRetryable: Bool,
        retryAfterMilliseconds: UInt32,
        offset: UInt32,
        message: String
    ) {
        self.code = code
        self.failureClass = failureClass
        self.isRetryable = isRetryable
        self.retryAfterMilliseconds = retryAfterMilliseconds
        self.offset = offset
        self.message = message
    }

    private init(_ status: StatusCode, _ message: String, retryAfter: UInt32 = 0, offset: Int = 0) {
        self.init(
            code: status.rawValue,
            failureClass: status.failureClass.rawValue,
            isRetryable: status.isRetryable,
            retryAfterMilliseconds: retryAfter,
            offset: UInt32(clamping: offset),
            message: message
        )
    }

    /// The one table from refusals to the protocol.
    package init(_ error: RequestError) {
        switch error {
        case .unknownCollection: self.init(.unknownCollection, error.message)
        case .unknownHandle: self.init(.unknownHandle, error.message)
        case .collectionExists: self.init(.collectionExists, error.message)
        case .badName: self.init(.badName, error.message)
        case .unknownChoice: self.init(.unknownChoice, error.message)
        case .outOfRange: self.init(.outOfRange, error.message)
        case .wrongDimensions: self.init(.wrongDimensions, error.message)
        case .badComponent: self.init(.badComponent, error.message)
        case .unequalColumns: self.init(.unequalColumns, error.message)
        case .unknownItem: self.init(.unknownItem, error.message)
        case .badNumber: self.init(.badNumber, error.message)
        case .unknownSandbox: self.init(.unknownSandbox, error.message)
        case .unknownSession: self.init(.unknownSession, error.message)
        case .unknownProfile: self.init(.unknownProfile, error.message)
        case .versionConflict: self.init(.versionConflict, error.message)
        case .unknownField: self.init(.unknownField, error.message)
        case .fieldNotReady: self.init(.fieldNotReady, error.message, retryAfter: 100)
        case .wrongFieldType: self.init(.wrongFieldType, error.message)
        case .fieldExists: self.init(.fieldExists, error.message)
        case .badField: self.init(.badField, error.message)
        case .missingUser: self.init(.missingUser, error.message)
        case .noTaste: self.init(.noTaste, error.message)
        case .loadSequence: self.init(.loadSequence, error.message)
        case .staleEpoch: self.init(.staleEpoch, error.message)
        case .loadMismatch: self.init(.loadMismatch, error.message)
        case .versionNotReached: self.init(.versionNotReached, error.message)
        case .answerTooLarge: self.init(.answerTooLarge, error.message)
        case .backupExists: self.init(.backupExists, error.message)
        case .noGeneration: self.init(.noGeneration, error.message)
        case .candidateExists: self.init(.candidateExists, error.message)
        case .candidateChanged: self.init(.candidateChanged, error.message)
        case .malformed(_, let offset):
            self.init(.malformed, error.message, offset: offset)
        case .unsupported: self.init(.unsupported, error.message)
        case .overloaded(_, _, let retry):
            self.init(.overloaded, error.message, retryAfter: retry)
        case .shuttingDown: self.init(.shuttingDown, error.message)
        case .storageFull: self.init(.storageFull, error.message)
        case .notAuthenticated: self.init(.notAuthenticated, error.message)
        case .forbidden: self.init(.forbidden, error.message)
        case .cancelled: self.init(.cancelled, error.message)
        case .storageFailed: self.init(.storageFailed, error.message)
        case .corrupt: self.init(.corrupt, error.message)
        case .internalFailure: self.init(.internalFailure, error.message)
        }
    }

    /// The table for what ends a connection.
    package init(_ error: WireError) {
        switch error {
        case .badMagic: self.init(.badMagic, error.message)
        case .headerChecksum: self.init(.headerChecksum, error.message)
        case .bodyChecksum: self.init(.bodyChecksum, error.message)
        case .frameTooLarge: self.init(.frameTooLarge, error.message)
        case .helloExpected: self.init(.helloExpected, error.message)
        case .helloRepeated: self.init(.helloRepeated, error.message)
        case .versionMismatch: self.init(.versionMismatch, error.message)
        case .wrongServer: self.init(.wrongServer, error.message)
        case .requestIDZero: self.init(.requestIDZero, error.message)
        case .requestIDInUse: self.init(.requestIDInUse, error.message)
        }
    }
}
