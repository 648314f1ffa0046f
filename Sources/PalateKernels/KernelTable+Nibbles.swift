internal import CPalateKernels
package import PalateModel

/// Rows of 4-bit codes, two to a byte.
///
/// With h = (n + 1) / 2, byte j holds component j in its lower and component h + j in its upper
/// four bits, 0 where there is none: so a query's bytes lie in their natural order.
extension KernelTable {
    /// Writes the distance of `NibbleTerms` for every listed row.
    ///
    /// - Parameters:
    ///   - query: shape [2h], int8 as bytes, 0 past `dimensions`.
    ///   - dimensions: components; at most 16,384.
    ///   - terms: the constants.
    ///   - rows: each starting with h bytes of codes.
    ///   - ordinals: shape [n], each below `rows.capacity`.
    ///   - distances: shape [>= n]. The same at every level.
    package func nibbleDistances(
        _ query: Span<UInt8>,
        dimensions: Int,
        _ terms: NibbleTerms,
        _ rows: RowArena,
        _ ordinals: Span<Ordinal>,
        into distances: inout MutableSpan<Float>
    ) {
        precondition(query.count >= 2 * ((dimensions + 1) / 2), "query too short")
        // SAFETY: the query's bytes outlive the call, and are as many as the kernel reads.
        unsafe query.withUnsafeBufferPointer { query in
            guard let start = query.baseAddress else { return }
            unsafe nibbleDistances(start, false, dimensions, terms, rows, ordinals, &distances)
        }
    }

    /// Writes the distance of `NibbleTerms` from one stored row to every listed row.
    ///
    /// - Parameters:
    ///   - from: the row that is the query; it stands for its odd numbers.
    ///   - dimensions: components; at most 16,384.
    ///   - terms: the constants; `querySum` is not read.
    ///   - rows: each starting with h bytes of codes.
    ///   - ordinals: shape [n], each below `rows.capacity`.
    ///   - distances: shape [>= n]. The same at every level.
    package func nibbleDistances(
        from: Ordinal,
        dimensions: Int,
        _ terms: NibbleTerms,
        _ rows: RowArena,
        _ ordinals: Span<Ordinal>,
        into distances: inout MutableSpan<Float>
    ) {
        // SAFETY: the row lies inside the arena; its stride is checked against `dimensions`.
        unsafe rows.row(from).withUnsafeBytes { row in
            guard let start = row.baseAddress else { return }
            let codes = unsafe start.assumingMemoryBound(to: UInt8.self)
            unsafe nibbleDistances(codes, true, dimensions, terms, rows, ordinals, &distances)
        }
    }

    private func nibbleDistances(
        _ query: UnsafePointer<UInt8>,
        _ isRow: Bool,
        _ dimensions: Int,
        _ terms: NibbleTerms,
        _ rows: RowArena,
        _ ordinals: Span<Ordinal>,
        _ distances: inout MutableSpan<Float>
    ) {
        precondition(dimensions <= Int(pk_dimensions_max), "too long for 32-bit sums")
        precondition((dimensions + 1) / 2 <= rows.stride, "rows shorter than the query")
        precondition(terms.termOffset >= 0 && terms.termOffset + 8 <= rows.stride, "terms outside")
        // SAFETY: `list` checked every row; codes and terms lie inside a row, checked above.
        var constants = unsafe pk_nibble_query(
            bytes: query,
            is_row: isRow ? 1 : 0,
            query_sum: terms.querySum,
            term_offset: terms.termOffset,
            offset: terms.offset,
            scale: terms.scale
        )
        unsafe list(rows, dimensions, ordinals, &distances) { list, out in
            unsafe table.pointee.nibble_list(list, &constants, out)
        }
    }

    /// Writes codes c = round(component * factor + 7.5), ties to even, clamped to 0...15.
    ///
    /// - Parameters:
    ///   - vector: shape [n], n at most 16,384.
    ///   - factor: codes per unit of value.
    ///   - codes: shape [>= h]; the same at every level.
    /// - Returns: the fit of the codes.
    package func encodeNibbles(
        _ vector: Span<Float>,
        by factor: Float,
        into codes: inout MutableRawSpan
    ) -> NibbleFit {
        precondition((vector.count + 1) / 2 <= codes.byteCount, "no room for the codes")
        // SAFETY: `codes` has room for h bytes, checked above.
        return unsafe codes.withUnsafeMutableBytes { codes in
            unsafe nibbleFit(vector, factor, codes.baseAddress)
        }
    }

    /// The fit of the codes that `encodeNibbles` would write.
    ///
    /// - Parameters:
    ///   - vector: shape [n], n at most 16,384.
    ///   - factor: codes per unit of value.
    /// - Returns: the fit of the codes.
    package func nibbleFit(_ vector: Span<Float>, by factor: Float) -> NibbleFit {
        // SAFETY: null: nothing is written.
        unsafe nibbleFit(vector, factor, nil)
    }

    private func nibbleFit(
        _ vector: Span<Float>,
        _ factor: Float,
        _ codes: UnsafeMutableRawPointer?
    ) -> NibbleFit {
        precondition(vector.count <= Int(pk_dimensions_max), "too long for 32-bit sums")
        // SAFETY: `codes` is null or has room for h bytes, which the caller checked.
        let fit = unsafe vector.withUnsafeBufferPointer { vector in
            guard let start = vector.baseAddress else {
                return pk_nibble_fit(product: 0, squares: 0)
            }
            let out = unsafe codes?.assumingMemoryBound(to: UInt8.self)
            return unsafe table.pointee.nibble_encode(start, vector.count, factor, out)
        }
        return NibbleFit(product: fit.product, squares: fit.squares)
    }

    /// Writes the odd numbers 2c - 15 of stored codes.
    ///
    /// - Parameters:
    ///   - codes: shape [h].
    ///   - numbers: shape [n], n = 2h or 2h - 1.
    package static func oddNumbers(_ codes: RawSpan, into numbers: inout MutableSpan<Float>) {
        let half = (numbers.count + 1) / 2
        precondition(codes.byteCount == half, "codes of another length")
        for position in 0..<half {
            let byte: UInt8 = codes.integer(at: position)
            numbers[position] = Float(2 * Int32(byte & 15) - 15)
            if half + position < numbers.count {
                numbers[half + position] = Float(2 * Int32(byte >> 4) - 15)
            }
        }
    }
}
