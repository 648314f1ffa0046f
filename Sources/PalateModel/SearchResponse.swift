/// Why one result is there, beside the terms of its score.
public struct Reason: Equatable, Sendable {
    /// The centre of the person's taste that it is most like; nil where they have none.
    public var medoid: ItemID?
    /// The cosine to it.
    public var medoidSimilarity: Float = 0
    /// The liked item that it is most like.
    public var liked: ItemID?
    /// The cosine to it.
    public var likedSimilarity: Float = 0
    /// The rejected item that it is most like.
    public var rejected: ItemID?
    /// The cosine to it.
    public var rejectedSimilarity: Float = 0
    /// How probable it was that the result got into the list, in 0...1; 1 unless chance had a say.
    public var propensity: Float = 1
    /// What put it there, or moved it.
    public var rules: ReasonRules = []

    /// Nothing but that it scored.
    public init() {}
}

/// Rules that fired for a result.
public struct ReasonRules: OptionSet, Equatable, Sendable {
    /// The wire's bits.
    public var rawValue: UInt32

    /// From the wire's bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// It was found by the search for the query's vector.
    public static let foundByQuery = ReasonRules(rawValue: 1 << 0)
    /// It was found by the search around a medoid.
    public static let foundByMedoid = ReasonRules(rawValue: 1 << 1)
    /// It was found by the walk.
    public static let foundByWalk = ReasonRules(rawValue: 1 << 2)
    /// It was found over item-item edges.
    public static let foundByAssociation = ReasonRules(rawValue: 1 << 3)
    /// The slate moved it from its place by score.
    public static let movedBySlate = ReasonRules(rawValue: 1 << 4)
    /// It is in an exploration slot.
    public static let explored = ReasonRules(rawValue: 1 << 5)
    /// It was pinned.
    public static let pinned = ReasonRules(rawValue: 1 << 6)
    /// It was boosted.
    public static let boosted = ReasonRules(rawValue: 1 << 7)
    /// It is held back for being like something just bought.
    public static let heldBack = ReasonRules(rawValue: 1 << 8)
    /// Every bit this version knows.
    public static let known = ReasonRules(rawValue: (1 << 9) - 1)
}

/// The answer to one QUERY: columns over all result lists.
public struct SearchResponse: Equatable, Sendable {
    /// The generation that answered.
    public var generation: UInt64 = 0
    /// The version of the last write the answer can contain.
    public var appliedVersion: UInt64 = 0
    /// Rows scored by the graph search, all lists together.
    public var visitedCount: UInt64 = 0
    /// The deadline stopped the search early.
    public var isDegraded = false
    /// Every row that may come back was scored, by its codes.
    public var isExact = false
    /// Where each list starts in the columns, shape [lists + 1].
    public var offsets: [UInt32] = [0]
    /// Item ids, best first within a list.
    public var ids: [ItemID] = []
    /// Larger is better: inner product, cosine, minus squared distance, or the blended score.
    public var scores: [Float] = []
    /// As asked: the weighted contribution of every term; same shape as `ids`, or empty.
    ///
    /// Their total is the score.
    public var scoreParts: [TermValues] = []
    /// As asked: same shape as `ids`, or empty.
    public var payloads: [[UInt8]] = []
    /// As asked: same shape as `ids`, or empty.
    public var reasons: [Reason] = []
    /// As asked: the values of fields, shape [fields, ids].
    public var fields: [[FieldValue?]] = []
    /// As asked: what was decided.
    public var plan: PlanReport?

    /// No lists.
    public init() {}
}
