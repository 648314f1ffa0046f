internal import CPalateKernels
package import PalateModel

/// Rows of 13-bit codes: the upper four bits are those of a row of 4-bit codes, which may lie in
/// rows of their own; nine lower bits a component and three floats a, s and w follow.
///
/// `CPalateKernels.h` has what a code stands for: z, in cells of the row's own size s, of which the
/// outermost two are w wide.
extension KernelTable {
    /// Bytes of the lower bits of so many components, and of a, s and w behind them.
    package static func thirteenBytes(dimensions: Int) -> Int {
        dimensions + (dimensions + 7) / 8 + thirteenTermBytes
    }

    private static let thirteenTermBytes = 12

    /// Writes `(offset + a) - scale * s * <query, z>` for every listed row.
    ///
    /// - Parameters:
    ///   - query: shape [n], n at most 16,384.
    ///   - offset: added to every distance.
    ///   - scale: what products count.
    ///   - nibbles: rows that start with the upper bits; as many as `rows`, or more.
    ///   - rows: of lower bits and terms.
    ///   - lowOffset: where these start in a row.
    ///   - ordinals: shape [m], each below `rows.capacity`.
    ///   - distances: shape [>= m]. The same at every level.
    package func thirteenDistances(
        _ query: Span<Float>,
        offset: Float,
        scale: Float,
        nibbles: RowArena,
        _ rows: RowArena,
        at lowOffset: Int,
        _ ordinals: Span<Ordinal>,
        into distances: inout MutableSpan<Float>
    ) {
        let dimensions = query.count
        precondition((dimensions + 1) / 2 <= nibbles.stride, "rows shorter than the query")
        let byteCount = Self.thirteenBytes(dimensions: dimensions)
        precondition(lowOffset >= 0 && lowOffset + byteCount <= rows.stride, "lower bits outside")
        precondition(nibbles.capacity >= rows.capacity, "fewer rows of upper bits")
        // SAFETY: `list` checks every row; upper bits, lower bits and terms lie inside theirs.
        unsafe query.withUnsafeBufferPointer { query in
            guard let start = query.baseAddress else { return }
            var constants = unsafe pk_thirteen_query(
                query: start,
                nibbles: nibbles.memory.base.assumingMemoryBound(to: UInt8.self),
                nibble_stride: nibbles.stride,
                low_offset: lowOffset,
                offset: offset,
                scale: scale
            )
            unsafe list(rows, dimensions, ordinals, &distances) { list, out in
                unsafe table.pointee.thirteen_list(list, &constants, out)
            }
        }
    }

    /// Writes the lower bits of the codes whose upper bits `encodeNibbles` makes, and w.
    ///
    /// - Parameters:
    ///   - vector: shape [n], finite.
    ///   - factor: cells per unit of value.
    ///   - bytes: shape [>= thirteenBytes(dimensions: n)]; a and s stay.
    /// - Returns: <vector, z>.
    package static func encodeThirteens(
        _ vector: Span<Float>,
        by factor: Float,
        into bytes: inout MutableRawSpan
    ) -> Float {
        let termOffset = thirteenBytes(dimensions: vector.count) - thirteenTermBytes
        precondition(termOffset + thirteenTermBytes <= bytes.byteCount, "no room for the codes")
        // SAFETY: room for the lower bits, checked above.
        let fit = unsafe vector.withUnsafeBufferPointer { vector in
            unsafe bytes.withUnsafeMutableBytes { bytes in
                guard let from = vector.baseAddress, let to = bytes.baseAddress else {
                    return pk_thirteen_fit(product: 0, width: 1)
                }
                let low = unsafe to.assumingMemoryBound(to: UInt8.self)
                return unsafe pk_thirteen_encode(from, vector.count, factor, low)
            }
        }
        bytes.setInteger(fit.width.bitPattern, at: termOffset + 8)
        return fit.product
    }

    /// Writes z of one row.
    ///
    /// - Parameters:
    ///   - nibbles: shape [>= (n + 1) / 2]: the upper bits.
    ///   - low: shape [>= thirteenBytes(dimensions: n)].
    ///   - vector: shape [n].
    package static func decodeThirteens(
        _ nibbles: RawSpan,
        _ low: RawSpan,
        into vector: inout MutableSpan<Float>
    ) {
        let count = vector.count
        precondition((count + 1) / 2 <= nibbles.byteCount, "too few upper bits")
        precondition(thirteenBytes(dimensions: count) <= low.byteCount, "too few lower bits")
        // SAFETY: as many bytes as the function reads, checked above.
        unsafe nibbles.withUnsafeBytes { nibbles in
            unsafe low.withUnsafeBytes { low in
                unsafe vector.withUnsafeMutableBufferPointer { vector in
                    guard let upper = nibbles.baseAddress, let lower = low.baseAddress,
                        let out = vector.baseAddress
                    else { return }
                    unsafe pk_thirteen_decode(
                        upper.assumingMemoryBound(to: UInt8.self),
                        lower.assumingMemoryBound(to: UInt8.self),
                        count,
                        out
                    )
                }
            }
        }
    }
}
