internal import PalateKernels
package import PalateModel

/// What refining writes: leased, reused.
package struct RefineScratch: Sendable {
    private var query = PreparedQuery()
    private var rows: [Ordinal] = []
    private var distances: [Float] = []
    /// The best distances so far, nearest first; shape [<= k].
    private var best: [Float] = []

    /// Empty; grows to fit on first use.
    package init() {}

    /// Scores hits again by finer codes, nearest first, until none left can be among the k best.
    fileprivate mutating func refine(
        _ hits: inout [Hit],
        from first: Int,
        vector: Span<Float>,
        k: Int,
        count: Int?,
        margin: Float,
        _ finer: any Quantizer,
        _ finerRows: CodeRows
    ) {
        // Most are scored: on their way while the query is made.
        for position in first..<min(hits.count, first + k + Self.chunk) {
            Cache.prefetch(finerRows.row(hits[position].ordinal))
        }
        finer.prepare(vector, into: &query)
        let scorer = finer.makeScorer(query, over: finerRows)
        best.removeAll(keepingCapacity: true)
        let last = min(count.map { first + $0 } ?? hits.count, hits.count)
        var done = first
        while done < last {
            if count == nil, best.count >= k, hits[done].distance > best[k - 1] + margin { break }
            let end = min(last, done + (done == first ? max(k, Self.chunk) : Self.chunk))
            score(hits, done..<end, scorer)
            for position in done..<end {
                hits[position].distance = distances[position - done]
                keep(distances[position - done], k: k)
            }
            done = end
        }
        hits.sortByDistance(first..<done)
    }

    /// Hits scored in one call: enough misses of the cache under way, few scored in vain.
    private static let chunk = 8

    private mutating func score(
        _ hits: borrowing [Hit],
        _ range: Range<Int>,
        _ scorer: borrowing CodeScorer
    ) {
        rows.removeAll(keepingCapacity: true)
        for position in range { rows.append(hits[position].ordinal) }
        while distances.count < rows.count { distances.append(0) }
        Self.score(&rows, &distances, scorer)
    }

    // Spans of two fields of one value are overlapping accesses; of two parameters they are not.
    private static func score(
        _ rows: inout [Ordinal],
        _ distances: inout [Float],
        _ scorer: borrowing CodeScorer
    ) {
        var span = distances.mutableSpan
        scorer.score(rows.span, into: &span)
    }

    /// Keeps the k smallest distances, sorted.
    private mutating func keep(_ distance: Float, k: Int) {
        if best.count == k {
            guard distance < best[k - 1] else { return }
            best.removeLast()
        }
        var position = best.count
        best.append(distance)
        while position > 0, best[position - 1] > distance {
            best[position] = best[position - 1]
            position -= 1
        }
        best[position] = distance
    }
}

extension CodeStack {
    /// Replaces the codes' distances by those of the finer codes, and sorts; nothing without them.
    ///
    /// - Parameters:
    ///   - hits: nearest first, by the codes. Those that cannot be among the k best come last, and
    ///     keep the distances of the codes.
    ///   - first: hits before this position are left alone.
    ///   - vector: the query, shape [dimensions].
    ///   - k: results wanted.
    ///   - count: hits scored again; nil = as many as the margin calls for.
    ///   - rows: of this stack.
    ///   - scratch: reuse it.
    package func refine(
        _ hits: inout [Hit],
        from first: Int = 0,
        for vector: Span<Float>,
        k: Int,
        count: Int? = nil,
        rows: StackRows,
        _ scratch: inout RefineScratch
    ) {
        guard let finer, let finerRows = rows.finer, count != 0 else { return }
        scratch.refine(
            &hits,
            from: first,
            vector: vector,
            k: k,
            count: count,
            margin: margin,
            finer,
            finerRows
        )
    }
}

extension [Hit] {
    /// Hits up to which sorting in place beats the library's sort, which allocates: they are nearly
    /// in order, since code distances are close to the exact ones.
    private static let insertionLimit = 512

    /// Sorts a range of hits by distance, then by row.
    package mutating func sortByDistance(_ range: Range<Int>) {
        guard range.count <= Self.insertionLimit else {
            self[range].sort(by: Self.isBefore)
            return
        }
        var hits = mutableSpan
        for end in range.dropFirst() {
            let hit = hits[end]
            var position = end
            while position > range.lowerBound, Self.isBefore(hit, hits[position - 1]) {
                hits[position] = hits[position - 1]
                position -= 1
            }
            hits[position] = hit
        }
    }

    private static func isBefore(_ left: Hit, _ right: Hit) -> Bool {
        left.distance != right.distance
            ? left.distance < right.distance : left.ordinal < right.ordinal
    }
}
