import Glibc

/// What the length of what is left of a vector is worth.
protocol ResidualScale: Sendable {
    /// The worth of a squared length in 0...1: 0 at 1, rising.
    static func value(ofSquare square: Float) -> Float

    /// The squared length worth `value`; -infinity where every length is worth as much, even one
    /// that rounding took below 0.
    static func square(ofValue value: Float) -> Float
}

/// Gain of a candidate: (1 - share) * relevance + share * worth of what is left of its vector.
struct ResidualGain<Scale: ResidualScale>: MarginalGain, Sendable {
    private var share: Float = 0
    /// Shape [n]: (1 - share) * relevance.
    private var bases: [Float] = []
    /// Shape [n]: never below the gain.
    private var bounds: [Float] = []
    private var window = ResidualWindow()

    init() {}

    /// Starts a slate.
    ///
    /// - Parameters:
    ///   - share: of unlikeness, above 0 and at most 1.
    ///   - relevance: shape [n], each in 0...1.
    ///   - input: the candidates and seeds.
    mutating func load(share: Float, relevance: [Float], from input: SlateInput) {
        self.share = share
        window.load(input)
        bases.removeAll(keepingCapacity: true)
        bounds.removeAll(keepingCapacity: true)
        for value in relevance {
            bases.append((1 - share) * value)
            bounds.append((1 - share) * value)
        }
    }

    func bound(of candidate: Int) -> Float { bounds[candidate] }

    func ceiling(of candidate: Int) -> Float { bases[candidate] }

    mutating func gain(of candidate: Int, from floor: Float, in input: SlateInput) -> Float? {
        // A little below the floor: the way there and back is rounded.
        let worth = (floor - bases[candidate]) / share
        let square = Scale.square(ofValue: worth - Self.rounding * abs(worth))
        let isExact = window.measure(candidate, from: square, in: input)
        bounds[candidate] =
            bases[candidate] + share * Scale.value(ofSquare: window.squares[candidate])
        return isExact ? bounds[candidate] : nil
    }

    mutating func take(_ candidate: Int, from input: SlateInput) {
        for other in bounds.indices where window.giveBack(to: other) {
            bounds[other] = bases[other] + share * Scale.value(ofSquare: window.squares[other])
        }
        window.add(input.vector(candidate), input)
    }

    private static var rounding: Float { 1e-5 }
}

/// The length itself, less 1.
enum ResidualLength: ResidualScale {
    static func value(ofSquare square: Float) -> Float { max(square, 0).squareRoot() - 1 }

    static func square(ofValue value: Float) -> Float {
        value > -1 ? (value + 1) * (value + 1) : -.infinity
    }
}

/// The logarithm of the length: what a result adds to half the log-volume of the slate.
enum ResidualLogarithm: ResidualScale {
    static func value(ofSquare square: Float) -> Float {
        log(max(square, ResidualWindow.smallestSquare)) / 2
    }

    static func square(ofValue value: Float) -> Float {
        value > lowest ? exp(2 * value) : -.infinity
    }

    private static let lowest = value(ofSquare: 0)
}
