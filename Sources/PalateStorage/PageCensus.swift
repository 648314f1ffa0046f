/// Every page of a data file, accounted for: the walk behind `verify` and the check at open.
///
/// Follows both trees of the last commit and every table. Checks that pages are what they say, that
/// nodes and runs lie inside pages and file, that keys ascend, that no page is used twice or both
/// used and free, and that the counts in the tree records are right. What it cannot see is damage
/// inside values: those carry checksums of their own.
package struct PageCensus: Equatable, Sendable {
    /// Pages up to the last one ever used, the two meta pages included.
    package private(set) var pages = 0
    /// Branch and leaf pages.
    package private(set) var treePages = 0
    /// Pages of values above about 2 KB.
    package private(set) var overflowPages = 0
    /// Pages on the free list.
    package private(set) var freePages = 0
    /// Tables.
    package private(set) var tables = 0
    /// Entries of all tables.
    package private(set) var entries = 0

    /// Pages that nothing refers to: lost space, harmless.
    package var leakedPages: Int { pages - 2 - treePages - overflowPages - freePages }

    /// Walks the file of an environment that nobody is writing to; nil when there is no file.
    package static func take(directory: String) throws(StorageError) -> PageCensus? {
        try DataFile.open(directory: directory) { file throws(StorageError) in
            try walk(file, file.readMeta())
        }
    }

    static func walk(_ file: DataFile, _ meta: MetaPage) throws(StorageError) -> PageCensus {
        var walk = PageWalk(file, meta)
        var census = PageCensus()
        census.pages = Int(meta.lastPage) + 1
        var freeList = try walk.tree(meta.free, .freeList, named: "(free pages)")
        let all = try walk.tree(meta.main, .tableList, named: "(tables)")
        var trees = [freeList, all]
        for table in all.tables {
            let tree = try walk.tree(table.record, .table, named: table.name)
            census.entries += tree.entries
            trees.append(tree)
        }
        census.tables = all.tables.count
        census.treePages = trees.reduce(0) { $0 + $1.branchPages + $1.leafPages }
        census.overflowPages = trees.reduce(0) { $0 + $1.overflowPages }
        for record in freeList.takeFreeRecords() { census.freePages += try walk.markFree(record) }
        try walk.checkEnd()
        return census
    }
}
