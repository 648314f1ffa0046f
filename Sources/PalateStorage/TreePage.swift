/// A branch or leaf page whose nodes all lie inside it.
struct TreePage {
    /// Bytes before a node's key.
    static let nodeHeaderBytes = 8

    let image: PageImage
    let number: UInt64
    let isLeaf: Bool
    let count: Int

    /// Checks the header and the place of every node.
    init(_ image: PageImage, number: UInt64, pageBytes: Int) throws(StorageError) {
        guard image.byteCount == pageBytes else { throw Self.damage(number, "beyond the file") }
        guard image.u64(0) == number else {
            throw Self.damage(number, "says it is page \(image.u64(0))")
        }
        let flags = image.u16(10)
        guard flags == PageFlags.branch || flags == PageFlags.leaf else {
            throw Self.damage(number, "flags \(flags)")
        }
        let lower = image.u16(12)
        let upper = image.u16(14)
        guard lower >= MetaPage.headerBytes, lower % 2 == 0, lower <= upper, upper <= pageBytes
        else { throw Self.damage(number, "bounds \(lower), \(upper)") }
        self.image = image
        self.number = number
        isLeaf = flags == PageFlags.leaf
        count = (lower - MetaPage.headerBytes) / 2
        // LMDB asserts both when it descends.
        guard count >= 1 else { throw damage("\(count) nodes") }
        for index in 0..<count {
            let start = offset(index)
            guard start % 2 == 0, start >= upper, start + Self.nodeHeaderBytes <= pageBytes else {
                throw damage("node \(index) at \(start)")
            }
            let end = start + Self.nodeHeaderBytes + keyByteCount(index) + localByteCount(index)
            guard end <= pageBytes else { throw damage("node \(index) ends at \(end)") }
        }
    }

    func offset(_ index: Int) -> Int { image.u16(MetaPage.headerBytes + 2 * index) }

    func keyByteCount(_ index: Int) -> Int { image.u16(offset(index) + 6) }

    func key(_ index: Int) -> ArraySlice<UInt8> {
        let start = offset(index) + Self.nodeHeaderBytes
        return image.bytes[start..<start + keyByteCount(index)]
    }

    /// Branch: the page below.
    func child(_ index: Int) -> UInt64 {
        let start = offset(index)
        return UInt64(image.u16(start)) | UInt64(image.u16(start + 2)) << 16
            | UInt64(image.u16(start + 4)) << 32
    }

    /// Leaf: what kind of value it is.
    func nodeFlags(_ index: Int) -> Int { image.u16(offset(index) + 4) }

    /// Leaf: bytes of the value, here or in an overflow run.
    func valueByteCount(_ index: Int) -> Int {
        image.u16(offset(index)) | image.u16(offset(index) + 2) << 16
    }

    /// Leaf: where the value, or its overflow page's number, starts in this page.
    func valueOffset(_ index: Int) -> Int {
        offset(index) + Self.nodeHeaderBytes + keyByteCount(index)
    }

    private func localByteCount(_ index: Int) -> Int {
        guard isLeaf else { return 0 }
        return nodeFlags(index) & NodeFlags.overflow != 0 ? 8 : valueByteCount(index)
    }

    func damage(_ what: String) -> StorageError { Self.damage(number, what) }

    static func damage(_ number: UInt64, _ what: String) -> StorageError {
        .corrupt(where: "data.mdb page \(number): \(what)")
    }
}

/// Kinds of leaf nodes (`mn_flags`).
enum NodeFlags {
    /// The value is in a run of overflow pages.
    static let overflow = 0x01
    /// The value is a table's tree record.
    static let table = 0x02
}
