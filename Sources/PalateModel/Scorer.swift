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
