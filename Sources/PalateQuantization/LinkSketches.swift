internal import PalateKernels
package import PalateModel

/// Sketches of links: which rows of a list can be near a query, without reading the rows.
///
/// For a link c -> d, the signs x of P(d - c), where P takes the first 64 components of a random
/// rotation, tell the direction d lies in: `<q - c, d - c>` is estimated by
/// `|d - c|^2 <P(q - c), x> / sum |P(d - c)|`, exact where q - c has the direction of d - c. With
/// that and the node's own distance
///
///     distance(q, d) = distance(q, c) + e - f * <P(q - m), x>, estimated,
///
/// where e and f depend on the link alone, and m is a point amid the rows. A link passes where the
/// estimate is within the bound or `deviations` standard deviations beyond.
///
/// In the spirit of FINGER (Chen et al., arXiv:2206.11408), which estimates the residual angle by
/// signs too, and of RaBitQ's unbiased factor (Gao and Long, arXiv:2405.12497). Deviations: from
/// FINGER, no basis of the node and no matching of distributions, hence one table a query instead
/// of one a node; from SymphonyQG (arXiv:2411.12229), which scores by such signs, 64 of them
/// whatever the dimensions, and only to pass rows over: those that pass are scored by codes.
package struct LinkSketches: Sendable {
    /// How far beyond the bound an estimate may be, in standard deviations of its error.
    ///
    /// Fewer pass over more of the nearest, more read more rows.
    package static let deviations: Float = 0.5

    /// Rows to points, and distances to those of points.
    let space: SketchSpace
    /// A row a node: its links' sketches.
    let rows: RowArena
    /// What e, f and bounds are divided by, so that 16 bits hold them.
    let unit: Float

    /// Bytes of a node's sketches.
    package var bytesPerNode: Int { rows.stride }

    /// What `bytesPerNode` is for so many links at most.
    package static func bytesPerNode(links: Int) -> Int {
        KernelTable.sketchBytes(links: links)
    }

    /// The sketches of a node's links, shape [bytesPerNode]; zeros where none were written.
    package subscript(node: Ordinal) -> RawSpan {
        @_lifetime(borrow self)
        get { rows.row(node) }
    }

    /// Makes a vector the query; allocates nothing but scratch.
    ///
    /// - Parameters:
    ///   - vector: shape [dimensions], as callers gave it.
    ///   - prepared: the same vector, prepared by the codes.
    ///   - query: scratch.
    package func prepare(
        _ vector: Span<Float>,
        as prepared: borrowing PreparedQuery,
        into query: inout LinkQuery
    ) {
        space.prepare(vector, as: prepared, into: &query)
    }

    /// What searches see: `scorer`, which knows links.
    package func makeScorer(_ scorer: CodeScorer, _ query: LinkQuery) -> SketchScorer {
        let variance = space.variance(query)
        let square = Self.deviations * Self.deviations
        return SketchScorer(
            scorer: scorer,
            kernels: space.kernels,
            rows: rows,
            query: query.signs,
            shiftSquareBase: square * variance.base,
            shiftSquareSlope: square * variance.slope,
            perUnit: 1 / unit
        )
    }
}

/// A query's side of sketches: scratch, reused from query to query.
package struct LinkQuery: Sendable {
    /// The first components of the rotated point.
    var signs = SketchQuery()
    /// Shape [`SketchSpace.dimensions`].
    var point: [Float] = []
    /// |q|^2.
    var squares: Float = 0

    /// An empty scratch.
    package init() {}
}

/// A prepared query over stored rows and the sketches of their links.
package struct SketchScorer: Scorer, Sendable {
    let scorer: CodeScorer
    let kernels: KernelTable
    let rows: RowArena
    let query: SketchQuery
    /// The square of what is allowed for the estimate's error, at distance 0 and per unit of it.
    let shiftSquareBase: Float
    let shiftSquareSlope: Float
    let perUnit: Float

    package var knowsLinks: Bool { true }

    package borrowing func score(
        _ ordinals: Span<Ordinal>,
        into distances: inout MutableSpan<Float>
    ) {
        scorer.score(ordinals, into: &distances)
    }

    package borrowing func prefetch(_ ordinals: Span<Ordinal>) { scorer.prefetch(ordinals) }

    package borrowing func prefetchLinks(of node: Ordinal) {
        Cache.prefetch(rows.row(node))
    }

    package borrowing func promisingLinks(
        of node: Ordinal,
        at distance: Float,
        within bound: Float
    ) -> UInt64 {
        kernels.passingLinks(
            rows.row(node),
            query,
            shift: max(0, shiftSquareBase + shiftSquareSlope * distance).squareRoot(),
            room: (bound - distance) * perUnit
        )
    }
}
