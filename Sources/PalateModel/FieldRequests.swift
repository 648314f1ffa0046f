import Glibc

/// At most so many results of one value of a field.
public struct GroupRequest: Equatable, Sendable {
    /// A field with one value per item, of any type but geo.
    public var field: FieldID
    /// Results per value; items without a value are not held back.
    public var cap: Int

    /// A cap.
    public init(field: FieldID, cap: Int) {
        self.field = field
        self.cap = cap
    }
}

/// Results of one value of a field stand apart, softly.
///
/// A candidate for place t loses weight * sum over d = 1...window of (1 / d) * [same value at
/// t - d]; scores count in 0...1 beside it.
public struct SpacingRequest: Equatable, Sendable {
    /// A field with one value per item, of any type but geo; items without a value are free.
    public var field: FieldID
    /// Above 0.
    public var weight: Float
    /// Places back that are looked at, `Limits.spacingWindow`.
    public var window: Int

    /// A spacing.
    public init(field: FieldID, weight: Float, window: Int = 10) {
        self.field = field
        self.weight = weight
        self.window = window
    }
}

/// What the value of a field adds to a score.
public struct FieldBoost: Equatable, Sendable {
    /// How it falls with the distance of a value from the origin.
    ///
    /// Distances count from `offset` on; at `offset + scale` the boost is `decay` of its weight.
    /// Raw values are the wire's. The curves and parameters are those of Elasticsearch's decay
    /// functions.
    public enum Curve: UInt8, CaseIterable, Sendable {
        /// weight * decay ^ (distance / scale).
        case exponential = 1
        /// weight * decay ^ (distance / scale)^2.
        case gauss = 2
        /// weight * max(0, 1 - (1 - decay) * distance / scale).
        case linear = 3
        /// weight * value: what the field itself says of an item.
        case value = 4

        /// As requests spell it.
        public var name: String {
            switch self {
            case .exponential: "exp"
            case .gauss: "gauss"
            case .linear: "linear"
            case .value: "value"
            }
        }
    }

    /// An integer, float, time or geo field.
    public var field: FieldID
    /// How it falls.
    public var curve: Curve
    /// What it adds at the origin; below 0 it takes away.
    public var weight: Float
    /// The value with the whole boost, in the field's unit; nil = now, for time fields.
    public var origin: Double?
    /// The place with the whole boost, for geo fields.
    public var place: GeoPoint?
    /// The distance from `offset` at which `decay` is left: the field's unit, or meters.
    public var scale: Double
    /// Up to this distance nothing falls.
    public var offset: Double
    /// What is left at `offset + scale`, above 0 and below 1.
    public var decay: Double

    /// A boost.
    public init(
        field: FieldID,
        curve: Curve,
        weight: Float,
        origin: Double? = nil,
        place: GeoPoint? = nil,
        scale: Double = 1,
        offset: Double = 0,
        decay: Double = 0.5
    ) {
        self.field = field
        self.curve = curve
        self.weight = weight
        self.origin = origin
        self.place = place
        self.scale = scale
        self.offset = offset
        self.decay = decay
    }

    /// Refuses parameters without a meaning.
    public func check() throws(RequestError) {
        let numbers: [(String, Double, ClosedRange<Double>)] = [
            (
                "boost weight", Double(weight),
                -Double(Limits.weightMagnitude)...Double(Limits.weightMagnitude)
            ),
            ("boost scale", scale, Double.leastNormalMagnitude...Double.greatestFiniteMagnitude),
            ("boost offset", offset, 0...Double.greatestFiniteMagnitude),
            ("boost decay", decay, 1e-9...(1 - 1e-9)),
        ]
        for (field, got, expected) in numbers where !expected.contains(got) {
            throw .badNumber(field: field, got: got, expected: expected)
        }
    }

    /// What a value so far from the origin gets.
    public func value(atDistance distance: Double) -> Float {
        let far = max(0, distance - offset) / scale
        switch curve {
        case .exponential: return weight * Float(pow(decay, far))
        case .gauss: return weight * Float(pow(decay, far * far))
        case .linear: return weight * Float(max(0, 1 - (1 - decay) * far))
        case .value: return weight * Float(distance)
        }
    }
}

/// COUNT: how many items pass a filter, and which values they have.
public struct CountRequest: Equatable, Sendable {
    /// From OPEN.
    public var handle: UInt32
    /// Which items.
    public var filter: Filter
    /// Fields whose values are counted: keyword, keywords or bool.
    public var facets: [FieldID]
    /// Values listed per facet, the most frequent first.
    public var facetLimit: Int

    /// A count.
    public init(handle: UInt32, filter: Filter, facets: [FieldID] = [], facetLimit: Int = 100) {
        self.handle = handle
        self.filter = filter
        self.facets = facets
        self.facetLimit = facetLimit
    }
}

/// What COUNT answers.
public struct CountResponse: Equatable, Sendable {
    /// One value of a facet.
    public struct FacetValue: Equatable, Sendable {
        /// The value.
        public var value: FieldValue
        /// Items that have it, of those that pass.
        public var count: UInt64

        /// A value and how often it is there.
        public init(value: FieldValue, count: UInt64) {
            self.value = value
            self.count = count
        }
    }

    /// Items that pass.
    public var count: UInt64 = 0
    /// Per facet asked for, the most frequent value first.
    public var facets: [[FacetValue]] = []
    /// The version of the last write counted.
    public var appliedVersion: UInt64 = 0

    /// Nothing.
    public init() {}
}

/// SCROLL: items that pass a filter, page by page, by id or by a field.
public struct ScrollRequest: Equatable, Sendable {
    /// Where a page starts: behind an item, and behind its value where a field orders.
    public struct Cursor: Equatable, Sendable {
        /// The last item of the page before.
        public var item: ItemID
        /// The order key of its value; nil: it has none, or ids order.
        public var key: Int64?

        /// Behind an item.
        public init(item: ItemID, key: Int64? = nil) {
            self.item = item
            self.key = key
        }
    }

    /// From OPEN.
    public var handle: UInt32
    /// Which items.
    public var filter: Filter
    /// The field whose values order the items; nil = ids do.
    public var order: FieldID?
    /// The greatest first.
    public var isDescending: Bool
    /// Items of the page.
    public var limit: Int
    /// Where the page starts; nil = at the front.
    ///
    /// A cursor is a place among values, not among rows: items written or deleted meanwhile neither
    /// shift it nor are seen twice, unless their own value moved behind it.
    public var after: Cursor?
    /// Fields whose values come with the items.
    public var fields: [FieldID]
    /// Whether payloads come with the items.
    public var wantsPayloads: Bool

    /// A page.
    public init(
        handle: UInt32,
        filter: Filter = .all,
        order: FieldID? = nil,
        isDescending: Bool = false,
        limit: Int = 1_000,
        after: Cursor? = nil,
        fields: [FieldID] = [],
        wantsPayloads: Bool = false
    ) {
        self.handle = handle
        self.filter = filter
        self.order = order
        self.isDescending = isDescending
        self.limit = limit
        self.after = after
        self.fields = fields
        self.wantsPayloads = wantsPayloads
    }
}

/// What SCROLL answers.
public struct ScrollResponse: Equatable, Sendable {
    /// In order, shape [n].
    public var ids: [ItemID] = []
    /// As asked, shape [fields, n].
    public var fields: [[FieldValue?]] = []
    /// As asked, shape [n] or empty.
    public var payloads: [[UInt8]] = []
    /// Where the next page starts; nil = this is the last.
    public var next: ScrollRequest.Cursor?

    /// Nothing.
    public init() {}
}

/// How the candidates of a query were found.
///
/// Raw values are the wire's.
public enum SearchStrategy: UInt8, CaseIterable, Sendable {
    /// By the graph: every row may come back, but those excluded.
    case graph = 1
    /// Every row was scored.
    case scan = 2
    /// Every row that passes the filter was scored.
    case matchScan = 3
    /// By the graph of the rows that pass.
    case matchGraph = 4

    /// As `explain` spells it.
    public var name: String {
        switch self {
        case .graph: "graph"
        case .scan: "scan"
        case .matchScan: "match scan"
        case .matchGraph: "match graph"
        }
    }
}

/// What was decided about a query, and by what.
public struct PlanReport: Equatable, Sendable {
    /// How candidates are found.
    public var strategy: SearchStrategy
    /// ef.
    public var beamWidth: UInt32
    /// Candidates wanted of each search.
    public var candidates: UInt32
    /// Of these, scored again from stored vectors.
    public var rescored: UInt32
    /// Rows that pass the filter.
    public var matches: UInt64
    /// Rows there are.
    public var rows: UInt64
    /// What scoring a row of a scan costs here, as measured.
    public var scanNanoseconds: Float
    /// What a walk costs before its beam, as measured.
    public var walkNanoseconds: Float
    /// What a place of the beam costs here, as measured.
    public var slotNanoseconds: Float
    /// Searches that groups took to fill the list; 1 without groups.
    public var rounds: UInt32 = 1

    /// A report.
    public init(
        strategy: SearchStrategy,
        beamWidth: UInt32,
        candidates: UInt32,
        rescored: UInt32,
        matches: UInt64,
        rows: UInt64,
        scanNanoseconds: Float,
        walkNanoseconds: Float,
        slotNanoseconds: Float
    ) {
        self.strategy = strategy
        self.beamWidth = beamWidth
        self.candidates = candidates
        self.rescored = rescored
        self.matches = matches
        self.rows = rows
        self.scanNanoseconds = scanNanoseconds
        self.walkNanoseconds = walkNanoseconds
        self.slotNanoseconds = slotNanoseconds
    }
}
