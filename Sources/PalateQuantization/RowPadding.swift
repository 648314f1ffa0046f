/// How long a row is made: rows that start at cache lines cost fewer misses.
enum RowPadding {
    /// Rows start at cache lines where that costs at most this share of bytes, else at words.
    ///
    /// Measured with AVX-512 on 8-bit codes (ns per row, at lines / at words): 784 components 8.8
    /// / 10.8 out of the second cache and 57 / 59 out of memory; 128 components 3.9 / 4.4 and
    /// 24 / 23, for 41 % more bytes.
    private static let paddingShareMax = 16

    /// Bytes from one row to the next, at least `needed`.
    static func stride(_ needed: Int) -> Int {
        let toLine = (needed + 63) / 64 * 64
        let isCheap = (toLine - needed) * paddingShareMax <= needed
        return isCheap ? toLine : (needed + 7) / 8 * 8
    }
}
