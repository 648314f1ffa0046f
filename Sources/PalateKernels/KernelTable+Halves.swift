internal import CPalateKernels
package import PalateModel

/// Rows of 2-byte numbers: lists, and floats to halves and back.
extension KernelTable {
    /// Writes the distance of `HalfTerms` for every listed row.
    ///
    /// - Parameters:
    ///   - query: shape [dimensions].
    ///   - terms: the constants.
    ///   - rows: each starting with `dimensions` halves.
    ///   - ordinals: shape [n], each below `rows.capacity`.
    ///   - distances: shape [>= n].
    package func halfDistances(
        _ query: Span<Float>,
        _ terms: HalfTerms,
        _ rows: RowArena,
        _ ordinals: Span<Ordinal>,
        into distances: inout MutableSpan<Float>
    ) {
        // SAFETY: the query's floats outlive the call; `query.count` is what the kernel reads.
        unsafe query.withUnsafeBufferPointer { query in
            guard let start = query.baseAddress else { return }
            unsafe halfDistances(start, query.count, false, terms, rows, ordinals, &distances)
        }
    }

    /// Writes the distance of `HalfTerms` from one stored row to every listed row.
    ///
    /// Symmetric to the bit, and the same as for a query of the row's own values.
    ///
    /// - Parameters:
    ///   - from: the row that is the query.
    ///   - dimensions: halves per row.
    ///   - terms: the constants.
    ///   - rows: each starting with `dimensions` halves.
    ///   - ordinals: shape [n], each below `rows.capacity`.
    ///   - distances: shape [>= n].
    package func halfDistances(
        from: Ordinal,
        dimensions: Int,
        _ terms: HalfTerms,
        _ rows: RowArena,
        _ ordinals: Span<Ordinal>,
        into distances: inout MutableSpan<Float>
    ) {
        // SAFETY: the row lies inside the arena; its stride is checked against `dimensions`.
        unsafe rows.row(from).withUnsafeBytes { row in
            guard let start = row.baseAddress else { return }
            unsafe halfDistances(start, dimensions, true, terms, rows, ordinals, &distances)
        }
    }

    private func halfDistances(
        _ query: UnsafeRawPointer,
        _ dimensions: Int,
        _ isRow: Bool,
        _ terms: HalfTerms,
        _ rows: RowArena,
        _ ordinals: Span<Ordinal>,
        _ distances: inout MutableSpan<Float>
    ) {
        precondition(2 * dimensions <= rows.stride, "rows shorter than the query")
        // SAFETY: `list` checked every row, and rows hold the query's length.
        var constants = unsafe pk_half_query(
            query: query,
            is_row: isRow ? 1 : 0,
            format: terms.format.rawValue,
            is_squared: terms.isSquared ? 1 : 0,
            offset: terms.offset,
            scale: terms.scale
        )
        unsafe list(rows, dimensions, ordinals, &distances) { list, out in
            unsafe table.pointee.half_list(list, &constants, out)
        }
    }

    /// Writes a vector times a factor as little-endian halves, any alignment.
    ///
    /// To nearest, ties to even; what is past the largest finite value becomes that value. The same
    /// at every level.
    ///
    /// - Parameters:
    ///   - vector: shape [n], finite.
    ///   - factor: what every component is multiplied with.
    ///   - format: of the halves.
    ///   - bytes: shape [>= 2n].
    package func encodeHalves(
        _ vector: Span<Float>,
        by factor: Float,
        _ format: HalfFormat,
        into bytes: inout MutableRawSpan
    ) {
        precondition(2 * vector.count <= bytes.byteCount, "no room for the halves")
        // SAFETY: `bytes` has room for `count` halves, checked above.
        unsafe vector.withUnsafeBufferPointer { vector in
            unsafe bytes.withUnsafeMutableBytes { bytes in
                guard let from = vector.baseAddress, let to = bytes.baseAddress else { return }
                unsafe table.pointee.half_encode(
                    from,
                    vector.count,
                    factor,
                    format.rawValue,
                    to.assumingMemoryBound(to: UInt8.self)
                )
            }
        }
    }

    /// Writes the values of halves times a factor.
    ///
    /// - Parameters:
    ///   - bytes: shape [2n], little-endian, any alignment.
    ///   - factor: what every value is multiplied with.
    ///   - format: of the halves.
    ///   - vector: shape [>= n]. The same at every level.
    package func decodeHalves(
        _ bytes: RawSpan,
        by factor: Float,
        _ format: HalfFormat,
        into vector: inout MutableSpan<Float>
    ) {
        let count = bytes.byteCount / 2
        precondition(count <= vector.count, "no room for the values")
        // SAFETY: `vector` has room for `count` values, checked above.
        unsafe bytes.withUnsafeBytes { bytes in
            unsafe vector.withUnsafeMutableBufferPointer { vector in
                guard let from = bytes.baseAddress, let to = vector.baseAddress else { return }
                unsafe table.pointee.half_decode(
                    from.assumingMemoryBound(to: UInt8.self),
                    count,
                    factor,
                    format.rawValue,
                    to
                )
            }
        }
    }
}
