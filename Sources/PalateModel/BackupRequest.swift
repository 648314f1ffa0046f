/// BACKUP: what to copy, and under which name.
public struct BackupRequest: Equatable, Sendable {
    /// The collection; empty = all of them.
    public var collection: String
    /// A name in the server's directory of backups, by the rule of `CollectionSchema.name`.
    public var name: String
    /// A directory of files, or one file.
    public var form: BackupForm
    /// Bytes a second at most; 0 = the server's usual rate.
    public var bytesPerSecond: UInt64

    /// A backup of everything, unless told otherwise.
    public init(
        name: String,
        collection: String = "",
        form: BackupForm = .directory,
        bytesPerSecond: UInt64 = 0
    ) {
        self.name = name
        self.collection = collection
        self.form = form
        self.bytesPerSecond = bytesPerSecond
    }
}

/// What a backup is made of.
///
/// Raw values are the wire's.
public enum BackupForm: UInt8, CaseIterable, Sendable {
    /// A directory laid out as a data directory, with a manifest.
    case directory = 0
    /// One file with the same files in it, the manifest last.
    case file = 1
}

/// What BACKUP answers once the backup is durable under its name.
public struct BackupReceipt: Equatable, Sendable {
    /// Files, the manifest not counted.
    public var files: UInt32
    /// CRC32C of the manifest, which has the checksums of all files.
    public var manifestChecksum: UInt32
    /// Bytes of the files.
    public var bytes: UInt64
    /// Entries of all tables.
    public var entries: UInt64
    /// Time it took.
    public var microseconds: UInt64

    /// A receipt.
    public init(
        files: UInt32,
        manifestChecksum: UInt32,
        bytes: UInt64,
        entries: UInt64,
        microseconds: UInt64
    ) {
        self.files = files
        self.manifestChecksum = manifestChecksum
        self.bytes = bytes
        self.entries = entries
        self.microseconds = microseconds
    }
}
