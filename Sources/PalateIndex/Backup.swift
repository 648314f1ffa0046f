import PalateChecksum
package import PalateModel
import PalateStorage

/// What to copy, and where to.
package struct BackupOrder: Sendable {
    /// A path that is not there yet; "-" is standard output.
    package var target: String
    /// A directory of files, or one file.
    package var form: BackupForm
    /// The collection; nil = all of them.
    package var collection: String?
    /// Bytes a second at most; within `Pace.rates`.
    package var bytesPerSecond: Int
    /// Asked after every MiB; true ends the backup, which then leaves nothing.
    package var isCancelled: @Sendable () -> Bool

    /// What `bytesPerSecond` may be.
    package static let rates = Pace.rates

    /// An order; 0 bytes a second are the usual rate.
    package init(
        target: String,
        form: BackupForm = .directory,
        collection: String? = nil,
        bytesPerSecond: Int = 0,
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.target = target
        self.form = form
        self.collection = collection
        self.bytesPerSecond = bytesPerSecond == 0 ? Pace.usualBytesPerSecond : bytesPerSecond
        self.isCancelled = isCancelled
    }
}

/// An environment to copy, and the directory that it has in the backup.
struct BackupSource {
    var directory: String
    var environment: Environment
}

/// Copies environments into a sink, one snapshot each, and keeps the manifest.
///
/// Guaranteed: each environment is one snapshot, and every collection that the backup's catalog
/// names is in the backup. Not guaranteed: one moment for all of them. A collection's rows are
/// copied before its taste, so taste may know items that came later; it names items by id and
/// waits for their vectors, as it always does.
struct BackupRun {
    private let sink: any BackupSink
    private let order: BackupOrder
    private let started = ContinuousClock.now
    private var pace: Pace
    private var manifest: BackupManifest

    /// Refuses a target that is there.
    init(
        _ order: BackupOrder,
        serverID: (low: UInt64, high: UInt64)
    ) throws(IndexError) {
        let target = order.target
        if target != "-" {
            let kind = try stored { () throws(StorageError) in try FileTree.kind(of: target) }
            guard kind == .absent else { throw .request(.backupExists(path: target)) }
        }
        sink =
            order.form == .directory && target != "-"
            ? try BackupDirectorySink(target: target) : try BackupFileSink(target: target)
        self.order = order
        pace = Pace(bytesPerSecond: order.bytesPerSecond)
        manifest = BackupManifest(serverID: serverID)
    }

    /// Copies a catalog that nobody writes to, then the sources, and gives the backup its name.
    ///
    /// - Parameters:
    ///   - catalog: a directory with a copy of the catalog.
    ///   - sources: the environments of the collections that it names.
    /// - Returns: the figures.
    /// - Throws: what the disk says, and `.request(.shuttingDown)` where the order was cancelled.
    mutating func run(
        catalog: String,
        _ sources: [BackupSource]
    ) throws(IndexError) -> BackupReceipt {
        do throws(IndexError) {
            try copy(
                BackupSource(
                    directory: "catalog",
                    environment: try stored { () throws(StorageError) in
                        try Environment(path: catalog, mapBytes: 1 << 20, tables: 8, readOnly: true)
                    }
                )
            )
            for source in sources { try copy(source) }
            let (text, checksum) = manifest.text
            try sink.finish(text)
            let elapsed = (ContinuousClock.now - started).components
            return BackupReceipt(
                files: UInt32(manifest.files.count),
                manifestChecksum: checksum,
                bytes: UInt64(manifest.bytes),
                entries: UInt64(manifest.entries),
                microseconds: UInt64(elapsed.seconds) * 1_000_000
                    + UInt64(elapsed.attoseconds / 1_000_000_000_000)
            )
        } catch {
            sink.discard()
            throw error
        }
    }

    private mutating func copy(_ source: BackupSource) throws(IndexError) {
        var file = BackupManifest.File(
            path: source.directory + "/" + FileTree.dataFileName
        )
        try sink.begin(file.path)
        let (sink, order) = (sink, order)
        var (pace, checksum) = (pace, UInt32(0))
        let figures = try source.environment.streamSnapshot(
            failingWith: IndexError.self,
            restarting: { () throws(IndexError) in
                checksum = 0
                try sink.restart()
            }
        ) { bytes throws(IndexError) in
            guard !order.isCancelled() else { throw .request(.shuttingDown) }
            checksum = crc32c(bytes, seed: checksum)
            try sink.write(bytes)
            pace.pass(bytes.byteCount)
        }
        self.pace = pace
        try sink.end()
        file.bytes = figures.bytes
        file.entries = figures.entries
        file.checksum = checksum
        manifest.files.append(file)
    }
}
