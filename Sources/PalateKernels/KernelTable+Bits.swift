internal import CPalateKernels
package import PalateModel

/// Rows of 1-bit and 2-bit codes.
///
/// With h = `CodeBits.byteCount`, byte i holds component j * h + i in its bits from j * bits on, 0
/// where there is none: so a query's bytes lie in their natural order.
extension KernelTable {
    /// Writes the distance of `BitTerms` for every listed row.
    ///
    /// - Parameters:
    ///   - query: shape [h * codes per byte], int8 as bytes, 0 past `dimensions`.
    ///   - groups: the table; shape [BitTerms.groups].
    ///   - dimensions: components; at most 16,384.
    ///   - terms: the constants.
    ///   - rows: each starting with h bytes of codes.
    ///   - ordinals: shape [n], each below `rows.capacity`.
    ///   - distances: shape [>= n]. The same at every level.
    package func bitDistances(
        _ query: Span<UInt8>,
        table groups: Span<Float>,
        dimensions: Int,
        _ terms: BitTerms,
        _ rows: RowArena,
        _ ordinals: Span<Ordinal>,
        into distances: inout MutableSpan<Float>
    ) {
        let bytes = terms.bits.byteCount(dimensions)
        precondition(dimensions <= Int(pk_dimensions_max), "too long for 32-bit sums")
        precondition(query.count >= bytes * terms.bits.perByte, "query too short")
        precondition(groups.count >= BitTerms.groups, "a row may name any group")
        precondition(bytes <= rows.stride, "rows shorter than the query")
        precondition(terms.termOffset >= 0 && terms.termOffset + 9 <= rows.stride, "terms outside")
        // SAFETY: query and table outlive the call and are as long as the kernel reads; `list`
        // checked every row, and codes and terms lie inside a row, all checked above.
        unsafe query.withUnsafeBufferPointer { query in
            unsafe groups.withUnsafeBufferPointer { groups in
                guard let start = query.baseAddress, let first = groups.baseAddress else { return }
                var constants = unsafe pk_bit_query(
                    bytes: start,
                    table: first,
                    bits: terms.bits.rawValue,
                    query_sum: terms.querySum,
                    term_offset: terms.termOffset,
                    scale: terms.scale
                )
                unsafe list(rows, dimensions, ordinals, &distances) { list, out in
                    unsafe table.pointee.bit_list(list, &constants, out)
                }
            }
        }
    }

    /// Writes the codes of a vector.
    ///
    /// - Parameters:
    ///   - vector: shape [n], n at most 16,384.
    ///   - bits: of a code. One: whether the component is positive; two: how many of -threshold, 0
    ///     and threshold it is above.
    ///   - threshold: at least 0; not read with one bit.
    ///   - codes: shape [>= h].
    /// - Returns: the fit of the codes; like them the same bits at every level.
    package func encodeBits(
        _ vector: Span<Float>,
        _ bits: CodeBits,
        threshold: Float,
        into codes: inout MutableRawSpan
    ) -> BitFit {
        precondition(bits.byteCount(vector.count) <= codes.byteCount, "no room for the codes")
        // SAFETY: `codes` has room for h bytes, checked above.
        return unsafe codes.withUnsafeMutableBytes { codes in
            unsafe bitFit(vector, bits, threshold, codes.baseAddress)
        }
    }

    /// The fit of the codes that `encodeBits` would write.
    ///
    /// - Parameters:
    ///   - vector: shape [n], n at most 16,384.
    ///   - bits: of a code.
    ///   - threshold: as above.
    /// - Returns: the fit of the codes.
    package func bitFit(_ vector: Span<Float>, _ bits: CodeBits, threshold: Float) -> BitFit {
        // SAFETY: null: nothing is written.
        unsafe bitFit(vector, bits, threshold, nil)
    }

    private func bitFit(
        _ vector: Span<Float>,
        _ bits: CodeBits,
        _ threshold: Float,
        _ codes: UnsafeMutableRawPointer?
    ) -> BitFit {
        precondition(vector.count <= Int(pk_dimensions_max), "too long for 32-bit sums")
        // SAFETY: `codes` is null or has room for h bytes, which the caller checked.
        let fit = unsafe vector.withUnsafeBufferPointer { vector in
            guard let start = vector.baseAddress else {
                return pk_bit_fit(product: 0, squares: 0)
            }
            let out = unsafe codes?.assumingMemoryBound(to: UInt8.self)
            return unsafe table.pointee.bit_encode(
                start,
                vector.count,
                bits.rawValue,
                threshold,
                out
            )
        }
        return BitFit(product: fit.product, squares: fit.squares)
    }

    /// Writes the odd numbers 2c - top of stored codes.
    ///
    /// - Parameters:
    ///   - codes: shape [h].
    ///   - bits: of a code.
    ///   - numbers: shape [n].
    package func oddNumbers(
        _ codes: RawSpan,
        _ bits: CodeBits,
        into numbers: inout MutableSpan<Float>
    ) {
        precondition(codes.byteCount == bits.byteCount(numbers.count), "codes of another length")
        // SAFETY: h bytes are read and n numbers written, checked above.
        unsafe codes.withUnsafeBytes { codes in
            unsafe numbers.withUnsafeMutableBufferPointer { numbers in
                guard let from = codes.baseAddress, let to = numbers.baseAddress else { return }
                unsafe table.pointee.bit_decode(
                    from.assumingMemoryBound(to: UInt8.self),
                    numbers.count,
                    bits.rawValue,
                    to
                )
            }
        }
    }

    /// Adds unit * (code - 128) to every component.
    ///
    /// - Parameters:
    ///   - codes: shape [n].
    ///   - unit: what one unit of a code is worth.
    ///   - vector: shape [n].
    package static func add(
        _ codes: RawSpan,
        times unit: Float,
        to vector: inout MutableSpan<Float>
    ) {
        precondition(codes.byteCount == vector.count, "codes of another length")
        // SAFETY: both buffers hold `count` elements, checked above.
        unsafe codes.withUnsafeBytes { codes in
            unsafe vector.withUnsafeMutableBufferPointer { vector in
                for position in 0..<vector.count {
                    unsafe vector[position] += unit * Float(Int32(codes[position]) - 128)
                }
            }
        }
    }
}
