internal import COpenBLAS

/// All pairs of two sets of vectors by OpenBLAS: training and ground truth, never a query's path.
///
/// Results differ in the last bits between processors (OpenBLAS picks kernels by core type).
package enum Matrix {
    /// Writes all inner products: left times right transposed.
    ///
    /// - Parameters:
    ///   - left: row-major, shape [leftCount, dimensions].
    ///   - leftCount: rows of `left`.
    ///   - right: row-major, shape [rightCount, dimensions].
    ///   - rightCount: rows of `right`.
    ///   - dimensions: components of a row.
    ///   - products: row-major, shape [leftCount, rightCount].
    package static func innerProducts(
        left: Span<Float>,
        leftCount: Int,
        right: Span<Float>,
        rightCount: Int,
        dimensions: Int,
        into products: inout MutableSpan<Float>
    ) {
        precondition(left.count == leftCount * dimensions, "left is not [leftCount, dimensions]")
        precondition(
            right.count == rightCount * dimensions,
            "right is not [rightCount, dimensions]"
        )
        precondition(products.count >= leftCount * rightCount, "no room for the products")
        guard leftCount > 0, rightCount > 0 else { return }
        // SAFETY: the three shapes are checked above.
        unsafe left.withUnsafeBufferPointer { left in
            unsafe right.withUnsafeBufferPointer { right in
                unsafe products.withUnsafeMutableBufferPointer { products in
                    unsafe cblas_sgemm(
                        CblasRowMajor,
                        CblasNoTrans,
                        CblasTrans,
                        Int32(leftCount),
                        Int32(rightCount),
                        Int32(dimensions),
                        1,
                        left.baseAddress,
                        Int32(dimensions),
                        right.baseAddress,
                        Int32(dimensions),
                        0,
                        products.baseAddress,
                        Int32(rightCount)
                    )
                }
            }
        }
    }

    /// Adds a vector to another, component by component.
    ///
    /// - Parameters:
    ///   - vector: shape [n].
    ///   - sum: shape [n].
    package static func add(_ vector: Span<Float>, to sum: inout MutableSpan<Float>) {
        precondition(vector.count == sum.count, "vectors of two lengths")
        // SAFETY: the lengths are compared above.
        unsafe vector.withUnsafeBufferPointer { vector in
            unsafe sum.withUnsafeMutableBufferPointer { sum in
                unsafe cblas_saxpy(
                    Int32(vector.count),
                    1,
                    vector.baseAddress,
                    1,
                    sum.baseAddress,
                    1
                )
            }
        }
    }

    /// Sets how many threads OpenBLAS may use, for the whole process.
    package static func setThreads(_ count: Int) {
        openblas_set_num_threads(Int32(count))
    }
}
