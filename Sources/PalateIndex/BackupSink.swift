import PalateModel
import PalateStorage

/// Where the files of a backup go; nothing has its final name before `finish`.
protocol BackupSink: AnyObject {
    /// Starts a file.
    func begin(_ path: String) throws(IndexError)
    /// Appends to it.
    func write(_ bytes: RawSpan) throws(IndexError)
    /// Drops what it has so far.
    func restart() throws(IndexError)
    /// Makes it durable.
    func end() throws(IndexError)
    /// Adds the manifest and gives everything its name.
    func finish(_ manifest: [UInt8]) throws(IndexError)
    /// Removes what there is; the backup failed.
    func discard()
}

/// What a backup is called until it is whole: a name that no backup can have.
func partialPath(of target: String) -> String {
    let name = target.split(separator: "/").last.map(String.init) ?? target
    return FileTree.parent(of: target) + "/.\(name).partial"
}

/// A directory laid out as a data directory, and `MANIFEST`.
final class BackupDirectorySink: BackupSink {
    private let target: String
    private let partial: String
    private var file: FileSink?

    init(target: String) throws(IndexError) {
        self.target = target
        let partial = partialPath(of: target)
        self.partial = partial
        try stored { () throws(StorageError) in
            try FileTree.remove(partial)
            try FileTree.makeDirectory(partial)
        }
    }

    func begin(_ path: String) throws(IndexError) {
        let place = partial + "/" + path
        file = try stored { () throws(StorageError) in
            try FileTree.makeDirectory(FileTree.parent(of: place))
            return try FileSink(path: place)
        }
    }

    func write(_ bytes: RawSpan) throws(IndexError) {
        do {
            try file?.write(bytes)
        } catch {
            throw .storage(error)
        }
    }

    func restart() throws(IndexError) {
        let file = file
        try stored { () throws(StorageError) in try file?.truncate(to: 0) }
    }

    func end() throws(IndexError) {
        let done = file
        file = nil
        try stored { () throws(StorageError) in
            guard let done else { return }
            try done.finish()
            try FileTree.sync(FileTree.parent(of: done.path))
        }
    }

    func finish(_ manifest: [UInt8]) throws(IndexError) {
        let (partial, target) = (partial, target)
        try stored { () throws(StorageError) in
            let file = try FileSink(path: partial + "/" + BackupManifest.fileName)
            try file.write(manifest.span.rawBytes)
            try file.finish()
            try FileTree.sync(partial)
            try FileTree.rename(partial, to: target)
        }
    }

    func discard() {
        file = nil
        try? FileTree.remove(partial)
    }
}

/// One file, as `BackupContainer` says; "-" is standard output.
final class BackupFileSink: BackupSink {
    private let target: String
    private let partial: String
    private let file: FileSink
    /// Where the content of the file at hand starts.
    private var start = 0

    init(target: String) throws(IndexError) {
        self.target = target
        let partial = target == "-" ? "-" : partialPath(of: target)
        self.partial = partial
        file = try stored { () throws(StorageError) in
            if partial != "-" {
                try FileTree.remove(partial)
                try FileTree.makeDirectory(FileTree.parent(of: partial))
            }
            let file = try FileSink(path: partial)
            try file.write(BackupContainer.head.span.rawBytes)
            return file
        }
    }

    func begin(_ path: String) throws(IndexError) {
        try append(.file, Array(path.utf8).span.rawBytes)
        start = file.byteCount
    }

    func write(_ bytes: RawSpan) throws(IndexError) { try append(.content, bytes) }

    func restart() throws(IndexError) {
        let (file, start) = (file, start)
        try stored { () throws(StorageError) in try file.truncate(to: start) }
    }

    func end() throws(IndexError) {}

    func finish(_ manifest: [UInt8]) throws(IndexError) {
        try append(.manifest, manifest.span.rawBytes)
        let (file, partial, target) = (file, partial, target)
        try stored { () throws(StorageError) in
            try file.finish()
            if partial != "-" { try FileTree.rename(partial, to: target) }
        }
    }

    func discard() {
        if partial != "-" { try? FileTree.remove(partial) }
    }

    private func append(_ kind: BackupContainer.Kind, _ body: RawSpan) throws(IndexError) {
        do {
            try file.write(BackupContainer.head(kind, body).span.rawBytes)
            try file.write(body)
        } catch {
            throw .storage(error)
        }
    }
}
