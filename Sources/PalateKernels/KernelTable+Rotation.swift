internal import CPalateKernels

/// The steps of a rotation, each in place; the same bits at every level.
extension KernelTable {
    /// Turns signs: component i becomes its negative where bit i is set.
    ///
    /// - Parameters:
    ///   - vector: shape [n].
    ///   - signs: shape [>= n / 64, rounded up]; the lowest bit of a word comes first.
    package func flipSigns(_ vector: inout MutableSpan<Float>, _ signs: Span<UInt64>) {
        precondition(vector.count <= 64 * signs.count, "too few signs")
        // SAFETY: a sign for each of `count` components, checked above.
        unsafe vector.withUnsafeMutableBufferPointer { vector in
            unsafe signs.withUnsafeBufferPointer { signs in
                guard let start = vector.baseAddress, let bits = signs.baseAddress else { return }
                unsafe table.pointee.flip_signs(start, vector.count, bits)
            }
        }
    }

    /// Replaces a block of a vector by scale * H block, H the Walsh-Hadamard matrix of +1 and -1.
    ///
    /// With scale = 1 / sqrt(count) the step is orthogonal and its own inverse. O(n log n).
    ///
    /// - Parameters:
    ///   - vector: shape [n].
    ///   - block: positions in the vector; their count is a power of two.
    ///   - scale: what the result is multiplied with.
    package func hadamard(
        _ vector: inout MutableSpan<Float>,
        _ block: Range<Int>,
        scale: Float
    ) {
        precondition(block.lowerBound >= 0 && block.upperBound <= vector.count, "past the vector")
        precondition(block.count.nonzeroBitCount == 1, "not a power of two")
        // SAFETY: the block lies inside the vector, checked above.
        unsafe vector.withUnsafeMutableBufferPointer { vector in
            guard let start = vector.baseAddress else { return }
            unsafe table.pointee.hadamard(start + block.lowerBound, block.count, scale)
        }
    }

    /// Replaces x and y, of the first and the last half, by (x + y, x - y) / sqrt(2).
    ///
    /// Orthogonal and its own inverse. The middle component of an odd count stays.
    ///
    /// - Parameter vector: shape [n].
    package func mixHalves(_ vector: inout MutableSpan<Float>) {
        // SAFETY: the kernel touches `count` components.
        unsafe vector.withUnsafeMutableBufferPointer { vector in
            guard let start = vector.baseAddress else { return }
            unsafe table.pointee.mix_halves(start, vector.count)
        }
    }
}
