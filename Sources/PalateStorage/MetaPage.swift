/// One of the two first pages of `data.mdb`: what the last commit, or the one before it, left.
///
/// The layout is LMDB 0.9's on a 64-bit machine, native byte order: page header (16 bytes), magic,
/// version, address, map size, two tree records, last page, transaction.
struct MetaPage: Equatable {
    /// Bytes of a page header.
    static let headerBytes = 16
    /// Bytes of header and meta record.
    static let byteCount = 152
    /// 0xBEEFC0DE, `MDB_MAGIC`.
    static let magic: UInt32 = 0xbeef_c0de
    /// `MDB_DATA_VERSION` of 0.9.
    static let version: UInt32 = 1
    /// `MDB_INTEGERKEY`: the only flag of the free list's tree; other trees have none.
    static let freeListFlags = 0x08
    /// LMDB's page sizes: the machine's, 4 KiB on x86-64, at most 64 KiB.
    static let pageSizes = 512...65_536

    let pageBytes: Int
    let free: TreeRecord
    let main: TreeRecord
    let lastPage: UInt64
    let transaction: UInt64

    /// Reads and checks meta page `number` (0 or 1).
    init(_ page: PageImage, number: Int) throws(StorageError) {
        let place = "data.mdb meta page \(number)"
        guard page.byteCount >= Self.byteCount else { throw .corrupt(where: "\(place): cut off") }
        guard page.u32(16) == Self.magic, page.u16(10) == PageFlags.meta,
            page.u64(0) == UInt64(number)
        else { throw .corrupt(where: "\(place): not a meta page") }
        guard page.u32(20) == Self.version else { throw .versionMismatch(where: place) }
        free = TreeRecord(page, at: 40)
        main = TreeRecord(page, at: 88)
        lastPage = page.u64(136)
        transaction = page.u64(144)
        pageBytes = Int(page.u32(40))
        guard Self.pageSizes.contains(pageBytes), pageBytes.nonzeroBitCount == 1 else {
            throw .corrupt(where: "\(place): page size \(pageBytes)")
        }
        // Commit n writes page n & 1; a new file has 0 in both.
        guard transaction == 0 || transaction & 1 == UInt64(number) else {
            throw .corrupt(where: "\(place): transaction \(transaction)")
        }
        guard free.flags == Self.freeListFlags, main.flags == 0 else {
            throw .corrupt(where: "\(place): flags \(free.flags), \(main.flags)")
        }
    }

    /// Checks the roots and the page count, which only the newer page must have right.
    ///
    /// When LMDB cannot write a meta page it puts the old numbers back and leaves the new roots, so
    /// the older page may name pages that never were.
    func checkRoots() throws(StorageError) {
        // The pages must fit a map: 2^47 bytes of address space.
        guard lastPage >= 1, lastPage < (1 << 47) / UInt64(pageBytes) else {
            throw .corrupt(where: "data.mdb: last page \(lastPage)")
        }
        for tree in [free, main] {
            guard tree.isPlausible(lastPage: lastPage) else {
                throw .corrupt(where: "data.mdb: root \(tree.root), depth \(tree.depth)")
            }
        }
    }
}

/// `MDB_db`, 48 bytes: the root of a B+tree and its counts.
struct TreeRecord: Equatable {
    /// Bytes on disk.
    static let byteCount = 48
    /// The root of an empty tree.
    static let noRoot = UInt64.max
    /// `CURSOR_STACK`: the deepest tree LMDB can walk.
    static let depthMax = 32

    let flags: Int
    let depth: Int
    let branchPages: UInt64
    let leafPages: UInt64
    let overflowPages: UInt64
    let entries: UInt64
    let root: UInt64

    init(_ page: PageImage, at offset: Int) {
        flags = page.u16(offset + 4)
        depth = page.u16(offset + 6)
        branchPages = page.u64(offset + 8)
        leafPages = page.u64(offset + 16)
        overflowPages = page.u64(offset + 24)
        entries = page.u64(offset + 32)
        root = page.u64(offset + 40)
    }

    /// Whether root and depth can be followed.
    func isPlausible(lastPage: UInt64) -> Bool {
        guard root != Self.noRoot else { return depth == 0 && entries == 0 }
        return (1...Self.depthMax).contains(depth) && root >= 2 && root <= lastPage
    }
}

/// Kinds of pages (`mp_flags`) as they are on disk.
enum PageFlags {
    static let branch = 0x01
    static let leaf = 0x02
    static let overflow = 0x04
    static let meta = 0x08
}

/// Bytes read from the file, with loads in native order.
///
/// Offsets must be in range.
struct PageImage {
    let bytes: [UInt8]

    var byteCount: Int { bytes.count }

    func u16(_ offset: Int) -> Int { Int(load(offset, as: UInt16.self)) }

    func u32(_ offset: Int) -> UInt32 { load(offset, as: UInt32.self) }

    func u64(_ offset: Int) -> UInt64 { load(offset, as: UInt64.self) }

    private func load<Number: FixedWidthInteger & BitwiseCopyable>(
        _ offset: Int,
        as type: Number.Type
    ) -> Number {
        // SAFETY: the span checks the range, and every bit pattern is a number.
        unsafe bytes.span.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: type)
    }
}
