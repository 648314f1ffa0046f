/// A term of the score that orders results by taste.
///
/// Raw values are the wire's: they are never used again for another term.
public enum ScoreTerm: UInt8, CaseIterable, Sendable {
    /// Similarity to the query vector or item.
    case query = 0
    /// T: log-sum-exp of the similarities to the person's medoids.
    case taste = 1
    /// G: the damped two-hop walk from the person's items over like-minded people.
    case graph = 2
    /// A: learned or counted edges from the person's items to others (`palate taste refresh`).
    case association = 3
    /// Logarithm of how many people like the item.
    case popularity = 4
    /// N: thresholded similarity to what the person rejected or has just bought; subtracted.
    case negative = 5
    /// Fat: how often the person was shown the item of late; subtracted.
    case fatigue = 6
    /// Pairs of a better and a worse example that the caller gave.
    case context = 7
    /// What the caller adds to single items.
    case boost = 8
    /// I: how much the person cares for the values of a field that the item has.
    case interest = 9

    /// The name on the command line, in weight profiles and in the Python client.
    public var name: String {
        switch self {
        case .query: "query"
        case .taste: "taste"
        case .graph: "graph"
        case .association: "association"
        case .popularity: "popularity"
        case .negative: "negative"
        case .fatigue: "fatigue"
        case .context: "context"
        case .boost: "boost"
        case .interest: "interest"
        }
    }

    /// The names, for error messages and help.
    public static var names: [String] { allCases.map(\.name) }

    /// The term of this name.
    public static func named(_ name: String) -> ScoreTerm? { allCases.first { $0.name == name } }
}

/// A number per term: the weights of a score, or what each term contributed to one.
@frozen
public struct TermValues: Equatable, Sendable {
    /// By raw value of `ScoreTerm`; lanes without a term stay 0.
    @usableFromInline
    var lanes: SIMD16<Float>

    /// All zero.
    @inlinable
    public init() { lanes = .zero }

    /// Zero where no number is given.
    public init(_ values: [ScoreTerm: Float]) {
        lanes = .zero
        for (term, value) in values { self[term] = value }
    }

    /// The number of one term.
    @inlinable
    public subscript(term: ScoreTerm) -> Float {
        get { lanes[Int(term.rawValue)] }
        set { lanes[Int(term.rawValue)] = newValue }
    }

    /// The sum over the terms.
    @inlinable
    public var total: Float { lanes.sum() }
}

extension TermValues {
    /// The weights of a request that names none.
    ///
    /// `benchmarks/taste/pinterest.py --ablate` says what each is worth, `terms.py` what interests
    /// are: genres on MovieLens-100K at 0.1 add 0.0058 to Recall@20, at 1 they cost 0.041.
    public static let defaultWeights = TermValues([
        .query: 1, .taste: 0.1, .graph: 0.1, .association: 0.9, .negative: 1, .fatigue: 0.2,
        .context: 1, .boost: 1, .interest: 0.1,
    ])
}
