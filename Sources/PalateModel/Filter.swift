/// Which items may come back.
///
/// One meaning everywhere, whatever plan answers: a test of a field holds for the rows that have a
/// value for which it is true, so a row without a value fails it; `not` holds for every other row.
public indirect enum Filter: Hashable, Sendable {
    /// Every item.
    case all
    /// Items with a value in the field that passes the test.
    case field(FieldID, FieldTest)
    /// These items.
    case items([ItemID])
    /// Items for which all hold.
    case and([Filter])
    /// Items for which at least one holds.
    case or([Filter])
    /// Items for which it does not hold.
    case not(Filter)
}

/// What a value has to be.
public enum FieldTest: Hashable, Sendable {
    /// Anything.
    case exists
    /// One of these texts, or a set that has one of them.
    case keywords([String])
    /// One of these numbers, of an integer or time field.
    case integers([Int64])
    /// Within these bounds, of an integer or time field.
    case integerRange(ClosedRange<Int64>)
    /// Within these bounds, of a float field.
    case floatRange(ClosedRange<Double>)
    /// This, of a bool field.
    case bool(Bool)
    /// Within these parallels and meridians; west of the date line to east of it where
    /// `west` > `east`.
    case box(GeoBox)
    /// At most so far from a place, on a sphere of the Earth's mean radius.
    case within(meters: Double, of: GeoPoint)

    /// Whether values of `type` can be tested so.
    public func suits(_ type: FieldType) -> Bool {
        switch self {
        case .exists: true
        case .keywords: type == .keyword || type == .keywordSet
        case .integers, .integerRange: type == .integer || type == .time
        case .floatRange: type == .float
        case .bool: type == .bool
        case .box, .within: type == .geo
        }
    }

    /// As messages call the test.
    public var name: String {
        switch self {
        case .exists: "exists"
        case .keywords: "keywords"
        case .integers: "integers"
        case .integerRange: "range of integers"
        case .floatRange: "range of floats"
        case .bool: "bool"
        case .box: "geo box"
        case .within: "geo radius"
        }
    }
}

/// A part of the globe between two parallels and two meridians.
public struct GeoBox: Hashable, Sendable {
    /// Degrees north, not above `north`.
    public var south: Double
    /// Degrees north.
    public var north: Double
    /// Degrees east.
    public var west: Double
    /// Degrees east; below `west` where the box spans the date line.
    public var east: Double

    /// A box.
    public init(south: Double, north: Double, west: Double, east: Double) {
        self.south = south
        self.north = north
        self.west = west
        self.east = east
    }

    /// Whether all four are on the globe and south is not north of north.
    public var isValid: Bool {
        GeoPoint(latitude: south, longitude: west).isValid
            && GeoPoint(latitude: north, longitude: east).isValid && south <= north
    }
}

extension Filter {
    /// Nodes, itself among them.
    public var nodeCount: Int {
        switch self {
        case .all, .field, .items: 1
        case .and(let parts), .or(let parts): parts.reduce(1) { $0 + $1.nodeCount }
        case .not(let part): 1 + part.nodeCount
        }
    }

    /// Levels of nesting; 1 = a test alone.
    public var depth: Int {
        switch self {
        case .all, .field, .items: 1
        case .and(let parts), .or(let parts): 1 + (parts.map(\.depth).max() ?? 0)
        case .not(let part): 1 + part.depth
        }
    }

    /// Values named, all tests together.
    public var literalCount: Int {
        switch self {
        case .all: 0
        case .field(_, .keywords(let values)): values.count
        case .field(_, .integers(let values)): values.count
        case .field: 1
        case .items(let items): items.count
        case .and(let parts), .or(let parts): parts.reduce(0) { $0 + $1.literalCount }
        case .not(let part): part.literalCount
        }
    }

    /// Whether items are named somewhere in it.
    package var namesItems: Bool {
        switch self {
        case .all, .field: false
        case .items: true
        case .and(let parts), .or(let parts): parts.contains(where: \.namesItems)
        case .not(let part): part.namesItems
        }
    }

    /// Refuses what is beyond the limits, whoever made it.
    public func checkLimits() throws(RequestError) {
        let counts = [
            ("filter nodes", nodeCount, Limits.filterNodes),
            ("filter depth", depth, Limits.filterDepth),
            ("filter literals", literalCount, Limits.filterLiterals),
        ]
        for (field, got, expected) in counts where !expected.contains(got) {
            throw .outOfRange(field: field, got: got, expected: expected)
        }
    }
}
