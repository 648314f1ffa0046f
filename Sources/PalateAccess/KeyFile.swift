import FoundationEssentials
import Glibc

/// The file of keys: read whole, replaced whole, durable, for its owner alone.
package struct KeyFile: Sendable {
    /// Bytes that a file of `KeyRing.keysMax` keys may have.
    static let bytesMax = 16 << 20

    /// Where it is.
    package let path: String

    /// A file that may not be there yet.
    package init(path: String) { self.path = path }

    /// Reads the keys; none where there is no file.
    ///
    /// - Throws: `file`, `damaged`, `unknownVersion`.
    package func read() throws(KeyRingError) -> KeyRing {
        guard let bytes = try bytes() else { return KeyRing() }
        let ring: KeyRing
        do {
            ring = try JSONDecoder().decode(KeyRing.self, from: Data(bytes))
        } catch {
            throw .damaged(path: path, reason: "it is not the JSON of a ring of keys")
        }
        guard ring.version == KeyRing.currentVersion else {
            throw .unknownVersion(
                path: path,
                got: ring.version,
                expected: KeyRing.currentVersion
            )
        }
        if let defect = ring.defect { throw .damaged(path: path, reason: defect) }
        return ring
    }

    /// Changes the keys while nobody else does, and waits until that is durable.
    ///
    /// - Returns: what `change` does.
    /// - Throws: what reading, `change` or writing throws; the file is as it was then.
    package func update<Result>(
        _ change: (inout KeyRing) throws(KeyRingError) -> Result
    ) throws(KeyRingError) -> Result {
        let lock = open("\(path).lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX) == 0 else { throw failure("cannot lock") }
        defer { close(lock) }
        var ring = try read()
        let result = try change(&ring)
        try replace(with: ring)
        return result
    }

    /// What tells this version of the file from the next; nil where there is none.
    func stamp() -> FileStamp? { FileStamp(path) }

    private func bytes() throws(KeyRingError) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw failure("cannot open")
        }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            guard count >= 0 else { throw failure("cannot read") }
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= Self.bytesMax else {
                throw .damaged(path: path, reason: "it has more than \(Self.bytesMax) bytes")
            }
        }
    }

    private func replace(with ring: KeyRing) throws(KeyRingError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        guard let data = try? encoder.encode(ring) else { throw failure("cannot encode") }
        let aside = "\(path).new"
        let file = open(aside, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("cannot make") }
        var bytes = Array(data)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            bytes = bytes.dropFirst(count)
        }
        keepOwner(of: file)
        let isWritten = bytes.isEmpty && fsync(file) == 0
        guard close(file) == 0, isWritten, rename(aside, path) == 0 else {
            throw failure("cannot write")
        }
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw failure("cannot open the directory of") }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw failure("cannot sync the directory of") }
    }

    /// What root writes belongs to whom the directory belongs to: the server reads it.
    private func keepOwner(of file: Int32) {
        var status = stat()
        guard geteuid() == 0, stat(folder, &status) == 0 else { return }
        _ = fchown(file, status.st_uid, status.st_gid)
    }

    private var folder: String {
        let before = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        return before.isEmpty ? "/" : before
    }

    private func failure(_ what: String) -> KeyRingError {
        .file(path: path, reason: "\(what) it: \(String(cString: strerror(errno)))")
    }
}
