internal import CPalateKernels

extension KernelTable {
    /// Writes the codes of a vector.
    ///
    /// - Parameters:
    ///   - vector: shape [n], n at most 16,384.
    ///   - grid: the codes' meaning.
    ///   - flip: what every stored byte is xored with: 0 for rows; 0x80 for queries, whose bytes
    ///     are then code - 128 as int8.
    ///   - codes: shape [>= n].
    /// - Returns: sums over the codes before the flip. The same at every level.
    package func encode(
        _ vector: Span<Float>,
        on grid: CodeGrid,
        flip: UInt8 = 0,
        into codes: inout MutableRawSpan
    ) -> CodeGrid.Sums {
        precondition(vector.count <= Int(pk_dimensions_max), "too long for 32-bit sums")
        precondition(vector.count <= codes.byteCount, "no room for the codes")
        var constants = pk_grid(unit: grid.unit, low: grid.low, inverse: 1 / grid.step)
        // SAFETY: `codes` has room for `count` bytes, checked above.
        let sums = unsafe vector.withUnsafeBufferPointer { vector in
            unsafe codes.withUnsafeMutableBytes { codes in
                guard let from = vector.baseAddress, let to = codes.baseAddress else {
                    return pk_code_sums(sum: 0, squares: 0)
                }
                return unsafe table.pointee.encode(
                    from,
                    vector.count,
                    &constants,
                    flip,
                    to.assumingMemoryBound(to: UInt8.self)
                )
            }
        }
        return CodeGrid.Sums(codes: sums.sum, squares: sums.squares)
    }

    /// Copies stored codes as a query's bytes: code - 128 as int8.
    ///
    /// - Parameters:
    ///   - codes: shape [n].
    ///   - query: shape [>= n].
    package static func flip(_ codes: RawSpan, into query: inout MutableSpan<UInt8>) {
        precondition(codes.byteCount <= query.count, "no room for the query")
        // SAFETY: `position` is one of the buffer's own indices.
        unsafe codes.withUnsafeBytes { codes in
            for position in codes.indices {
                query[position] = unsafe codes[position] ^ 0x80
            }
        }
    }

    /// Writes the values of codes: low + step * code.
    ///
    /// - Parameters:
    ///   - codes: shape [n].
    ///   - grid: the codes' meaning; its `unit` is not undone.
    ///   - vector: shape [>= n]. The same at every level.
    package func decode(
        _ codes: RawSpan,
        on grid: CodeGrid,
        into vector: inout MutableSpan<Float>
    ) {
        precondition(codes.byteCount <= vector.count, "no room for the values")
        // SAFETY: `vector` has room for every value, checked above.
        unsafe codes.withUnsafeBytes { codes in
            unsafe vector.withUnsafeMutableBufferPointer { vector in
                guard let from = codes.baseAddress, let to = vector.baseAddress else { return }
                unsafe table.pointee.code_decode(
                    from.assumingMemoryBound(to: UInt8.self),
                    codes.count,
                    grid.low,
                    grid.step,
                    to
                )
            }
        }
    }

    /// Writes a vector times a factor as little-endian floats, any alignment.
    ///
    /// - Parameters:
    ///   - vector: shape [n].
    ///   - factor: what every component is multiplied with.
    ///   - bytes: shape [>= 4n].
    package static func scale(
        _ vector: Span<Float>,
        by factor: Float,
        into bytes: inout MutableRawSpan
    ) {
        precondition(4 * vector.count <= bytes.byteCount, "no room for the values")
        // SAFETY: 4 * count bytes are there, checked above; the store takes any alignment.
        unsafe bytes.withUnsafeMutableBytes { bytes in
            for position in vector.indices {
                let bits = (vector[position] * factor).bitPattern.littleEndian
                unsafe bytes.storeBytes(of: bits, toByteOffset: 4 * position, as: UInt32.self)
            }
        }
    }

    /// Reads little-endian floats, any alignment.
    ///
    /// - Parameters:
    ///   - bytes: shape [4n].
    ///   - vector: shape [>= n].
    package static func load(_ bytes: RawSpan, into vector: inout MutableSpan<Float>) {
        precondition(bytes.byteCount <= 4 * vector.count, "no room for the values")
        // SAFETY: inside by the loop's bound; the load takes any alignment.
        unsafe bytes.withUnsafeBytes { bytes in
            for position in 0..<bytes.count / 4 {
                let bits = unsafe bytes.loadUnaligned(
                    fromByteOffset: 4 * position,
                    as: UInt32.self
                )
                vector[position] = Float(bitPattern: UInt32(littleEndian: bits))
            }
        }
    }
}
