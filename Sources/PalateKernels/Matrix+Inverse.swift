internal import COpenBLAS

extension Matrix {
    /// Inverts a symmetric positive definite matrix in its own place.
    ///
    /// The corresponding LAPACK functions are `spotrf` and `spotri`. O(n^3): blocks for
    /// seconds above some thousand rows.
    ///
    /// - Parameters:
    ///   - matrix: shape [dimensions, dimensions]; what lies right of the diagonal is read and
    ///     replaced, with the diagonal; the rest is left alone.
    ///   - dimensions: rows of the matrix, at least 1.
    /// - Returns: false where the matrix is not positive definite; its values are then of no use.
    package static func invert(
        _ matrix: inout MutableSpan<Float>,
        dimensions: Int
    ) -> Bool {
        precondition(dimensions > 0, "no rows")
        precondition(matrix.count == dimensions * dimensions, "not [dimensions, dimensions]")
        var size = Int32(dimensions)
        var status: Int32 = 0
        // Column-major: the part right of a row-major diagonal is the lower triangle.
        var part = CChar(bitPattern: UInt8(ascii: "L"))
        // SAFETY: the shape is checked above; the letter is one byte, as stated.
        unsafe matrix.withUnsafeMutableBufferPointer { matrix in
            unsafe spotrf_(&part, &size, matrix.baseAddress, &size, &status, 1)
            guard status == 0 else { return }
            unsafe spotri_(&part, &size, matrix.baseAddress, &size, &status, 1)
        }
        return status == 0
    }
}
