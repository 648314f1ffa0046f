/// Beam widths to try one after another, and when more of them would show nothing new.
package enum BeamSeries {
    /// Nothing above is worth a beam.
    package static let enoughRecall = 0.9995
    /// Less than this from a beam to the one twice as wide is no growth.
    static let growth = 0.0005

    /// The first, then by halves and thirds alternately: 10, 15, 20, 30, 40, 60 and so on.
    ///
    /// - Parameters:
    ///   - first: no beam is narrower.
    ///   - limit: no beam is wider; the last is this wide, or `first` where that is more.
    /// - Returns: rising.
    package static func widths(from first: Int, limit: Int) -> [Int] {
        var widths = [first]
        var doubling = first
        while widths[widths.count - 1] < limit {
            // Twice 1 and once and a half of it are the same beam.
            let half = doubling + doubling / 2
            if half > doubling { widths.append(half) }
            doubling *= 2
            widths.append(doubling)
        }
        guard limit > first else { return [first] }
        return widths.filter { $0 < limit } + [limit]
    }

    /// Whether the last beam ended it: enough was found, or no more than by half its width.
    package static func isOver(_ points: [OperatingPoint]) -> Bool {
        guard let last = points.last else { return false }
        if last.recall >= enoughRecall { return true }
        let earlier = points.last { 2 * $0.beamWidth <= last.beamWidth }
        return earlier.map { last.recall < $0.recall + growth } ?? false
    }
}
