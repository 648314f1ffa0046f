import PalateChecksum
import PalateIndex
import PalateModel
import PalateTaste

/// What is read back from disks.
enum StoredTargets {
    /// A backup's manifest, its checksum made right.
    static func manifest(_ bytes: [UInt8]) -> Bool {
        let digits = String(crc32c(bytes.span.bytes), radix: 16)
        let checksum = String(repeating: "0", count: 8 - digits.count) + digits
        let text = bytes + Array("crc32c \(checksum)\n".utf8)
        guard let manifest = try? BackupManifest(text: text, place: "fuzz") else { return false }
        let again = try? BackupManifest(text: manifest.text.bytes, place: "fuzz")
        precondition(again == manifest, "a manifest changed on its way")
        return true
    }

    /// A person's record.
    static func record(_ bytes: [UInt8]) -> Bool {
        guard let record = try? UserRecord(bytes: bytes.span.bytes) else { return false }
        var writer = ByteWriter()
        record.encode(into: &writer)
        let again = try? UserRecord(bytes: writer.bytes.span.bytes)
        precondition(again == record, "a record changed on its way")
        return true
    }
}
