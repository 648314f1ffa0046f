/// Sampling without replacement, of fixed size, with inclusion probabilities that hold exactly.
///
/// Madow's systematic sampling (Annals of Mathematical Statistics 1949): candidates in a random
/// order, end to end on a line, each as long as its probability; a point every unit from a random
/// start picks one each. Lengths are whole numbers of 2^-40, so sums have no rounding: the size
/// never varies, nobody is picked twice, and the probability reported is the one drawn with.
///
/// Made once per explored slate, over at most a few thousand candidates.
package struct SystematicSample: Equatable, Sendable {
    /// Candidates drawn.
    package let size: Int
    /// Shape [n]: probability in units of 2^-40, their sum `size` * 2^40.
    private var lengths: [UInt64]

    /// Candidates there are.
    package var count: Int { lengths.count }

    /// Probabilities proportional to weight, capped at 1.
    ///
    /// They are min(1, c * weight) with c so that they sum to `size`, found by capping the heaviest
    /// until none is left to cap.
    ///
    /// Candidates of weight 0 (or less, or not a number) have a chance only where the others are
    /// fewer than `size`; then they share what is left evenly. A weight above 0 never comes to
    /// less than 2^-40.
    ///
    /// - Parameters:
    ///   - weights: shape [n], any unit.
    ///   - size: candidates to draw, clipped to 0...n.
    package init(weights: [Double], size: Int) {
        self.size = min(max(size, 0), weights.count)
        lengths = [UInt64](repeating: 0, count: weights.count)
        guard self.size > 0 else { return }
        let clean = Self.shares(of: weights)
        let heaviest = clean.indices.sorted { clean[$0] > clean[$1] }
        let positives = heaviest.prefix { clean[$0] > 0 }
        if positives.count < self.size {
            for candidate in positives { lengths[candidate] = Self.one }
            share(UInt64(self.size - positives.count), among: heaviest[positives.count...])
        } else {
            fill(Array(positives), clean)
        }
    }

    /// The probability of being drawn, exactly: in 0...1.
    package func probability(of candidate: Int) -> Double {
        Double(lengths[candidate]) / Double(Self.one)
    }

    /// Draws.
    ///
    /// - Parameter seed: same seed, same sample.
    /// - Returns: `size` different candidates, in no particular order.
    package func draw(seed: UInt64) -> [Int] {
        var drawn: [Int] = []
        drawn.reserveCapacity(size)
        var draws = SeededDraws(seed: seed)
        var order = Array(lengths.indices)
        for last in order.indices.reversed() {
            order.swapAt(last, Int(draws.number(below: UInt64(last + 1))))
        }
        var next = draws.number(below: Self.one)
        var end: UInt64 = 0
        for candidate in order {
            end += lengths[candidate]
            guard end > next else { continue }
            drawn.append(candidate)
            next += Self.one
        }
        return drawn
    }

    /// Splits what the capped ones leave in proportion to weight.
    ///
    /// - Parameters:
    ///   - order: candidates of positive weight, the heaviest first, at least `size`.
    ///   - weights: shape [n].
    private mutating func fill(_ order: [Int], _ weights: [Double]) {
        // Sums from the lightest up: the order that loses least.
        var sums = [Double](repeating: 0, count: order.count + 1)
        for rank in order.indices.reversed() {
            sums[rank] = sums[rank + 1] + weights[order[rank]]
        }
        var capped = 0
        while capped < size && weights[order[capped]] * Double(size - capped) >= sums[capped] {
            lengths[order[capped]] = Self.one
            capped += 1
        }
        let factor = capped < size ? Double(size - capped) / sums[capped] : 0
        for candidate in order[capped...] {
            let probability = min(weights[candidate] * factor, 1)
            lengths[candidate] = max(UInt64(probability * Double(Self.one)), 1)
        }
        balance(order)
    }

    /// Takes out the rounding: what is missing or too much goes to or comes from the heaviest.
    private mutating func balance(_ order: [Int]) {
        var surplus = Int64(lengths.reduce(0, +)) - Int64(size) * Int64(Self.one)
        for candidate in order where surplus != 0 {
            let length = Int64(lengths[candidate])
            let room = surplus > 0 ? length - 1 : Int64(Self.one) - length
            let change = min(abs(surplus), max(room, 0))
            lengths[candidate] = UInt64(surplus > 0 ? length - change : length + change)
            surplus -= surplus > 0 ? change : -change
        }
    }

    /// Gives everybody the same, and the first ones a unit more where it does not divide.
    private mutating func share(_ ones: UInt64, among candidates: ArraySlice<Int>) {
        let (each, rest) = (ones * Self.one).quotientAndRemainder(
            dividingBy: UInt64(candidates.count)
        )
        for (rank, candidate) in candidates.enumerated() {
            lengths[candidate] = each + (UInt64(rank) < rest ? 1 : 0)
        }
    }

    /// Weights as shares of the heaviest: 0, or above 0 whatever the ratio.
    private static func shares(of weights: [Double]) -> [Double] {
        var heaviest = 0.0
        for weight in weights where weight > heaviest { heaviest = weight }
        heaviest = min(heaviest, .greatestFiniteMagnitude)
        return weights.map { weight in
            guard weight > 0 else { return 0 }
            return max(min(weight, heaviest) / heaviest, .leastNormalMagnitude)
        }
    }

    private static let one: UInt64 = 1 << 40
}
