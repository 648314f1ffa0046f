import PalateChecksum
import PalateModel
import PalateStorage

/// Makes a data directory of a backup.
package enum Restore {
    /// Bytes read at a time.
    private static let chunkBytes = 1 << 20

    /// Restores the backup at `backup`, a directory, a file, or "-" for standard input.
    ///
    /// Everything is checked against the manifest in a directory beside `path`, which gets its
    /// name last: a restore that fails leaves nothing behind.
    ///
    /// - Returns: the backup's manifest.
    /// - Throws: `corrupt` and `missing` naming the file, what it is and what it should be;
    ///   `.request(.backupExists)` where `path` has anything in it.
    @discardableResult
    package static func run(backup: String, to path: String) throws(IndexError) -> BackupManifest {
        try refuseData(at: path)
        let partial = partialPath(of: path)
        do throws(IndexError) {
            try stored { () throws(StorageError) in
                try FileTree.remove(partial)
                try FileTree.makeDirectory(partial)
            }
            let kind = try stored { () throws(StorageError) in
                backup == "-" ? FileTree.Kind.file : try FileTree.kind(of: backup)
            }
            let manifest =
                kind == .directory
                ? try copyDirectory(backup, to: partial) : try copyFile(backup, to: partial)
            for file in manifest.files { try checkEntries(of: file, in: partial) }
            try stored { () throws(StorageError) in try FileTree.rename(partial, to: path) }
            return manifest
        } catch {
            try? FileTree.remove(partial)
            throw error
        }
    }

    /// An empty directory may be taken; anything else stays as it is.
    private static func refuseData(at path: String) throws(IndexError) {
        let isFree = try stored { () throws(StorageError) in
            switch try FileTree.kind(of: path) {
            case .absent: true
            case .directory: try FileTree.list(path).isEmpty
            case .file: false
            }
        }
        guard isFree else { throw .request(.backupExists(path: path)) }
    }

    private static func copyDirectory(
        _ backup: String,
        to partial: String
    ) throws(IndexError) -> BackupManifest {
        let place = backup + "/" + BackupManifest.fileName
        let text = try stored { () throws(StorageError) in
            try FileSource(path: place).read(BackupManifest.bytesMax)
        }
        let manifest = try BackupManifest(text: text, place: place)
        for file in manifest.files {
            let place = backup + "/" + file.path
            let source: FileSource
            do {
                source = try FileSource(path: place)
            } catch .notFound {
                throw .missing(place: place)
            } catch {
                throw .storage(error)
            }
            var copy = try RestoredFile(file.path, in: partial)
            while true {
                let bytes = try stored { () throws(StorageError) in try source.read(chunkBytes) }
                guard !bytes.isEmpty else { break }
                try copy.write(bytes)
            }
            try copy.finish(as: file, place: place)
        }
        return manifest
    }

    /// A container's manifest comes last: what was read is compared with it then.
    private static func copyFile(
        _ backup: String,
        to partial: String
    ) throws(IndexError) -> BackupManifest {
        var reader = try BackupContainerReader(path: backup)
        var copies: [RestoredFile] = []
        while true {
            let (kind, body) = try reader.next()
            switch kind {
            case .file:
                let path = String(decoding: body, as: UTF8.self)
                guard BackupManifest.isSafe(path), !copies.contains(where: { $0.path == path })
                else {
                    throw .corrupt(place: backup, reason: "path \(path), expected a new one")
                }
                copies.append(try RestoredFile(path, in: partial))
            case .content:
                guard !copies.isEmpty else {
                    throw .corrupt(place: backup, reason: "content, expected a path before it")
                }
                try copies[copies.count - 1].write(body)
            case .manifest:
                try reader.finish()
                let manifest = try BackupManifest(text: body, place: "\(backup): manifest")
                try finish(copies, as: manifest, backup)
                return manifest
            }
        }
    }

    private static func finish(
        _ copies: [RestoredFile],
        as manifest: BackupManifest,
        _ backup: String
    ) throws(IndexError) {
        for copy in copies where !manifest.files.contains(where: { $0.path == copy.path }) {
            throw .corrupt(place: "\(backup): \(copy.path)", reason: "a file, expected none")
        }
        for file in manifest.files {
            guard let copy = copies.first(where: { $0.path == file.path }) else {
                throw .missing(place: "\(backup): \(file.path)")
            }
            try copy.finish(as: file, place: "\(backup): \(file.path)")
        }
    }

    /// The restored environment holds what was counted when it was copied.
    private static func checkEntries(
        of file: BackupManifest.File,
        in partial: String
    ) throws(IndexError) {
        let census = try stored { () throws(StorageError) in
            try PageCensus.take(directory: FileTree.parent(of: partial + "/" + file.path))
        }
        let got = census?.entries ?? 0
        guard got == file.entries else {
            throw .corrupt(place: file.path, reason: "\(got) entries, expected \(file.entries)")
        }
    }
}

/// A file being restored, and what it has come to.
private struct RestoredFile {
    let path: String
    private let sink: FileSink
    private var checksum: UInt32 = 0

    init(_ path: String, in directory: String) throws(IndexError) {
        self.path = path
        let place = directory + "/" + path
        sink = try stored { () throws(StorageError) in
            try FileTree.makeDirectory(FileTree.parent(of: place))
            return try FileSink(path: place)
        }
    }

    mutating func write(_ bytes: [UInt8]) throws(IndexError) {
        checksum = crc32c(bytes.span.rawBytes, seed: checksum)
        let sink = sink
        try stored { () throws(StorageError) in try sink.write(bytes.span.rawBytes) }
    }

    /// Compares with the manifest and makes the file durable.
    func finish(as file: BackupManifest.File, place: String) throws(IndexError) {
        guard sink.byteCount == file.bytes else {
            throw .corrupt(
                place: place,
                reason: "\(sink.byteCount) bytes, expected \(file.bytes)"
            )
        }
        guard checksum == file.checksum else {
            throw .corrupt(place: place, reason: "checksum \(checksum), expected \(file.checksum)")
        }
        let sink = sink
        try stored { () throws(StorageError) in
            try sink.finish()
            try FileTree.sync(FileTree.parent(of: sink.path))
        }
    }
}
