import PalateChecksum
import PalateModel

/// What a backup consists of, as lines of text.
///
/// ```text
/// palate-backup 1
/// server 00112233445566778899aabbccddeeff
/// file BYTES CRC32C ENTRIES PATH
/// crc32c 89abcdef
/// ```
///
/// A line per file; the last line is the checksum of all before it. Checksums and the server's id
/// are hexadecimal, the id in wire order.
package struct BackupManifest: Equatable, Sendable {
    /// One file of the backup.
    package struct File: Equatable, Sendable {
        /// Relative to the data directory: `catalog/data.mdb`.
        package var path: String
        /// Its size.
        package var bytes = 0
        /// CRC32C of its content.
        package var checksum: UInt32 = 0
        /// Entries of all its tables.
        package var entries = 0
    }

    /// Raised with every change of a backup's form.
    static let version = 1
    /// Its name in a backup that is a directory.
    static let fileName = "MANIFEST"
    /// The most a manifest may take: some 100,000 collections.
    static let bytesMax = 64 << 20

    /// The id of the directory that was copied: 32 hexadecimal digits in wire order.
    package var serverID: String
    /// In the order in which they were copied.
    package var files: [File] = []

    /// A manifest without files.
    init(serverID: (low: UInt64, high: UInt64)) {
        self.serverID = [serverID.low, serverID.high].map { Self.hex($0.byteSwapped, 16) }.joined()
    }

    /// Bytes of all files.
    package var bytes: Int { files.reduce(0) { $0 + $1.bytes } }
    /// Entries of all files.
    package var entries: Int { files.reduce(0) { $0 + $1.entries } }

    /// The manifest's text, and the checksum in its last line.
    package var text: (bytes: [UInt8], checksum: UInt32) {
        var lines = "palate-backup \(Self.version)\nserver \(serverID)\n"
        for file in files {
            let checksum = Self.hex(UInt64(file.checksum), 8)
            lines += "file \(file.bytes) \(checksum) \(file.entries) \(file.path)\n"
        }
        let body = Array(lines.utf8)
        let checksum = crc32c(body.span.rawBytes)
        return (body + Array("crc32c \(Self.hex(UInt64(checksum), 8))\n".utf8), checksum)
    }

    /// Reads what `text` wrote.
    ///
    /// - Throws: `corrupt` and `unsupportedFormat`, naming `place`.
    package init(text: [UInt8], place: String) throws(IndexError) {
        let newline = UInt8(ascii: "\n")
        guard text.last == newline, let end = text.dropLast().lastIndex(of: newline) else {
            throw .corrupt(place: place, reason: "\(text.count) bytes, expected whole lines")
        }
        let body = Array(text[...end])
        let expected = String(decoding: text[(end + 1)...].dropLast(), as: UTF8.self)
        let got = "crc32c \(Self.hex(UInt64(crc32c(body.span.rawBytes)), 8))"
        guard got == expected else {
            throw .corrupt(place: place, reason: "\(got), expected \(expected)")
        }
        let lines = String(decoding: body, as: UTF8.self).split(separator: "\n")
        guard lines.count >= 2, let head = Self.fields("palate-backup", lines[0], 2),
            let server = Self.fields("server", lines[1], 2)
        else { throw .corrupt(place: place, reason: "no head, expected palate-backup") }
        guard Int(head[1]) == Self.version else {
            throw .unsupportedFormat(
                place: place,
                got: UInt32(head[1]) ?? 0,
                expected: UInt32(Self.version)
            )
        }
        serverID = String(server[1])
        for line in lines.dropFirst(2) { files.append(try Self.file(line, place)) }
    }

    private static func file(_ line: Substring, _ place: String) throws(IndexError) -> File {
        guard let parts = fields("file", line, 5), let bytes = Int(parts[1]), bytes >= 0,
            let checksum = UInt32(parts[2], radix: 16), let entries = Int(parts[3])
        else { throw .corrupt(place: place, reason: "line \"\(line)\", expected a file") }
        let path = String(parts[4])
        guard isSafe(path) else {
            throw .corrupt(place: place, reason: "path \(path), expected one below the directory")
        }
        return File(path: path, bytes: bytes, checksum: checksum, entries: entries)
    }

    private static func fields(_ name: String, _ line: Substring, _ count: Int) -> [Substring]? {
        let fields = line.split(
            separator: " ",
            maxSplits: count - 1,
            omittingEmptySubsequences: false
        )
        return fields.count == count && fields[0] == name ? fields : nil
    }

    /// Whether a path stays below the directory it is relative to, and is an environment's file.
    static func isSafe(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count >= 2 && parts.last == "data.mdb"
            && parts.allSatisfy { !$0.isEmpty && !$0.hasPrefix(".") && !$0.utf8.contains(0) }
    }

    private static func hex(_ value: UInt64, _ digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
