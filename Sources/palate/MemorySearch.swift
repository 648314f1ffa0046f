import PalateGraph
import PalateModel
import PalateQuantization

/// Searches of an index in memory: graph and codes, and finer codes where there are any.
struct MemorySearch: BenchSubject {
    let index: MemoryIndex
    /// Row-major, shape [queries, dimensions].
    let queries: [Float]
    let k: Int
    /// Hits refined; nil = as many as their margin calls for.
    let refineCount: Int?

    func search(_ range: Range<Int>, beamWidth: Int) -> BenchPart {
        let dimensions = index.stack.dimensions
        let kept = index.stack.keptCount(for: k)
        var part = BenchPart(queryCount: range.count, k: k)
        var scratch = SearchScratch()
        var prepared = PreparedQuery()
        var links = LinkQuery()
        var refine = RefineScratch()
        var hits: [Hit] = []
        let queries = queries
        let all = queries.span
        for position in 0..<range.count {
            let begun = ContinuousClock.now
            let start = (range.lowerBound + position) * dimensions
            let vector = all.extracting(start..<start + dimensions)
            index.stack.codes.prepare(vector, into: &prepared)
            let scorer = index.stack.makeScorer(prepared, over: index.rows)
            if let sketches = index.sketches {
                sketches.prepare(vector, as: prepared, into: &links)
                index.graph.search(
                    sketches.makeScorer(scorer, links),
                    beamWidth: beamWidth,
                    keeping: kept,
                    scratch: &scratch
                )
            } else {
                index.graph.search(scorer, beamWidth: beamWidth, keeping: kept, scratch: &scratch)
            }
            part.rowsScored += scratch.visitedCount
            hits.removeAll(keepingCapacity: true)
            for rank in 0..<scratch.count { hits.append(scratch.hit(rank)) }
            index.stack.refine(
                &hits,
                for: vector,
                k: k,
                count: refineCount,
                rows: index.rows,
                &refine
            )
            for rank in 0..<min(k, hits.count) {
                let row = Int32(index.fileRow(of: hits[rank].ordinal))
                part.setRow(row, query: position, rank: rank)
            }
            part.setLatency(ContinuousClock.now - begun, query: position)
        }
        return part
    }
}
