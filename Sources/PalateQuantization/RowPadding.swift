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

    /// Rows of a few lines start at lines where that costs at most this share.
    ///
    /// Measured with AVX-512 on 1-bit codes (ns per row out of memory, at lines / at words): 256
    /// components (64 or 48 bytes) 23 / 24, 784 (128 or 112) 32 / 41, 1,280 (192 or 176) 44 / 48;
    /// on 2-bit codes of 1,280 (384 or 336) 82 / 58.
    private static let shortShareMax = 5
    private static let shortBytesMax = 192

    /// Bytes from one row to the next, at least `needed`, for rows of few bits.
    static func shortStride(_ needed: Int) -> Int {
        let toLine = (needed + 63) / 64 * 64
        let isCheap = (toLine - needed) * shortShareMax <= needed
        return isCheap && toLine <= shortBytesMax ? toLine : stride(needed)
    }
}
