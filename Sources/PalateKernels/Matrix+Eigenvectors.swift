internal import COpenBLAS

extension Matrix {
    /// Adds the products of all pairs of columns: moments += rows transposed times rows.
    ///
    /// - Parameters:
    ///   - rows: row-major, shape [count, dimensions].
    ///   - dimensions: components of a row.
    ///   - moments: shape [dimensions, dimensions], symmetric; of each pair of places, only the one
    ///     right of the diagonal is written.
    package static func addMoments(
        _ rows: Span<Float>,
        dimensions: Int,
        into moments: inout MutableSpan<Float>
    ) {
        precondition(dimensions > 0 && rows.count % dimensions == 0, "not whole rows")
        precondition(moments.count == dimensions * dimensions, "not [dimensions, dimensions]")
        guard !rows.isEmpty else { return }
        // SAFETY: both shapes are checked above.
        unsafe rows.withUnsafeBufferPointer { rows in
            unsafe moments.withUnsafeMutableBufferPointer { moments in
                unsafe cblas_ssyrk(
                    CblasRowMajor,
                    CblasUpper,
                    CblasTrans,
                    Int32(dimensions),
                    Int32(rows.count / dimensions),
                    1,
                    rows.baseAddress,
                    Int32(dimensions),
                    1,
                    moments.baseAddress,
                    Int32(dimensions)
                )
            }
        }
    }

    /// The eigenvectors of the largest eigenvalues of a symmetric matrix, the largest first.
    ///
    /// The corresponding LAPACK function is `ssyevr`. O(n^3); blocks for seconds above 1,000.
    ///
    /// - Parameters:
    ///   - moments: shape [dimensions, dimensions]; what lies right of the diagonal is read, all of
    ///     it is destroyed.
    ///   - dimensions: rows of the matrix.
    ///   - count: eigenvectors wanted; 1...dimensions.
    /// - Returns: row-major, shape [count, dimensions], rows of unit length; nil where LAPACK finds
    ///   no such vectors, as in a matrix that is not finite.
    package static func leadingEigenvectors(
        of moments: inout MutableSpan<Float>,
        dimensions: Int,
        count: Int
    ) -> [Float]? {
        leadingEigenpairs(of: &moments, dimensions: dimensions, count: count)?.vectors
    }

    /// As `leadingEigenvectors`, with the eigenvalues, shape [count].
    package static func leadingEigenpairs(
        of moments: inout MutableSpan<Float>,
        dimensions: Int,
        count: Int
    ) -> (values: [Float], vectors: [Float])? {
        precondition(moments.count == dimensions * dimensions, "not [dimensions, dimensions]")
        precondition(count >= 1 && count <= dimensions, "no such number of eigenvectors")
        var vectors = [Float](repeating: 0, count: count * dimensions)
        var values = [Float](repeating: 0, count: dimensions)
        var workCount: Float = 0
        var integerCount: Int32 = 0
        // SAFETY: `solve` states what each length means; these two hold the answer to a query.
        let asked = unsafe withUnsafeMutablePointer(to: &workCount) { work in
            unsafe withUnsafeMutablePointer(to: &integerCount) { integers in
                unsafe solve(
                    &moments,
                    dimensions,
                    count,
                    &values,
                    &vectors,
                    work,
                    -1,
                    integers,
                    -1
                )
            }
        }
        guard asked else { return nil }
        var work = [Float](repeating: 0, count: max(Int(workCount), 1))
        var integers = [Int32](repeating: 0, count: max(Int(integerCount), 1))
        // SAFETY: as long as LAPACK asked for.
        let solved = unsafe work.withUnsafeMutableBufferPointer { work in
            unsafe integers.withUnsafeMutableBufferPointer { integers -> Bool in
                guard let first = work.baseAddress, let other = integers.baseAddress else {
                    return false
                }
                return unsafe solve(
                    &moments,
                    dimensions,
                    count,
                    &values,
                    &vectors,
                    first,
                    Int32(work.count),
                    other,
                    Int32(integers.count)
                )
            }
        }
        guard solved, vectors.allSatisfy(\.isFinite) else { return nil }
        // LAPACK has the smallest first.
        let order = (0..<count).reversed()
        return (
            order.map { values[$0] },
            order.flatMap { vectors[$0 * dimensions..<($0 + 1) * dimensions] }
        )
    }

    /// One call of `ssyevr`; with lengths of -1 it only writes how much it needs.
    private static func solve(
        _ moments: inout MutableSpan<Float>,
        _ dimensions: Int,
        _ count: Int,
        _ values: inout [Float],
        _ vectors: inout [Float],
        _ work: UnsafeMutablePointer<Float>,
        _ workCount: Int32,
        _ integers: UnsafeMutablePointer<Int32>,
        _ integerCount: Int32
    ) -> Bool {
        var size = Int32(dimensions)
        var first = size - Int32(count) + 1
        var last = size
        var unused: Float = 0
        var found: Int32 = 0
        var status: Int32 = 0
        var (workCount, integerCount) = (workCount, integerCount)
        var supports = [Int32](repeating: 0, count: 2 * count)
        // Column-major: the part right of a row-major diagonal is the lower triangle.
        var (job, range, part) = (UInt8(ascii: "V"), UInt8(ascii: "I"), UInt8(ascii: "L"))
        // SAFETY: matrix, values, vectors and supports have the shapes LAPACK documents for n and
        // count; the caller vouches for the two work arrays; letters are one byte, as stated.
        unsafe moments.withUnsafeMutableBufferPointer { moments in
            unsafe withUnsafePointer(to: &job) { job in
                unsafe withUnsafePointer(to: &range) { range in
                    unsafe withUnsafePointer(to: &part) { part in
                        unsafe ssyevr_(
                            UnsafeRawPointer(job).assumingMemoryBound(to: CChar.self),
                            UnsafeRawPointer(range).assumingMemoryBound(to: CChar.self),
                            UnsafeRawPointer(part).assumingMemoryBound(to: CChar.self),
                            &size,
                            moments.baseAddress,
                            &size,
                            &unused,
                            &unused,
                            &first,
                            &last,
                            &unused,
                            &found,
                            &values,
                            &vectors,
                            &size,
                            &supports,
                            work,
                            &workCount,
                            integers,
                            &integerCount,
                            &status,
                            1,
                            1,
                            1
                        )
                    }
                }
            }
        }
        // A query for lengths finds nothing.
        return status == 0 && (workCount < 0 || found == Int32(count))
    }
}
