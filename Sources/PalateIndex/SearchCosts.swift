import PalateGraph
import PalateModel
import PalateQuantization

/// What searching a collection costs on this machine, as measured when it was opened and whenever
/// its quantizer was trained: what the planner weighs scans against walks by.
package struct SearchCosts: Equatable, Sendable {
    /// Nanoseconds to score a row among others in rising order.
    package var scanNanoseconds: Float
    /// Nanoseconds of a walk on the graph before its beam.
    package var walkNanoseconds: Float
    /// Nanoseconds per place of the beam of a walk.
    package var slotNanoseconds: Float

    /// Of 784 bytes a row on one core of an AMD EPYC: for collections without rows.
    static let unmeasured = SearchCosts(
        scanNanoseconds: 20,
        walkNanoseconds: 13_000,
        slotNanoseconds: 400
    )

    private static let scannedRows = 2_048
    private static let beams = (narrow: 8, wide: 64)
    private static let searches = 8
    private static let rounds = 3

    /// Times scans and searches for some of the collection's own rows: some milliseconds.
    static func measure(_ graph: LiveGraph, _ codes: CodeSet) -> SearchCosts {
        let count = graph.count
        guard count > 0 else { return unmeasured }
        let scanned = min(count, scannedRows)
        let rows = (0..<scanned).map { Ordinal($0 * (count / scanned)) }
        var scratch = SearchScratch()
        var prepared = PreparedQuery()
        var links = LinkQuery()
        var vector = [Float](repeating: 0, count: codes.stack.dimensions)
        var best = (scan: Float.infinity, narrow: Float.infinity, wide: Float.infinity)
        func time(_ row: Ordinal, _ search: () -> Void) -> Float {
            var span = vector.mutableSpan
            codes.stack.decode(row, of: codes.rows, into: &span)
            codes.stack.codes.prepare(vector.span, into: &prepared)
            let begun = ContinuousClock.now
            search()
            return Float((ContinuousClock.now - begun).seconds * 1e9)
        }
        func walk(_ round: Int, _ beamWidth: Int) -> Float {
            (0..<searches).reduce(0) { sum, index in
                let place = (index * rounds + round) * scanned / (searches * rounds)
                return sum
                    + time(rows[place]) {
                        codes.walk(
                            graph,
                            for: vector.span,
                            prepared,
                            &links,
                            beamWidth: beamWidth,
                            keeping: 0,
                            scratch: &scratch
                        )
                    }
            } / Float(searches)
        }
        for round in 0..<rounds {
            best.narrow = min(best.narrow, walk(round, beams.narrow))
            best.wide = min(best.wide, walk(round, beams.wide))
            let scan = time(rows[round * scanned / rounds]) {
                let scorer = codes.stack.makeScorer(prepared, over: codes.rows)
                graph.scan(scorer, among: rows, keeping: beams.wide, scratch: &scratch)
            }
            best.scan = min(best.scan, scan / Float(scanned))
        }
        let slot = max(0, best.wide - best.narrow) / Float(beams.wide - beams.narrow)
        return SearchCosts(
            scanNanoseconds: best.scan,
            walkNanoseconds: max(0, best.narrow - slot * Float(beams.narrow)),
            slotNanoseconds: slot
        )
    }
}
