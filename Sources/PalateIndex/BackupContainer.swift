import PalateChecksum
import PalateModel
import PalateStorage

/// A backup in one file: eight bytes of magic and version, then records.
///
/// | bytes | of a record                                            |
/// |-------|--------------------------------------------------------|
/// | 4     | kind: 1 a file begins, 2 bytes of it, 3 the manifest    |
/// | 4     | bytes of the body, at most 1 MiB but for a manifest     |
/// | 4     | CRC32C of the two fields before and of the body         |
/// |       | the body: a path, content, or the manifest's text       |
///
/// Little endian. The manifest is the last record: a file cut short has none. Written and read
/// front to back, so that a pipe will do. Our own rather than tar, whose headers state a file's
/// size before its content (a snapshot's size is known at its end) and whose content has no
/// checksums.
enum BackupContainer {
    /// "PLTB".
    static let magic: UInt32 = 0x4254_4c50
    static let version: UInt32 = 1
    static let headBytes = 8
    static let recordHeadBytes = 12

    /// Kinds of records.
    enum Kind: UInt32 {
        case file = 1
        case content = 2
        case manifest = 3
    }

    /// The first bytes of the file.
    static var head: [UInt8] {
        var writer = ByteWriter()
        writer.write(magic)
        writer.write(version)
        return writer.bytes
    }

    /// What stands before a record's body.
    static func head(_ kind: Kind, _ body: RawSpan) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(kind.rawValue)
        writer.write(UInt32(body.byteCount))
        writer.write(crc32c(body, seed: crc32c(writer.bytes.span.rawBytes)))
        return writer.bytes
    }
}

/// Reads the records of a container, checking each.
struct BackupContainerReader {
    private let source: FileSource
    private var number = 0

    /// Opens the file; "-" is standard input.
    init(path: String) throws(IndexError) {
        source = try stored { () throws(StorageError) in try FileSource(path: path) }
        let head = try read(BackupContainer.headBytes)
        guard head.count == BackupContainer.headBytes,
            Sealed.word(head.span.rawBytes, at: 0) == BackupContainer.magic
        else { throw .corrupt(place: path, reason: "no backup: its magic is not PLTB") }
        let version = Sealed.word(head.span.rawBytes, at: 4)
        guard version == BackupContainer.version else {
            throw .unsupportedFormat(place: path, got: version, expected: BackupContainer.version)
        }
    }

    /// The next record.
    mutating func next() throws(IndexError) -> (kind: BackupContainer.Kind, body: [UInt8]) {
        number += 1
        let place = "\(source.path): record \(number)"
        let head = try read(BackupContainer.recordHeadBytes)
        guard head.count == BackupContainer.recordHeadBytes else {
            throw .corrupt(place: place, reason: "the file ends, expected the manifest")
        }
        let words = head.span.rawBytes
        let length = Int(Sealed.word(words, at: 4))
        guard let kind = BackupContainer.Kind(rawValue: Sealed.word(words, at: 0)),
            length <= (kind == .manifest ? BackupManifest.bytesMax : 1 << 20)
        else {
            throw .corrupt(
                place: place,
                reason: "kind \(Sealed.word(words, at: 0)) of \(length) bytes, expected 1 to 3"
            )
        }
        let body = try read(length)
        guard body.count == length else {
            throw .corrupt(place: place, reason: "\(body.count) bytes, expected \(length)")
        }
        let expected = Sealed.word(words, at: 8)
        let got = crc32c(body.span.rawBytes, seed: crc32c(words.extracting(0..<8)))
        guard got == expected else {
            throw .corrupt(place: place, reason: "checksum \(got), expected \(expected)")
        }
        return (kind, body)
    }

    /// Refuses bytes behind the manifest.
    func finish() throws(IndexError) {
        guard try read(1).isEmpty else {
            throw .corrupt(place: source.path, reason: "bytes behind the manifest, expected none")
        }
    }

    private func read(_ count: Int) throws(IndexError) -> [UInt8] {
        let source = source
        return try stored { () throws(StorageError) in try source.read(count) }
    }
}
