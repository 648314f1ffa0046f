package import PalateModel

/// Inserts rows.
///
/// The graph depends on parameters, distances, and the rows of each call in their order, whatever
/// the threads (deviation 10 in `LiveGraph.swift`). One caller at a time; searches may go on.
package enum GraphBuilder {
    /// Rows that are linked at once.
    package static let rowsPerChunk = RowChunk.capacity
    /// Rows between two calls of `progress`, about.
    package static let progressStep = 1_024

    /// Links rows `range`, which follow the graph's last.
    ///
    /// - Parameters:
    ///   - range: starts at `graph.count`, ends within its capacity; the vectors are stored.
    ///   - graph: where to.
    ///   - threads: workers; 1 = the calling thread alone.
    ///   - isOrdered: whether the rows lie in an order of space, near ones side by side. Linked as
    ///     they come they would make a graph of one region after another: larger chunks of rows
    ///     from everywhere, drawn by the graph's seed, are linked in that order.
    ///   - makeScorer: called once per worker.
    ///   - progress: called with the rows linked so far, now and then and at the end.
    package static func insert<P: PairScorer & SendableMetatype & ~Copyable>(
        _ range: Range<Ordinal>,
        into graph: LiveGraph,
        threads: Int = 1,
        isOrdered: Bool = false,
        makeScorer: @Sendable () -> P,
        progress: ((_ linked: Int) -> Void)? = nil
    ) {
        precondition(Int(range.lowerBound) == graph.count, "the range must follow the last row")
        var rows = Array(range)
        if isOrdered { shuffle(&rows, seed: graph.parameters.seed) }
        graph.extend(to: Int(range.upperBound))
        insert(rows, into: graph, threads, isOrdered: isOrdered, makeScorer, progress)
    }

    /// Links rows into vacant slots.
    ///
    /// - Parameters:
    ///   - rows: vacant slots below `graph.count`, each once, that no search knows any more; their
    ///     vectors are stored.
    ///   - graph: where to.
    ///   - threads: workers; 1 = the calling thread alone.
    ///   - makeScorer: called once per worker.
    ///   - progress: called with the rows linked so far, now and then and at the end.
    package static func insert<P: PairScorer & SendableMetatype & ~Copyable>(
        _ rows: [Ordinal],
        into graph: LiveGraph,
        threads: Int = 1,
        makeScorer: @Sendable () -> P,
        progress: ((_ linked: Int) -> Void)? = nil
    ) {
        insert(rows, into: graph, threads, isOrdered: false, makeScorer, progress)
    }

    private static func insert<P: PairScorer & SendableMetatype & ~Copyable>(
        _ rows: [Ordinal],
        into graph: LiveGraph,
        _ threads: Int,
        isOrdered: Bool,
        _ makeScorer: @Sendable () -> P,
        _ progress: ((_ linked: Int) -> Void)?
    ) {
        guard !rows.isEmpty else { return }
        graph.occupy(rows)
        let chunk = RowChunk()
        graph.withWorkers(max(1, min(threads, rows.count)), makeScorer: makeScorer) { team in
            var linked = 0
            while linked < rows.count {
                let size = RowChunk.count(after: linked, inOrderOfSpace: isOrdered)
                let end = min(rows.count, linked + size)
                chunk.begin(isOrdered ? rows[linked..<end].sorted() : Array(rows[linked..<end]))
                ChunkLinker.link(chunk, into: graph, team)
                if linked / progressStep < end / progressStep || end == rows.count {
                    progress?(end)
                }
                linked = end
            }
        }
    }

    /// Fisher and Yates.
    private static func shuffle(_ rows: inout [Ordinal], seed: UInt64) {
        for position in rows.indices.dropFirst().reversed() {
            let drawn = SplitMix64.number(UInt64(position), seed: seed)
            rows.swapAt(position, Int(drawn % UInt64(position + 1)))
        }
    }
}
