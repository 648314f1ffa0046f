import Glibc

/// An axis: values to positions, and the values that are written beside it.
struct PlotScale {
    /// A value that is written beside the axis.
    struct Tick {
        let value: Double
        let label: String
    }

    private let place: @Sendable (Double) -> Double
    private let low: Double
    private let high: Double
    let ticks: [Tick]

    /// 0 at the low end of the axis, 1 at its high end.
    func share(of value: Double) -> Double { (place(value) - low) / (high - low) }

    /// A logarithmic axis that holds all values, with ticks at 1, 2 and 5 of every decade.
    ///
    /// - Parameters:
    ///   - values: above 0.
    ///   - label: of a tick.
    /// - Returns: an axis that begins and ends at a tick.
    static func logarithmic(_ values: [Double], label: (Double) -> String) -> PlotScale {
        let least = values.min() ?? 1
        let most = max(values.max() ?? 10, least)
        var candidates: [Double] = []
        for decade in Int(log10(least).rounded(.down)) - 1...Int(log10(most).rounded(.up)) {
            for digit in [1.0, 2, 5] { candidates.append(digit * pow(10, Double(decade))) }
        }
        let low = candidates.last { $0 <= least * 0.98 } ?? least / 2
        let high = candidates.first { $0 >= most * 1.02 } ?? most * 2
        var ticks = candidates.filter { (low...high).contains($0) }
        // Many decades: their beginnings are enough.
        if ticks.count > 10 { ticks = ticks.filter { isDecade($0) } }
        return PlotScale(
            place: { log10($0) },
            low: log10(low),
            high: log10(high),
            ticks: ticks.map { Tick(value: $0, label: label($0)) }
        )
    }

    /// Recalls by the logarithm of what is missed, so that 0.99 and 0.999 are apart.
    ///
    /// All found is drawn as if one of 10,000 were missed.
    ///
    /// - Parameter least: the axis begins at the last tick at or below.
    /// - Returns: an axis that ends at 0.9999.
    static func recall(from least: Double) -> PlotScale {
        let values = [0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999]
        let first = values.last { $0 <= least } ?? 0
        return PlotScale(
            place: { -log10(max(1 - $0, 1e-4)) },
            low: -log10(1 - first),
            high: 4,
            ticks: values.filter { $0 >= first }
                .map { Tick(value: $0, label: Numbers.plain($0, digits: 4)) }
        )
    }

    private static func isDecade(_ value: Double) -> Bool {
        let exponent = log10(value)
        return abs(exponent - exponent.rounded()) < 1e-9
    }
}
