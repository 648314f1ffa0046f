internal import CPalateKernels
package import PalateModel

/// One query against a list of rows, the unit of a search: one call per adjacency list.
///
/// Ordinals are checked against the arena's capacity in one pass before the kernel runs.
extension KernelTable {
    /// Writes offset + scale * <query, row> for every listed row of floats.
    ///
    /// - Parameters:
    ///   - query: shape [dimensions].
    ///   - rows: each starting with `dimensions` floats.
    ///   - offset: added to every distance.
    ///   - scale: distance per unit of product.
    ///   - ordinals: shape [n], each below `rows.capacity`.
    ///   - distances: shape [>= n].
    package func innerProducts(
        _ query: Span<Float>,
        _ rows: RowArena,
        offset: Float,
        scale: Float,
        _ ordinals: Span<Ordinal>,
        into distances: inout MutableSpan<Float>
    ) {
        precondition(4 * query.count <= rows.stride, "rows shorter than the query")
        // SAFETY: `list` checked every row, and rows hold the query's length.
        unsafe query.withUnsafeBufferPointer { query in
            guard let start = query.baseAddress else { return }
            unsafe list(rows, query.count, ordinals, &distances) { list, out in
                unsafe table.pointee.inner_product_list(list, start, offset, scale, out)
            }
        }
    }

    /// Writes offset + scale * |query - row|^2 for every listed row of floats.
    ///
    /// - Parameters:
    ///   - query: shape [dimensions].
    ///   - rows: each starting with `dimensions` floats.
    ///   - offset: added to every distance.
    ///   - scale: distance per unit of squared distance.
    ///   - ordinals: shape [n], each below `rows.capacity`.
    ///   - distances: shape [>= n].
    package func squaredEuclideans(
        _ query: Span<Float>,
        _ rows: RowArena,
        offset: Float,
        scale: Float,
        _ ordinals: Span<Ordinal>,
        into distances: inout MutableSpan<Float>
    ) {
        precondition(4 * query.count <= rows.stride, "rows shorter than the query")
        // SAFETY: `list` checked every row, and rows hold the query's length.
        unsafe query.withUnsafeBufferPointer { query in
            guard let start = query.baseAddress else { return }
            unsafe list(rows, query.count, ordinals, &distances) { list, out in
                unsafe table.pointee.squared_euclidean_list(list, start, offset, scale, out)
            }
        }
    }

    /// Writes the distance of `CodeTerms` for every listed row of 8-bit codes.
    ///
    /// - Parameters:
    ///   - query: shape [dimensions], int8 as bytes, from `encode(flip: 0x80)`.
    ///   - terms: the constants.
    ///   - rows: each starting with `dimensions` codes, its term at `terms.termOffset`.
    ///   - ordinals: shape [n], each below `rows.capacity`.
    ///   - distances: shape [>= n]. The same at every level.
    package func codeDistances(
        _ query: Span<UInt8>,
        _ terms: CodeTerms,
        _ rows: RowArena,
        _ ordinals: Span<Ordinal>,
        into distances: inout MutableSpan<Float>
    ) {
        // SAFETY: the query's bytes outlive the call; `query.count` is what the kernel reads.
        unsafe query.withUnsafeBufferPointer { query in
            guard let start = query.baseAddress else { return }
            unsafe codeDistances(start, query.count, 0, terms, rows, ordinals, &distances)
        }
    }

    /// Writes the distance of `CodeTerms` from one stored row to every listed row.
    ///
    /// - Parameters:
    ///   - from: the row that is the query; its codes are read as code - 128.
    ///   - dimensions: codes per row.
    ///   - terms: the constants.
    ///   - rows: each starting with `dimensions` codes, its term at `terms.termOffset`.
    ///   - ordinals: shape [n], each below `rows.capacity`.
    ///   - distances: shape [>= n]. The same at every level.
    package func codeDistances(
        from: Ordinal,
        dimensions: Int,
        _ terms: CodeTerms,
        _ rows: RowArena,
        _ ordinals: Span<Ordinal>,
        into distances: inout MutableSpan<Float>
    ) {
        // SAFETY: the row lies inside the arena; its stride is checked against `dimensions`.
        unsafe rows.row(from).withUnsafeBytes { row in
            guard let start = row.baseAddress else { return }
            let codes = unsafe start.assumingMemoryBound(to: UInt8.self)
            unsafe codeDistances(codes, dimensions, 0x80, terms, rows, ordinals, &distances)
        }
    }

    /// Writes offset + scale * product or squared distance from one stored row of floats.
    ///
    /// - Parameters:
    ///   - from: the row that is the query.
    ///   - dimensions: floats per row.
    ///   - isSquared: squared distance, else the inner product.
    ///   - rows: each starting with `dimensions` floats.
    ///   - offset: added to every distance.
    ///   - scale: distance per unit.
    ///   - ordinals: shape [n], each below `rows.capacity`.
    ///   - distances: shape [>= n].
    package func floatDistances(
        from: Ordinal,
        dimensions: Int,
        isSquared: Bool,
        _ rows: RowArena,
        offset: Float,
        scale: Float,
        _ ordinals: Span<Ordinal>,
        into distances: inout MutableSpan<Float>
    ) {
        precondition(4 * dimensions <= rows.stride && rows.stride % 4 == 0, "not rows of floats")
        // SAFETY: `list` checked every row; the arena is page-aligned and its stride a
        // multiple of 4, so a row is aligned for floats.
        unsafe rows.row(from).withUnsafeBytes { row in
            guard let start = row.baseAddress else { return }
            unsafe list(rows, dimensions, ordinals, &distances) { list, out in
                let query = unsafe start.assumingMemoryBound(to: Float.self)
                let function =
                    unsafe isSquared
                    ? table.pointee.squared_euclidean_list : table.pointee.inner_product_list
                unsafe function?(list, query, offset, scale, out)
            }
        }
    }

    private func codeDistances(
        _ query: UnsafePointer<UInt8>,
        _ dimensions: Int,
        _ flip: UInt8,
        _ terms: CodeTerms,
        _ rows: RowArena,
        _ ordinals: Span<Ordinal>,
        _ distances: inout MutableSpan<Float>
    ) {
        precondition(dimensions <= min(rows.stride, Int(pk_dimensions_max)), "long query")
        precondition(terms.termOffset >= 0 && terms.termOffset + 4 <= rows.stride, "term outside")
        // SAFETY: `list` checked every row; codes and term lie inside a row, checked above.
        var constants = unsafe pk_code_query(
            bytes: query,
            flip: flip,
            term_offset: terms.termOffset,
            query_term: terms.queryTerm,
            dot_factor: terms.dotFactor,
            term_factor: terms.termFactor,
            query_sum: terms.querySum,
            offset: terms.offset,
            scale: terms.scale,
            sum_scale: terms.sumScale
        )
        unsafe list(rows, dimensions, ordinals, &distances) { list, out in
            unsafe table.pointee.code_list(list, &constants, out)
        }
    }

    /// Checks a list once and hands it to `body`; a list without rows is not handed on.
    @inline(__always)
    func list(
        _ rows: RowArena,
        _ dimensions: Int,
        _ ordinals: Span<Ordinal>,
        _ distances: inout MutableSpan<Float>,
        _ body: (UnsafePointer<pk_list>, UnsafeMutablePointer<Float>) -> Void
    ) {
        precondition(ordinals.count <= distances.count, "no room for the distances")
        var highest: Ordinal = 0
        for position in ordinals.indices { highest = max(highest, ordinals[position]) }
        precondition(Int(highest) < rows.capacity || ordinals.isEmpty, "no such row")
        // SAFETY: every listed row lies inside the reservation, and `out` has room.
        unsafe ordinals.withUnsafeBufferPointer { ordinals in
            unsafe distances.withUnsafeMutableBufferPointer { distances in
                guard let first = ordinals.baseAddress, let out = distances.baseAddress else {
                    return
                }
                var list = unsafe pk_list(
                    rows: rows.memory.base.assumingMemoryBound(to: UInt8.self),
                    stride: rows.stride,
                    dimensions: dimensions,
                    ordinals: first,
                    count: ordinals.count
                )
                unsafe body(&list, out)
            }
        }
    }
}
