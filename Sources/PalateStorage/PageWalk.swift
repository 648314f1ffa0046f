/// The three kinds of trees in a data file.
enum TreeKind {
    /// Commit number -> the pages it freed.
    case freeList
    /// Name -> the table's tree record.
    case tableList
    /// A table.
    case table
}

/// What one tree holds.
struct TreeCount {
    var branchPages = 0
    var leafPages = 0
    var overflowPages = 0
    var entries = 0
    /// Of the main tree: the named tables.
    var tables: [(name: String, record: TreeRecord)] = []
    /// Of the free list: the values, read whole.
    private var freeRecords: [PageImage] = []

    mutating func addFreeRecord(_ record: PageImage) { freeRecords.append(record) }

    mutating func takeFreeRecords() -> [PageImage] {
        defer { freeRecords = [] }
        return freeRecords
    }
}

/// Walks trees of a data file, remembering which pages it has seen.
struct PageWalk {
    private let file: DataFile
    private let meta: MetaPage
    /// Whole pages in the file.
    private let filePages: Int
    /// One bit per page of the file.
    private var seen: [UInt64]
    /// Free pages beyond the end of the file: taken and given back before they were written.
    private var unwrittenPages = 0

    /// The tree being walked, and how far the walk is in it.
    private struct Position {
        let name: String
        let record: TreeRecord
        let kind: TreeKind
        var count = TreeCount()
        /// The last leaf key, which the next one must exceed.
        var lastKey: ArraySlice<UInt8>?
        /// The separator on the way down, which keys must not be below.
        var lowestKey: ArraySlice<UInt8>?
    }

    init(_ file: DataFile, _ meta: MetaPage) {
        self.file = file
        self.meta = meta
        // Bounded by the file, whatever the meta page claims.
        filePages = file.byteCount / meta.pageBytes
        seen = [UInt64](repeating: 0, count: filePages / 64 + 1)
    }

    /// Walks one tree and compares it with its record.
    mutating func tree(
        _ record: TreeRecord,
        _ kind: TreeKind,
        named name: String
    ) throws(StorageError) -> TreeCount {
        guard record.flags == (kind == .freeList ? MetaPage.freeListFlags : 0),
            record.isPlausible(lastPage: meta.lastPage)
        else {
            throw .corrupt(where: "table \(name): flags \(record.flags), root \(record.root)")
        }
        var position = Position(name: name, record: record, kind: kind)
        if record.root != TreeRecord.noRoot { try descend(record.root, depth: 1, &position) }
        let count = position.count
        let matches =
            UInt64(count.branchPages) == record.branchPages
            && UInt64(count.leafPages) == record.leafPages
            && UInt64(count.overflowPages) == record.overflowPages
            && UInt64(count.entries) == record.entries
        guard matches else {
            throw .corrupt(where: "table \(name): \(count.entries) entries of \(record.entries)")
        }
        return count
    }

    private mutating func descend(
        _ number: UInt64,
        depth: Int,
        _ position: inout Position
    ) throws(StorageError) {
        try mark(number, "tree page of \(position.name)")
        let bytes = meta.pageBytes
        let image = try file.read(at: Int(number) * bytes, byteCount: bytes)
        let page = try TreePage(image, number: number, pageBytes: bytes)
        guard page.isLeaf == (depth == position.record.depth) else {
            throw page.damage("depth \(depth) of \(position.record.depth)")
        }
        if page.isLeaf {
            position.count.leafPages += 1
            try visitLeaf(page, &position)
            return
        }
        position.count.branchPages += 1
        // LMDB asserts two children, except in the free list.
        guard page.count >= 2 || position.kind == .freeList else { throw page.damage("one child") }
        for index in 0..<page.count {
            if index > 0 {
                let separator = page.key(index)
                if let last = position.lastKey, !precedes(last, separator, position) {
                    throw page.damage("separator \(index) is not above the keys before it")
                }
                position.lowestKey = separator
            }
            try descend(page.child(index), depth: depth + 1, &position)
        }
    }

    private mutating func visitLeaf(
        _ page: TreePage,
        _ position: inout Position
    ) throws(StorageError) {
        let lengths = position.kind == .freeList ? 8...8 : tableKeyBytes
        for index in 0..<page.count {
            let key = page.key(index)
            guard lengths.contains(key.count) else {
                throw page.damage("key \(index) of \(key.count) bytes")
            }
            if let last = position.lastKey, !precedes(last, key, position) {
                throw page.damage("key \(index) is out of order")
            }
            if let lowest = position.lowestKey, precedes(key, lowest, position) {
                throw page.damage("key \(index) is below its separator")
            }
            position.lastKey = key
            position.count.entries += 1
            try visitValue(page, index, &position)
        }
    }

    private mutating func visitValue(
        _ page: TreePage,
        _ index: Int,
        _ position: inout Position
    ) throws(StorageError) {
        let byteCount = page.valueByteCount(index)
        let offset = page.valueOffset(index)
        switch page.nodeFlags(index) {
        case 0:
            guard position.kind == .freeList else { return }
            let bytes = Array(page.image.bytes[offset..<offset + byteCount])
            position.count.addFreeRecord(PageImage(bytes: bytes))
        case NodeFlags.overflow:
            let start = page.image.u64(offset)
            position.count.overflowPages += try visitRun(start, byteCount, position.name)
            guard position.kind == .freeList else { return }
            let place = Int(start) * meta.pageBytes + MetaPage.headerBytes
            position.count.addFreeRecord(try file.read(at: place, byteCount: byteCount))
        case NodeFlags.table where position.kind == .tableList:
            guard byteCount == TreeRecord.byteCount,
                let name = String(validating: page.key(index), as: UTF8.self)
            else { throw page.damage("table record \(index)") }
            position.count.tables.append((name, TreeRecord(page.image, at: offset)))
        default: throw page.damage("node \(index) has flags \(page.nodeFlags(index))")
        }
    }

    /// Checks a run of overflow pages and returns its length.
    private mutating func visitRun(
        _ start: UInt64,
        _ byteCount: Int,
        _ name: String
    ) throws(StorageError) -> Int {
        try mark(start, "overflow page of \(name)")
        let offset = Int(start) * meta.pageBytes
        let header = try file.read(at: offset, byteCount: MetaPage.headerBytes)
        guard header.byteCount == MetaPage.headerBytes, header.u64(0) == start,
            header.u16(10) == PageFlags.overflow
        else { throw TreePage.damage(start, "not an overflow page of \(name)") }
        // A value replaced by a shorter one keeps its run, so the run may be longer than needed.
        let pages = Int(header.u32(12))
        let needed = (MetaPage.headerBytes - 1 + byteCount) / meta.pageBytes + 1
        guard pages >= needed, offset + pages * meta.pageBytes <= file.byteCount else {
            throw TreePage.damage(start, "a run of \(pages) pages for \(byteCount) bytes")
        }
        for next in 1..<max(pages, 1) { try mark(start + UInt64(next), "overflow page of \(name)") }
        return pages
    }

    /// Checks one record of the free list, `[count, page, page, ...]`, and returns its count.
    mutating func markFree(_ record: PageImage) throws(StorageError) -> Int {
        let room = record.byteCount / 8
        guard room >= 1, record.u64(0) < UInt64(room) else {
            throw .corrupt(where: "data.mdb: a free list record of \(record.byteCount) bytes")
        }
        let count = Int(record.u64(0))
        var above = meta.lastPage + 1
        for index in 1..<count + 1 {
            let number = record.u64(8 * index)
            guard number >= 2, number < above else {
                throw TreePage.damage(number, "free, and out of order or range")
            }
            above = number
            if number < UInt64(filePages) {
                try mark(number, "free page")
            } else {
                unwrittenPages += 1
            }
        }
        return count
    }

    /// Checks that all pages beyond the end of the file are free; call after `markFree`.
    func checkEnd() throws(StorageError) {
        let missing = Int(meta.lastPage) + 1 - filePages
        guard missing <= unwrittenPages else {
            throw .corrupt(where: "data.mdb: ends at page \(filePages) of \(meta.lastPage + 1)")
        }
    }

    private mutating func mark(_ number: UInt64, _ what: String) throws(StorageError) {
        guard number >= 2, number <= meta.lastPage else {
            throw TreePage.damage(number, "\(what), and out of range")
        }
        guard number < UInt64(filePages) else {
            throw TreePage.damage(number, "\(what), and beyond the end of the file")
        }
        let bit = UInt64(1) << (number % 64)
        guard seen[Int(number / 64)] & bit == 0 else {
            throw TreePage.damage(number, "\(what), and already used")
        }
        seen[Int(number / 64)] |= bit
    }

    /// Key order: bytes, or numbers in the free list.
    private func precedes(
        _ left: ArraySlice<UInt8>,
        _ right: ArraySlice<UInt8>,
        _ position: Position
    ) -> Bool {
        guard position.kind == .freeList else { return left.lexicographicallyPrecedes(right) }
        guard left.count == 8, right.count == 8 else { return false }
        return PageImage(bytes: Array(left)).u64(0) < PageImage(bytes: Array(right)).u64(0)
    }
}
