/// What a query starts from.
public enum QuerySource: Equatable, Sendable {
    /// One result list for each vector.
    case vectors(QueryVectors)
    /// Items of the collection; one result list each, never holding the item itself.
    case items([ItemID])
    /// The person named by `SearchRequest.user`; one result list.
    case user

    /// Vectors of single precision.
    ///
    /// - Parameters:
    ///   - floats: row-major, shape [count, dimensions].
    ///   - count: vectors; one result list each.
    /// - Returns: the source.
    public static func vectors(_ floats: [Float], count: Int) -> QuerySource {
        .vectors(QueryVectors(.float32(floats), count: count))
    }
}

/// What a response carries beside ids and scores.
public struct ResultParts: OptionSet, Equatable, Sendable {
    /// The wire's bits.
    public var rawValue: UInt32

    /// From the wire's bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Each result's weighted score terms.
    public static let scoreParts = ResultParts(rawValue: 1 << 0)
    /// Each result's payload.
    public static let payload = ResultParts(rawValue: 1 << 1)
    /// Why each result is there.
    public static let reasons = ResultParts(rawValue: 1 << 2)
    /// What was decided about the query.
    public static let plan = ResultParts(rawValue: 1 << 3)
    /// Values of the fields that were asked for; a request names those instead.
    public static let fields = ResultParts(rawValue: 1 << 4)
    /// Every bit that a request may have.
    public static let requestable: ResultParts = [.scoreParts, .payload, .reasons, .plan]
    /// Every bit this version knows.
    public static let known: ResultParts = [.scoreParts, .payload, .reasons, .plan, .fields]
}

/// The TASTE section: what the terms of the score count.
///
/// Terms are brought to 0...1 over the candidates before their weights apply.
public struct TasteRequest: Equatable, Sendable {
    /// A weight profile of the collection; empty = the default weights.
    public var profile: String
    /// How terms become one score, a name in the registry of rerankers; empty = `blend`.
    public var reranker: String
    /// Weights that replace those of the profile.
    public var weights: [ScoreTerm: Float]
    /// Candidates that are scored; 0 = the planner chooses.
    public var candidates: Int
    /// Leave out what the person has saved, bought or otherwise acted on.
    public var excludeSeen: Bool

    /// The default weights, unless told otherwise.
    public init(
        _ weights: [ScoreTerm: Float] = [:],
        profile: String = "",
        reranker: String = "",
        candidates: Int = 0,
        excludeSeen: Bool = true
    ) {
        self.weights = weights
        self.profile = profile
        self.reranker = reranker
        self.candidates = candidates
        self.excludeSeen = excludeSeen
    }
}

/// The DIVERSITY section: one knob, and the builder that reads it.
public struct DiversityRequest: Equatable, Sendable {
    /// 0 = by score alone, 1 = as unlike each other as the builder can make them.
    public var diversity: Float
    /// A name in the slate registry (`ssd`, `mmr`).
    public var method: String
    /// Candidates the slate is chosen from; 0 = the planner chooses.
    public var pool: Int

    /// Sliding spectrum decomposition unless told otherwise.
    public init(diversity: Float, method: String = "ssd", pool: Int = 0) {
        self.diversity = diversity
        self.method = method
        self.pool = pool
    }
}

/// One QUERY, decoded and with its limits checked.
public struct SearchRequest: Equatable, Sendable {
    /// From OPEN.
    public var handle: UInt32
    /// What to start from.
    public var source: QuerySource
    /// Results wanted per list, 1 to `Limits.results`.
    public var k: Int
    /// ef: 0 = the planner chooses.
    public var beamWidth: Int
    /// Candidates rescored from the stored float vectors: nil = the planner chooses, 0 = none.
    public var rescoreCount: Int?
    /// What to return beside ids and scores.
    public var parts: ResultParts
    /// Results below this score are left out; nil = none are.
    public var scoreFloor: Float?
    /// Whose taste applies; needed by `.user` and by `taste`.
    public var user: UserID?
    /// Items that must not come back.
    public var excluded: [ItemID]
    /// Taste reranking; nil = the order of the search alone.
    public var taste: TasteRequest?
    /// Slate building; nil = by score.
    public var diversity: DiversityRequest?
    /// Whose eyes the query sees with; nil = the user's as they are.
    public var person: PersonRequest?
    /// What single items get on top of their score.
    public var boosts: [WeightedItem]
    /// Items with a place of their own, each slot once.
    public var pins: [Pin]
    /// Which items may come back; nil = all.
    public var filter: Filter?
    /// At most so many results per value of a field.
    public var group: GroupRequest?
    /// What stands apart in a slate; nil = nothing.
    public var spacing: SpacingRequest?
    /// What values of fields add to scores.
    public var fieldBoosts: [FieldBoost]
    /// Fields whose values come with the results.
    public var fields: [FieldID]
    /// The oldest applied version the answer may come from; 0 = any.
    public var minimumVersion: UInt64
    /// The trace that the query is part of, for the server's log.
    public var traceID: TraceID?

    /// A plain request.
    public init(
        handle: UInt32,
        source: QuerySource,
        k: Int,
        beamWidth: Int = 0,
        rescoreCount: Int? = nil,
        parts: ResultParts = [],
        scoreFloor: Float? = nil,
        user: UserID? = nil,
        excluded: [ItemID] = [],
        taste: TasteRequest? = nil,
        diversity: DiversityRequest? = nil,
        person: PersonRequest? = nil,
        boosts: [WeightedItem] = [],
        pins: [Pin] = [],
        filter: Filter? = nil,
        group: GroupRequest? = nil,
        spacing: SpacingRequest? = nil,
        fieldBoosts: [FieldBoost] = [],
        fields: [FieldID] = [],
        minimumVersion: UInt64 = 0,
        traceID: TraceID? = nil
    ) {
        self.handle = handle
        self.source = source
        self.k = k
        self.beamWidth = beamWidth
        self.rescoreCount = rescoreCount
        self.parts = parts
        self.scoreFloor = scoreFloor
        self.user = user
        self.excluded = excluded
        self.taste = taste
        self.diversity = diversity
        self.person = person
        self.boosts = boosts
        self.pins = pins
        self.filter = filter
        self.group = group
        self.spacing = spacing
        self.fieldBoosts = fieldBoosts
        self.fields = fields
        self.minimumVersion = minimumVersion
        self.traceID = traceID
    }
}
