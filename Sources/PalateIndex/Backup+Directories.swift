package import PalateModel
import PalateStorage

extension DataDirectory {
    /// Backs up this directory, or one collection of it, while everything goes on: the live
    /// generations and taste.
    ///
    /// Blocks for as long as the copy takes: call it off event loops and writers.
    ///
    /// - Throws: `.request(.unknownCollection)`, `.request(.backupExists)`, and what the disk says.
    package func backup(_ order: BackupOrder) throws(IndexError) -> BackupReceipt {
        var run = try BackupRun(order, serverID: serverID)
        let copy = try CatalogCopy(beside: order.target)
        // The catalog and the list of collections are those of one moment. A collection dropped
        // after it is copied all the same: its files live as long as somebody has them open.
        let held = try changes.withWriteLock { _ throws(IndexError) in
            try copy.take(from: catalog)
            return collections
        }
        let kept = held.filter { $0.info.schema.name == order.collection ?? $0.info.schema.name }
        try copy.keep(order.collection)
        try copy.keepLiveGenerations()
        let directory = path
        return try run.run(
            catalog: copy.path,
            kept.flatMap { collection in
                [collection.store.environment, collection.taste.tables.environment].map {
                    BackupSource(
                        directory: String($0.path.dropFirst(directory.utf8.count + 1)),
                        environment: $0
                    )
                }
            }
        )
    }
}

/// Backs up a directory that no server has open.
package enum StoppedBackup {
    /// Takes the lock of the directory at `path` and copies it, or one collection of it.
    ///
    /// - Throws: as `DataDirectory.backup`, and where somebody has the directory.
    package static func run(
        path: String,
        _ order: BackupOrder
    ) throws(IndexError) -> BackupReceipt {
        let directory = try ClosedDirectory(path: path)
        let catalog = try Catalog(path: path + "/catalog", readOnly: true)
        var run = try BackupRun(order, serverID: try catalog.serverID())
        let copy = try CatalogCopy(beside: order.target == "-" ? path + "/backup" : order.target)
        try copy.take(from: catalog)
        try copy.keep(order.collection)
        var sources: [BackupSource] = []
        for entry in directory.entries
        where entry.schema.name == order.collection ?? entry.schema.name {
            for name in try directory.environments(of: entry) {
                sources.append(
                    BackupSource(
                        directory: name,
                        environment: try stored { () throws(StorageError) in
                            try Environment(
                                path: path + "/" + name,
                                mapBytes: 1 << 20,
                                tables: 64,
                                readOnly: true
                            )
                        }
                    )
                )
            }
        }
        return try run.run(catalog: copy.path, sources)
    }
}

/// A copy of the catalog, which a backup changes without touching the original; gone with the
/// object.
private final class CatalogCopy {
    let path: String

    init(beside target: String) throws(IndexError) {
        let path = partialPath(of: target) + "-catalog"
        self.path = path
        try stored { () throws(StorageError) in try FileTree.remove(path) }
    }

    deinit { try? FileTree.remove(path) }

    func take(from catalog: Catalog) throws(IndexError) {
        let path = path
        try stored { () throws(StorageError) in try catalog.environment.copy(to: path) }
    }

    /// Leaves one collection in; nil = all of them.
    func keep(_ name: String?) throws(IndexError) {
        guard let name else { return }
        let copy = try Catalog(path: path)
        let names = try copy.all().map(\.schema.name)
        guard names.contains(name) else { throw .request(.unknownCollection(name: name)) }
        for other in names where other != name { try copy.remove(name: other) }
    }

    /// Leaves candidates and previous generations out: their files are not in the backup.
    func keepLiveGenerations() throws(IndexError) {
        let copy = try Catalog(path: path)
        for entry in try copy.all() where entry.candidate != nil || entry.previous != nil {
            var live = entry
            (live.candidate, live.previous) = (nil, nil)
            try copy.put(live)
        }
    }
}
