/// Whose eyes a query sees with, beside the person's own state: the PERSON section and its kin.
public struct PersonRequest: Equatable, Sendable {
    /// Milliseconds since 1970 UTC; nil = now.
    ///
    /// The person's events up to then are replayed, and weights decay to then. What other people
    /// did stays as it is now.
    public var asOf: Int64?
    /// A sandbox whose events and settings lie over the person's; empty = none.
    public var sandbox: String
    /// A session whose turns join the person's taste; nil = none.
    public var session: UInt64?
    /// 0 = what the person is known to like, 1 = half of the slate beyond it.
    public var surprise: Float
    /// Where chance starts; 0 = anywhere.
    public var seed: UInt64
    /// Events that count for this query alone; their user is not read.
    public var events: [Event]
    /// Items that are more or less wanted.
    public var examples: [WeightedItem]
    /// Steps from one item towards another.
    public var directions: [Direction]
    /// Pairs of a better and a worse item; `ScoreTerm.context` has the formula.
    public var pairs: [ItemPair]
    /// Vectors of the person from elsewhere, row-major [n, dimensions]: more medoids.
    public var vectors: [Float]
    /// Shares of the person's importance that the vectors get, shape [n], above 0.
    public var vectorWeights: [Float]

    /// The person as they are now.
    public init(
        asOf: Int64? = nil,
        sandbox: String = "",
        session: UInt64? = nil,
        surprise: Float = 0,
        seed: UInt64 = 0,
        events: [Event] = [],
        examples: [WeightedItem] = [],
        directions: [Direction] = [],
        pairs: [ItemPair] = [],
        vectors: [Float] = [],
        vectorWeights: [Float] = []
    ) {
        self.asOf = asOf
        self.sandbox = sandbox
        self.session = session
        self.surprise = surprise
        self.seed = seed
        self.events = events
        self.examples = examples
        self.directions = directions
        self.pairs = pairs
        self.vectors = vectors
        self.vectorWeights = vectorWeights
    }

    /// Whether events have to be applied to a copy of the person's record.
    public var derivesRecord: Bool { asOf != nil || !sandbox.isEmpty || !events.isEmpty }

    /// Whether there is something to go by without a user.
    public var hasTasteOfItsOwn: Bool {
        session != nil || !events.isEmpty || !examples.isEmpty || !vectorWeights.isEmpty
    }
}

/// An item and how much it counts.
public struct WeightedItem: Equatable, Sendable {
    /// Which.
    public var item: ItemID
    /// In the unit of event weights: 4 is a save's; negative = less of this.
    public var weight: Float

    /// An item and its weight.
    public init(_ item: ItemID, weight: Float) {
        self.item = item
        self.weight = weight
    }
}

/// "More like this, but as that differs from those": the step from one item to another.
public struct Direction: Equatable, Sendable {
    /// Where the step leads.
    public var toward: ItemID
    /// Where it starts.
    public var away: ItemID
    /// Its length as a share of the difference of the two unit vectors; may be negative.
    public var weight: Float

    /// A step.
    public init(toward: ItemID, away: ItemID, weight: Float) {
        self.toward = toward
        self.away = away
        self.weight = weight
    }
}

/// Two items, the first of which is the better one.
public struct ItemPair: Equatable, Sendable {
    /// More of this.
    public var better: ItemID
    /// Than of this.
    public var worse: ItemID

    /// A pair.
    public init(better: ItemID, worse: ItemID) {
        self.better = better
        self.worse = worse
    }
}

/// An item that has its place whatever its score.
public struct Pin: Equatable, Sendable {
    /// Which.
    public var item: ItemID
    /// Its place in the list, from 0.
    public var slot: Int

    /// An item and its place.
    public init(_ item: ItemID, slot: Int) {
        self.item = item
        self.slot = slot
    }
}
