/// Scores one prepared query against stored rows, a whole list per call.
///
/// The only thing the graph knows about vectors. One dispatch per adjacency list makes the seam
/// free (measured: 20 ns per 768-byte code behind an existential, as with everything inlined).
package protocol Scorer: ~Copyable {
    /// Writes the distance of every listed row.
    ///
    /// - Parameters:
    ///   - ordinals: shape [n], each below the published count.
    ///   - distances: shape [>= n]; smaller is nearer.
    borrowing func score(_ ordinals: Span<Ordinal>, into distances: inout MutableSpan<Float>)

    /// Starts loading what `score` will read of rows.
    borrowing func prefetch(_ ordinals: Span<Ordinal>)

    /// Whether something is kept beside a node's list that `promisingLinks` reads; asked once a
    /// search.
    var knowsLinks: Bool { get }

    /// Starts loading what `promisingLinks` will read of a node.
    borrowing func prefetchLinks(of node: Ordinal)

    /// Estimates distances of a node's level-0 list without reading its rows.
    ///
    /// - Parameters:
    ///   - node: whose list, as it was when estimates were made for it.
    ///   - distance: the node's own, as `score` wrote it.
    ///   - bound: what a row has to come before to be of use.
    /// - Returns: bit i: the row of link i may; bits behind the list's end are not read.
    borrowing func promisingLinks(
        of node: Ordinal,
        at distance: Float,
        within bound: Float
    ) -> UInt64
}

extension Scorer where Self: ~Copyable {
    /// Scoring asks for rows itself.
    package borrowing func prefetch(_ ordinals: Span<Ordinal>) {}

    /// Most know nothing of links.
    package var knowsLinks: Bool { false }

    /// Nothing to load.
    package borrowing func prefetchLinks(of node: Ordinal) {}

    /// Any row may be of use.
    package borrowing func promisingLinks(
        of node: Ordinal,
        at distance: Float,
        within bound: Float
    ) -> UInt64 { .max }
}

/// Scores stored rows against stored rows, for building; search never sees it.
package protocol PairScorer: ~Copyable {
    /// Makes `ordinal` the query of the following `score` calls.
    mutating func select(_ ordinal: Ordinal)

    /// Writes the distance from the selected row to every listed row.
    ///
    /// - Parameters:
    ///   - ordinals: shape [n].
    ///   - distances: shape [>= n]; smaller is nearer.
    borrowing func score(_ ordinals: Span<Ordinal>, into distances: inout MutableSpan<Float>)

    /// Writes the distance between row `from` and every listed row, leaving the selection alone.
    ///
    /// - Parameters:
    ///   - from: the row on one side of every pair.
    ///   - ordinals: shape [n].
    ///   - distances: shape [>= n]; smaller is nearer.
    borrowing func score(
        from: Ordinal,
        to ordinals: Span<Ordinal>,
        into distances: inout MutableSpan<Float>
    )
}
