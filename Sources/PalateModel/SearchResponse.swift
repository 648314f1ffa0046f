/// The weighted contribution of every term to one result's score; their sum is the score.
@frozen
public struct ScoreParts: Equatable, Sendable {
    /// From the similarity to the query.
    public var query: Float = 0
    /// From the person's medoids.
    public var taste: Float = 0
    /// From the walk.
    public var graph: Float = 0
    /// From popularity.
    public var popularity: Float = 0
    /// From what the person rejected; zero or below.
    public var negative: Float = 0

    /// All zero.
    @inlinable
    public init() {}

    /// Terms of a score, in wire order.
    public static let names = ["query", "taste", "graph", "popularity", "negative"]

    /// The sum of the terms.
    @inlinable
    public var total: Float { query + taste + graph + popularity + negative }
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
    /// Every row was scored.
    public var isExact = false
    /// Where each list starts in the columns, shape [lists + 1].
    public var offsets: [UInt32] = [0]
    /// Item ids, best first within a list.
    public var ids: [ItemID] = []
    /// Larger is better: inner product, cosine, minus squared distance, or the blended score.
    public var scores: [Float] = []
    /// As asked: same shape as `ids`, or empty.
    public var scoreParts: [ScoreParts] = []
    /// As asked: same shape as `ids`, or empty.
    public var payloads: [[UInt8]] = []

    /// No lists.
    public init() {}
}
