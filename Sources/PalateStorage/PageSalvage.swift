import Glibc

/// What a data file still gives, entry by entry, whatever became of its pages.
///
/// Reads with `pread` and descends into every page that can be followed; damaged ones are named
/// and left out with all that is below them. LMDB itself would end the process on such a file.
/// Pages that the trees do not lead to are not searched: they hold values of older commits, whose
/// checksums are as good as those of the newest.
package struct PageSalvage: Sendable {
    /// One entry; the value's checksum is the format's business.
    package struct Entry {
        /// The table's name.
        package let table: String
        /// The key.
        package let key: [UInt8]
        /// The value.
        package let value: [UInt8]
    }

    /// Damages that are named, at most; the rest is counted.
    package static let listedMax = 1_000

    /// Something that could not be read.
    package struct Damage: Equatable, Sendable {
        /// The table; "(tables)" is the list of them, "data.mdb" the file itself.
        package let table: String
        /// The page, and what is wrong with it.
        package let what: String
    }

    /// What is wrong, page by page.
    package private(set) var damages: [Damage] = []
    /// How many there are.
    package private(set) var damageCount = 0
    /// The tables whose records could be read, and how many entries each should have.
    package private(set) var tables: [String: Int] = [:]
    /// Of these, those of which pages are missing.
    package private(set) var damagedTables: Set<String> = []

    /// Whether one meta page was damaged: the other may be that of the commit before the last.
    package private(set) var mayLackLastCommit = false

    private init() {}

    /// Visits every entry that can be read, a table after another.
    ///
    /// - Parameters:
    ///   - directory: of an environment that nobody has open.
    ///   - failingWith: the error of `body`.
    ///   - body: takes an entry; within a table in key order unless pages are damaged.
    /// - Returns: what could not be read.
    /// - Throws: what `body` throws; `corrupt` where neither meta page leads anywhere.
    package static func read<Failure: StorageFailure>(
        directory: String,
        failingWith: Failure.Type,
        _ body: (Entry) throws(Failure) -> Void
    ) throws(Failure) -> PageSalvage {
        var salvage = PageSalvage()
        let opened: (file: OpenFile, meta: MetaPage)
        do throws(StorageError) {
            let file = try OpenFile(directory: directory)
            opened = (file, try salvage.bestMeta(of: file.data))
        } catch {
            throw Failure(error)
        }
        let (file, meta) = opened
        var records: [(name: String, record: TreeRecord)] = []
        var list = LeafReader(file.data, meta, meta.main, named: "(tables)")
        while let page = list.next(&salvage) {
            for index in 0..<page.count {
                if let record = salvage.table(page, index) { records.append(record) }
            }
        }
        for (name, record) in records {
            salvage.tables[name] = Int(clamping: record.entries)
            var count: UInt64 = 0
            var leaves = LeafReader(file.data, meta, record, named: name)
            while let page = leaves.next(&salvage) {
                for index in 0..<page.count {
                    guard let value = leaves.value(page, index, &salvage) else { continue }
                    count += 1
                    try body(Entry(table: name, key: Array(page.key(index)), value: value))
                }
            }
            if count != record.entries, !salvage.damagedTables.contains(name) {
                salvage.note(name, .corrupt(where: "\(count) entries, expected \(record.entries)"))
            }
        }
        return salvage
    }

    /// The table whose record a node of the main tree holds.
    private mutating func table(
        _ page: TreePage,
        _ index: Int
    ) -> (name: String, record: TreeRecord)? {
        guard page.nodeFlags(index) == NodeFlags.table,
            page.valueByteCount(index) == TreeRecord.byteCount,
            let name = String(validating: page.key(index), as: UTF8.self)
        else {
            note("(tables)", page.damage("node \(index) is no table"))
            return nil
        }
        return (name, TreeRecord(page.image, at: page.valueOffset(index)))
    }

    /// The newer meta page, or the older one where the newer is damaged.
    private mutating func bestMeta(of file: DataFile) throws(StorageError) -> MetaPage {
        do throws(StorageError) {
            return try file.readMeta()
        } catch {
            note("data.mdb", error)
            mayLackLastCommit = true
        }
        var best: MetaPage?
        for (number, offset) in [(0, 0), (1, 4_096)] {
            do throws(StorageError) {
                let meta = try MetaPage(
                    file.read(at: offset, byteCount: MetaPage.byteCount),
                    number: number
                )
                try meta.checkRoots()
                if meta.transaction >= best?.transaction ?? 0 { best = meta }
            } catch {
                note("data.mdb", error)
            }
        }
        guard let best else { throw .corrupt(where: "data.mdb: neither meta page can be used") }
        return best
    }

    fileprivate mutating func note(_ table: String, _ error: StorageError) {
        damagedTables.insert(table)
        damageCount += 1
        guard damages.count < Self.listedMax else { return }
        if case .corrupt(let place) = error {
            damages.append(Damage(table: table, what: place))
        } else {
            damages.append(Damage(table: table, what: "\(error)"))
        }
    }
}

/// The data file, open as long as the object lives.
private final class OpenFile {
    let data: DataFile

    init(directory: String) throws(StorageError) {
        let path = DataFile.path(in: directory)
        guard let byteCount = try FileSystem.size(ofFile: path) else {
            throw .notFound(path: path)
        }
        // SAFETY: the path is copied to C for the call.
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StorageError(errno: errno, "open", at: path) }
        data = DataFile(descriptor: descriptor, byteCount: byteCount)
    }

    deinit { close(data.descriptor) }
}

/// The leaves of one tree, in order, without those that cannot be reached.
private struct LeafReader {
    private let file: DataFile
    private let meta: MetaPage
    private let name: String
    private let depth: Int
    /// Pages to descend into, the next one last.
    private var open: [(page: UInt64, depth: Int)] = []
    /// A page that two parents claim is read once.
    private var seen: Set<UInt64> = []

    init(_ file: DataFile, _ meta: MetaPage, _ record: TreeRecord, named name: String) {
        self.file = file
        self.meta = meta
        self.name = name
        depth = record.depth
        if record.root != TreeRecord.noRoot { open = [(record.root, 1)] }
    }

    mutating func next(_ salvage: inout PageSalvage) -> TreePage? {
        while let (number, level) = open.popLast() {
            do throws(StorageError) {
                let page = try read(number)
                guard page.isLeaf == (level == depth), level <= TreeRecord.depthMax else {
                    throw page.damage("depth \(level), expected \(depth)")
                }
                if page.isLeaf { return page }
                for index in (0..<page.count).reversed() {
                    open.append((page.child(index), level + 1))
                }
            } catch {
                salvage.note(name, error)
            }
        }
        return nil
    }

    /// A leaf node's value, from the page or from its overflow run.
    func value(_ page: TreePage, _ index: Int, _ salvage: inout PageSalvage) -> [UInt8]? {
        let byteCount = page.valueByteCount(index)
        let offset = page.valueOffset(index)
        do throws(StorageError) {
            guard tableKeyBytes.contains(page.key(index).count) else {
                throw page.damage("key \(index) of \(page.key(index).count) bytes")
            }
            switch page.nodeFlags(index) {
            case 0: return Array(page.image.bytes[offset..<offset + byteCount])
            case NodeFlags.overflow: return try run(page.image.u64(offset), byteCount)
            default: throw page.damage("node \(index) has flags \(page.nodeFlags(index))")
            }
        } catch {
            salvage.note(name, error)
            return nil
        }
    }

    private mutating func read(_ number: UInt64) throws(StorageError) -> TreePage {
        try check(number)
        guard seen.insert(number).inserted else { throw TreePage.damage(number, "used twice") }
        let image = try file.read(at: Int(number) * meta.pageBytes, byteCount: meta.pageBytes)
        return try TreePage(image, number: number, pageBytes: meta.pageBytes)
    }

    private func run(_ start: UInt64, _ byteCount: Int) throws(StorageError) -> [UInt8] {
        try check(start)
        let offset = Int(start) * meta.pageBytes
        guard byteCount <= Environment.valueBytesMax, byteCount <= file.byteCount - offset else {
            throw TreePage.damage(start, "a run for \(byteCount) bytes, beyond the file")
        }
        let run = try file.read(at: offset, byteCount: MetaPage.headerBytes + byteCount)
        guard run.byteCount == MetaPage.headerBytes + byteCount, run.u64(0) == start,
            run.u16(10) == PageFlags.overflow
        else { throw TreePage.damage(start, "not an overflow page") }
        return Array(run.bytes.dropFirst(MetaPage.headerBytes))
    }

    private func check(_ number: UInt64) throws(StorageError) {
        guard number >= 2, number < UInt64(file.byteCount / meta.pageBytes) else {
            throw TreePage.damage(number, "out of range")
        }
    }
}
