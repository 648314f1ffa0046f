import PalateModel

/// The spanning tree of level 0 without some rows.
///
/// Each leaving row is contracted: the rows it held together are joined in a chain, each to the
/// nearest that is left. A row whose list is full of tree links is represented by the first row of
/// its part of the tree that has room, so that every list keeps a place that can change.
struct TreeRepair: Sendable {
    /// The tree links of every row whose links change.
    private(set) var links: [Ordinal: [Ordinal]] = [:]

    private init() {}

    /// Plans the tree without the leaving rows; publishes nothing.
    static func run<P: PairScorer & ~Copyable>(
        _ leaving: LeavingRows,
        _ graph: LiveGraph,
        _ worker: BuildWorker<P>
    ) -> TreeRepair {
        var repair = TreeRepair()
        for row in leaving.rows { repair.contract(row, graph, worker) }
        for row in leaving.rows { repair.links[row] = nil }
        return repair
    }

    private mutating func contract<P: PairScorer & ~Copyable>(
        _ row: Ordinal,
        _ graph: LiveGraph,
        _ worker: BuildWorker<P>
    ) {
        let parts = neighbours(of: row, graph)
        links[row] = []
        for part in parts { links[part, default: []] = without(row, part, graph) }
        let chain = Self.chain(parts, worker)
        for (former, next) in zip(chain, chain.dropFirst()) {
            let left = withRoom(former, graph)
            let right = withRoom(next, graph)
            links[left, default: []].append(right)
            links[right, default: []].append(left)
        }
    }

    /// The tree links of a row, as planned or as published.
    private mutating func neighbours(of row: Ordinal, _ graph: LiveGraph) -> [Ordinal] {
        if let planned = links[row] { return planned }
        let published = graph.list(of: row, level: 0).links.filter(\.isTree).map(\.ordinal)
        links[row] = published
        return published
    }

    private mutating func without(
        _ row: Ordinal,
        _ part: Ordinal,
        _ graph: LiveGraph
    ) -> [Ordinal] {
        neighbours(of: part, graph).filter { $0 != row }
    }

    /// A row of the same part of the tree that can take two more links and still change.
    private mutating func withRoom(_ row: Ordinal, _ graph: LiveGraph) -> Ordinal {
        let limit = 2 * graph.parameters.neighbours - 2
        var walk = [row]
        var seen: Set<Ordinal> = [row]
        var next = 0
        while next < walk.count {
            let current = neighbours(of: walk[next], graph)
            if current.count < limit { return walk[next] }
            for neighbour in current where seen.insert(neighbour).inserted {
                walk.append(neighbour)
            }
            next += 1
        }
        return row
    }

    /// The parts in an order in which each is followed by the nearest one left.
    private static func chain<P: PairScorer & ~Copyable>(
        _ parts: [Ordinal],
        _ worker: BuildWorker<P>
    ) -> [Ordinal] {
        guard parts.count > 2 else { return parts }
        var chain = [parts[0]]
        var left = Array(parts.dropFirst())
        while !left.isEmpty {
            let last = chain[chain.count - 1]
            let nearest =
                worker.distances(from: last, to: left).enumerated()
                .min { $0.element < $1.element }?.offset ?? 0
            chain.append(left.remove(at: nearest))
        }
        return chain
    }
}

extension BuildWorker where P: ~Copyable {
    /// Distances between one row and others; for a few rows, now and then.
    func distances(from row: Ordinal, to others: [Ordinal]) -> [Float] {
        var distances = [Float](repeating: 0, count: others.count)
        var span = distances.mutableSpan
        self.row.pairs.score(from: row, to: others.span, into: &span)
        return distances
    }
}
