/// A number and what it is called: settings, weights and figures travel as lists of these.
public struct NamedNumber: Equatable, Sendable {
    /// 1 to `Limits.nameBytes` bytes of UTF-8.
    public var name: String
    /// Finite, or infinite where the setting allows it (a half-life of what never fades).
    public var value: Double

    /// A number and its name.
    public init(_ name: String, _ value: Double) {
        self.name = name
        self.value = value
    }
}

/// Which numbers of a collection's taste are meant.
public enum TasteScope: UInt8, CaseIterable, Sendable {
    /// The constants of the taste graph: weights and half-lives of events, and the rest.
    case settings = 0
    /// A weight profile: what the terms of the score count, by name.
    case profile = 1
    /// A split of the people between two weight profiles.
    case experiment = 2
    /// Figures; they are read alone.
    case gauges = 3
}

/// What is done with numbers.
public enum TasteNumbersOperation: UInt8, CaseIterable, Sendable {
    /// Read them.
    case get = 0
    /// Replace those that are given, leave the others.
    case put = 1
    /// Take the named profile or experiment away, or go back to the default settings.
    case delete = 2
    /// Name what there is.
    case list = 3
}

/// TASTE_NUMBERS.
public struct TasteNumbersRequest: Equatable, Sendable {
    /// From OPEN.
    public var handle: UInt32
    /// Which numbers.
    public var scope: TasteScope
    /// What is done.
    public var operation: TasteNumbersOperation
    /// Of the profile or experiment; empty for settings and gauges.
    public var name: String
    /// A sandbox whose own numbers are meant; empty = those of the collection.
    public var sandbox: String
    /// What to put.
    public var numbers: [NamedNumber]

    /// A request.
    public init(
        handle: UInt32,
        scope: TasteScope,
        operation: TasteNumbersOperation,
        name: String = "",
        sandbox: String = "",
        numbers: [NamedNumber] = []
    ) {
        self.handle = handle
        self.scope = scope
        self.operation = operation
        self.name = name
        self.sandbox = sandbox
        self.numbers = numbers
    }
}

/// Numbers by name, and which edition of them.
public struct TasteNumbers: Equatable, Sendable {
    /// Rises with every change; 0 = as they come.
    public var version: UInt64
    /// In the order of the answering side.
    public var numbers: [NamedNumber]

    /// An edition.
    public init(version: UInt64 = 0, numbers: [NamedNumber] = []) {
        self.version = version
        self.numbers = numbers
    }

    /// The number of this name.
    public subscript(name: String) -> Double? { numbers.first { $0.name == name }?.value }
}

/// HISTORY_GET: a person's events, in order of arrival.
public struct HistoryRequest: Equatable, Sendable {
    /// From OPEN.
    public var handle: UInt32
    /// Whose.
    public var user: UserID
    /// The first sequence wanted: 0, or `History.next` of the answer before.
    public var from: UInt64
    /// The most events, 1 to `Limits.historyEvents`.
    public var limit: Int

    /// A request.
    public init(handle: UInt32, user: UserID, from: UInt64 = 0, limit: Int = 10_000) {
        self.handle = handle
        self.user = user
        self.from = from
        self.limit = limit
    }
}

/// A person's events.
public struct History: Equatable, Sendable {
    /// Places in the log, rising.
    public var sequences: [UInt64] = []
    /// Same shape.
    public var events: [Event] = []
    /// Where to go on; nil = that was all.
    public var next: UInt64?

    /// None.
    public init() {}
}

/// TASTE_REFRESH: derive the item-item edges again.
public struct TasteRefresh: Equatable, Sendable {
    /// From OPEN.
    public var handle: UInt32
    /// A name in the registry of edge builders; empty = the planner chooses.
    public var builder: String

    /// A request.
    public init(handle: UInt32, builder: String = "") {
        self.handle = handle
        self.builder = builder
    }
}

/// What is done with a session.
public enum SessionOperation: UInt8, CaseIterable, Sendable {
    /// Add a turn, and begin the session where it is new.
    case add = 0
    /// Say what it holds.
    case get = 1
    /// Turn its examples into events of a person, and end it.
    case merge = 2
    /// End it without a trace.
    case forget = 3
}

/// SESSION: a conversation's taste, kept for minutes.
public struct SessionRequest: Equatable, Sendable {
    /// From OPEN.
    public var handle: UInt32
    /// What is done.
    public var operation: SessionOperation
    /// The caller's number of the session, not 0.
    public var session: UInt64
    /// Whose events a merge makes.
    public var user: UserID?
    /// Minutes after which a turn counts half; 0 = as before, 20 for a new session.
    public var halfLifeMinutes: Float
    /// Of this turn.
    public var examples: [WeightedItem]
    /// Of this turn.
    public var directions: [Direction]

    /// A request.
    public init(
        handle: UInt32,
        operation: SessionOperation,
        session: UInt64,
        user: UserID? = nil,
        halfLifeMinutes: Float = 0,
        examples: [WeightedItem] = [],
        directions: [Direction] = []
    ) {
        self.handle = handle
        self.operation = operation
        self.session = session
        self.user = user
        self.halfLifeMinutes = halfLifeMinutes
        self.examples = examples
        self.directions = directions
    }
}

/// What is done with a sandbox.
public enum SandboxOperation: UInt8, CaseIterable, Sendable {
    /// Make it; one that is there is no error.
    case create = 0
    /// Drop it and all it holds.
    case drop = 1
    /// Name the sandboxes and how many events each holds.
    case list = 2
    /// Add events to it, which nobody outside sees.
    case events = 3
}

/// SANDBOX: a named overlay of events and numbers that never writes through.
public struct SandboxRequest: Equatable, Sendable {
    /// From OPEN.
    public var handle: UInt32
    /// What is done.
    public var operation: SandboxOperation
    /// Which; empty to list.
    public var name: String
    /// What people did in it.
    public var events: [Event]

    /// A request.
    public init(
        handle: UInt32,
        operation: SandboxOperation,
        name: String = "",
        events: [Event] = []
    ) {
        self.handle = handle
        self.operation = operation
        self.name = name
        self.events = events
    }
}

/// PROFILE_GET.
public struct ProfileRequest: Equatable, Sendable {
    /// From OPEN.
    public var handle: UInt32
    /// Whose.
    public var user: UserID
    /// Milliseconds since 1970 UTC; nil = now.
    public var asOf: Int64?
    /// A sandbox to look through; empty = none.
    public var sandbox: String

    /// A request.
    public init(handle: UInt32, user: UserID, asOf: Int64? = nil, sandbox: String = "") {
        self.handle = handle
        self.user = user
        self.asOf = asOf
        self.sandbox = sandbox
    }
}

/// How an interest is doing.
public enum Lifecycle: UInt8, CaseIterable, Sendable {
    /// Few items, and the first of them new.
    case nascent = 0
    /// Acted on of late.
    case active = 1
    /// Not acted on for a while.
    case fading = 2
}

/// How far an interest has come on the way from inspiration to purchase.
public enum FunnelStage: UInt8, CaseIterable, Sendable {
    /// Looks alone.
    case discover = 0
    /// Saves.
    case inspire = 1
    /// A cart, or several long looks at sources.
    case consider = 2
    /// Purchases.
    case convert = 3
}

/// One interest of a person.
public struct Interest: Equatable, Sendable {
    /// The medoid: the member most like all others.
    public var medoid: ItemID
    /// Sum of the members' weights now.
    public var importance: Float
    /// Items in it.
    public var memberCount: Int
    /// How it is doing.
    public var lifecycle: Lifecycle
    /// How far it has come.
    public var stage: FunnelStage
    /// Items of it that were shown of late, and not fewer than `engaged`.
    public var shown: Float
    /// Of these, how many the person acted on.
    public var engaged: Float

    /// An interest.
    public init(
        medoid: ItemID,
        importance: Float,
        memberCount: Int,
        lifecycle: Lifecycle,
        stage: FunnelStage,
        shown: Float,
        engaged: Float
    ) {
        self.medoid = medoid
        self.importance = importance
        self.memberCount = memberCount
        self.lifecycle = lifecycle
        self.stage = stage
        self.shown = shown
        self.engaged = engaged
    }
}

/// What the collection knows of a person.
public struct PersonProfile: Equatable, Sendable {
    /// Liked items.
    public var likedCount = 0
    /// Items hidden, skipped or taken back.
    public var otherCount = 0
    /// Items remembered as shown.
    public var exposureCount = 0
    /// The newest event, milliseconds since 1970 UTC; 0 = none.
    public var newestMilliseconds: Int64 = 0
    /// The most important first.
    public var interests: [Interest] = []
    /// What was rejected, the strongest first; weights in 0...1.
    public var negatives: [WeightedItem] = []

    /// Nobody known.
    public init() {}
}
