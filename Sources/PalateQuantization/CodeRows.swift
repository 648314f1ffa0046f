package import PalateKernels
package import PalateModel

/// The rows of one generation in memory, by ordinal.
///
/// One writer stores rows; a row is immutable once its ordinal is published by the graph.
/// Memory is reserved for `capacity` rows and backed on first touch: nothing ever moves.
// A handle, not the rows: copies share the memory.
package struct CodeRows: Sendable {
    /// The memory; the kernels read it.
    package let arena: RowArena
    /// Rows of coarser codes that these complete; nil where they stand for themselves.
    package let beneath: RowArena?

    /// Bytes of one row.
    package var codeBytes: Int { arena.stride }
    /// Rows reserved.
    package var capacity: Int { arena.capacity }

    /// Reserves room for rows; nil when the address space is refused.
    ///
    /// - Parameters:
    ///   - codeBytes: of a row.
    ///   - capacity: rows.
    ///   - codes: the rows that these complete.
    package init?(codeBytes: Int, capacity: Int, completing codes: CodeRows? = nil) {
        guard let arena = RowArena(stride: codeBytes, capacity: capacity) else { return nil }
        self.arena = arena
        beneath = codes?.arena
    }

    /// Writes one row, or a block of consecutive rows that starts with `ordinal`.
    ///
    /// - Parameters:
    ///   - ordinal: of the first row; not yet published.
    ///   - codes: shape [count, codeBytes].
    package func store(_ ordinal: Ordinal, _ codes: RawSpan) {
        arena.store(ordinal, codes)
    }

    /// One row, shape [codeBytes]; zeros where none was stored.
    @_lifetime(borrow self)
    package func row(_ ordinal: Ordinal) -> RawSpan {
        arena.row(ordinal)
    }

    /// The rows beneath these; these themselves where there are none.
    var lowest: RowArena { beneath ?? arena }

    /// Consecutive rows, shape [range.count, codeBytes], for checkpoints.
    @_lifetime(borrow self)
    package func rows(_ range: Range<Int>) -> RawSpan {
        arena.rows(range)
    }
}
