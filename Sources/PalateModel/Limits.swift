/// The limits checked at the edge, so that the middle can assume them.
public enum Limits {
    /// Components of a vector.
    public static let dimensions = 1...16_384
    /// k.
    public static let results = 1...10_000
    /// ef.
    public static let beamWidth = 1...65_535
    /// Rescored candidates.
    public static let rescoreCount = 0...65_535
    /// Candidates for taste and slates.
    public static let candidates = 0...10_000
    /// Result lists per QUERY.
    public static let queriesPerRequest = 1...65_536
    /// Ids per GET, DELETE and EXCLUDE.
    public static let idsPerRequest = 0...1_000_000
    /// Rows per UPSERT and LOAD_DATA.
    public static let rowsPerRequest = 1...65_536
    /// Events per EVENT.
    public static let eventsPerRequest = 1...262_144
    /// Inline events per QUERY, and events of one person in a sandbox.
    public static let inlineEvents = 0...256
    /// Weighted examples per QUERY, and turns of a session.
    public static let examples = 0...64
    /// Directions per QUERY.
    public static let directions = 0...16
    /// Better-worse pairs per QUERY.
    public static let pairs = 0...64
    /// The caller's own vectors of a person per QUERY.
    public static let userVectors = 0...8
    /// Boosted items per QUERY.
    public static let boosts = 0...10_000
    /// Pinned items per QUERY.
    public static let pins = 0...100
    /// Events per HISTORY_GET.
    public static let historyEvents = 1...100_000
    /// Named numbers per TASTE_NUMBERS.
    public static let namedNumbers = 0...1_024
    /// Minutes a session's turn may take to count half; 0 = as before.
    public static let sessionHalfLifeMinutes: ClosedRange<Float> = 0...1_440
    /// Nodes of a filter.
    public static let filterNodes = 1...256
    /// Levels of nesting of a filter.
    public static let filterDepth = 1...16
    /// Values that a filter names.
    public static let filterLiterals = 0...65_536
    /// Fields of a collection.
    public static let fields = 0...64
    /// Bytes of a field's name.
    public static let fieldNameBytes = 1...64
    /// Bytes of a field's path.
    public static let fieldPathBytes = 0...256
    /// UTF-8 bytes of a keyword.
    public static let keywordBytes = 0...512
    /// Keywords of one value of a field of keywords.
    public static let keywordsPerValue = 0...1_024
    /// Results of one value of a field.
    public static let groupCap = 1...10_000
    /// Places back that spacing looks.
    public static let spacingWindow = 1...64
    /// Items of one page of a SCROLL.
    public static let scrollItems = 1...10_000
    /// Values that a facet lists.
    public static let facetValues = 1...10_000
    /// Facets per COUNT.
    public static let facets = 0...16
    /// Field boosts per QUERY.
    public static let fieldBoosts = 0...16
    /// Magnitude of weights, of terms as of examples.
    public static let weightMagnitude: Float = 1e6
    /// M.
    public static let neighbours = 2...64
    /// efConstruction.
    public static let buildBeamWidth = 8...4_096
    /// Bytes of a collection's name.
    public static let nameBytes = 1...64
    /// Bytes of the name of an embedding model.
    public static let modelBytes = 0...255
    /// Items that the check of a generation samples.
    public static let canarySamples = 1...10_000
    /// Bytes of one payload before compression.
    public static let payloadBytes = 0...1_048_576
    /// Bytes of a frame's body: the default, and what HELLO may raise it to.
    public static let frameBytes = 16 << 20
    /// The most HELLO may ask for.
    public static let frameBytesMax = 64 << 20
    /// Requests in flight per connection.
    public static let requestsInFlight = 1_024
    /// Rows of one collection: bounds the address space reserved for its arenas.
    public static let itemsPerCollection = 1 << 27
    /// Magnitude of a vector component: squares of `dimensions` of them still fit a Float.
    public static let componentMagnitude: Float = 1e15
}
