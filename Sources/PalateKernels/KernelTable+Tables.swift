internal import CPalateKernels

extension KernelTable {
    /// Writes all inner products of two small tables of rows: left times right transposed.
    ///
    /// For a query's path: nothing is packed, and no thread asked, as `Matrix` may.
    ///
    /// - Parameters:
    ///   - left: row-major, shape [l, dimensions].
    ///   - right: row-major, shape [r, dimensions].
    ///   - dimensions: components of a row, at least 1.
    ///   - products: row-major, shape [>= l * r].
    package func innerProducts(
        left: Span<Float>,
        right: Span<Float>,
        dimensions: Int,
        into products: inout MutableSpan<Float>
    ) {
        let (leftCount, rightCount) = (left.count / dimensions, right.count / dimensions)
        precondition(left.count == leftCount * dimensions, "left is not [l, dimensions]")
        precondition(right.count == rightCount * dimensions, "right is not [r, dimensions]")
        precondition(leftCount * rightCount <= products.count, "no room for the products")
        // SAFETY: both tables hold whole rows and `products` has room, checked above.
        unsafe left.withUnsafeBufferPointer { left in
            unsafe right.withUnsafeBufferPointer { right in
                unsafe products.withUnsafeMutableBufferPointer { products in
                    guard let from = left.baseAddress, let other = right.baseAddress,
                        let out = products.baseAddress
                    else { return }
                    unsafe table.pointee.inner_product_table(
                        from,
                        leftCount,
                        other,
                        rightCount,
                        dimensions,
                        out
                    )
                }
            }
        }
    }
}
