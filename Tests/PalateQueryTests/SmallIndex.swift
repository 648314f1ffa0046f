import PalateGraph
import PalateModel
import PalateQuantization
import TestKit
import Testing

/// Clustered vectors, encoded and linked; one in seven is deleted.
struct SmallIndex {
    let vectors: ClusteredVectors
    let stack: CodeStack
    let rows: StackRows
    let graph: LiveGraph
    /// Of the links, once they were sketched.
    private(set) var sketches: LinkSketches?

    init(
        count: Int = 600,
        dimensions: Int = 24,
        quantizer: String,
        metric: String,
        seed: UInt64
    ) throws {
        var generator = SeededGenerator(seed: seed)
        try self.init(
            ClusteredVectors(count: count, dimensions: dimensions, using: &generator),
            quantizer: quantizer,
            metric: metric
        )
    }

    init(_ vectors: ClusteredVectors, quantizer: String, metric: String) throws {
        let count = vectors.count
        self.vectors = vectors
        stack = try CodeStack.train(
            named: quantizer,
            vectors.values.span,
            count: count,
            dimensions: vectors.dimensions,
            metric: MetricRegistry.named(metric)
        )
        rows = try #require(stack.makeRows(capacity: count))
        stack.store(vectors.values.span, from: 0, into: rows)
        graph = try #require(LiveGraph(parameters: GraphParameters(), capacity: count))
        let (stack, rows) = (stack, rows)
        GraphBuilder.insert(
            0..<Ordinal(count),
            into: graph,
            makeScorer: { stack.makePairScorer(over: rows) }
        )
        for row in stride(from: 0, to: Ordinal(count), by: 7) { _ = graph.delete(row) }
    }

    /// Sketches all links.
    mutating func sketch(threads: Int = 1) throws {
        let vectors = vectors
        let sketcher = try LinkSketcher(
            of: stack,
            rows: rows,
            count: graph.count,
            linksMax: 2 * graph.parameters.neighbours,
            threads: threads
        ) { row, vector in
            for (column, component) in vectors[Int(row)].enumerated() { vector[column] = component }
        }
        graph.estimateLinks(threads: threads, makeScratch: { sketcher.makeScratch() }) {
            sketcher.write($0, $1, &$2)
        }
        sketches = sketcher.sketches
    }

    /// What one thread reuses from query to query.
    struct Searcher: ~Copyable {
        var scratch = SearchScratch()
        var prepared = PreparedQuery()
        var links = LinkQuery()
        var refine = RefineScratch()
        var hits: [Hit] = []

        /// Finds the neighbours of one of the index's own vectors.
        mutating func search(_ index: SmallIndex, _ query: Int) {
            let dimensions = index.vectors.dimensions
            let start = query * dimensions
            search(index, index.vectors.values.span.extracting(start..<start + dimensions))
        }

        mutating func search(_ index: SmallIndex, _ vector: Span<Float>, beamWidth: Int = 40) {
            index.stack.codes.prepare(vector, into: &prepared)
            let scorer = index.stack.makeScorer(prepared, over: index.rows)
            let kept = index.stack.keptCount(for: 10)
            if let sketches = index.sketches {
                sketches.prepare(vector, as: prepared, into: &links)
                let knowing = sketches.makeScorer(scorer, links)
                index.graph.search(knowing, beamWidth: beamWidth, keeping: kept, scratch: &scratch)
            } else {
                index.graph.search(scorer, beamWidth: beamWidth, keeping: kept, scratch: &scratch)
            }
            hits.removeAll(keepingCapacity: true)
            for position in 0..<scratch.count { hits.append(scratch.hit(position)) }
            index.stack.refine(&hits, for: vector, k: 10, rows: index.rows, &refine)
        }
    }
}
