import Glibc

/// What one beam width brings.
package struct OperatingPoint: Equatable, Sendable {
    /// ef.
    package let beamWidth: Int
    /// recall@k, 0 to 1.
    package let recall: Double
    /// Queries a second.
    package let rate: Double

    /// A point as measured.
    package init(beamWidth: Int, recall: Double, rate: Double) {
        self.beamWidth = beamWidth
        self.recall = recall
        self.rate = rate
    }
}

/// A rate between beams.
package struct InterpolatedRate: Equatable, Sendable {
    /// Queries a second.
    package let rate: Double
    /// The smallest beam is above the recall already: the true rate is higher.
    package let isLowerBound: Bool

    /// A rate and whether it is a bound.
    package init(rate: Double, isLowerBound: Bool) {
        self.rate = rate
        self.isLowerBound = isLowerBound
    }
}

extension [OperatingPoint] {
    /// The points that no other beats in both recall and rate, by rising recall.
    package var front: [OperatingPoint] {
        var kept: [OperatingPoint] = []
        for point in sorted(by: { ($0.rate, $0.recall) > ($1.rate, $1.recall) })
        where kept.last.map({ point.recall > $0.recall }) ?? true {
            kept.append(point)
        }
        return kept
    }

    /// The rate at a recall; nil where no point reaches it.
    ///
    /// The rule of `rate_at` in `benchmarks/recall.py`: the logarithm of the rate is interpolated
    /// between the two points of the front around the recall.
    package func rate(atRecall target: Double) -> InterpolatedRate? {
        let front = front
        guard let above = front.first(where: { $0.recall >= target }) else { return nil }
        guard let below = front.last(where: { $0.recall < target }) else {
            return InterpolatedRate(rate: above.rate, isLowerBound: above.recall > target)
        }
        let share = (target - below.recall) / (above.recall - below.recall)
        let logarithm = log(below.rate) + share * (log(above.rate) - log(below.rate))
        return InterpolatedRate(rate: exp(logarithm), isLowerBound: false)
    }
}
