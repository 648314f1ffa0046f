import PalateModel

// BACKUP.
extension V1 {
    func encodeBackup(_ backup: BackupRequest, _ writer: inout FrameWriter) {
        writer.write(backup.bytesPerSecond)
        writer.write(backup.form.rawValue)
        writer.write(UInt8(clamping: backup.name.utf8.count))
        writer.write(UInt8(clamping: backup.collection.utf8.count))
        writer.write(UInt8(0))
        writer.write(UInt32(0))
        writer.write(text: backup.name)
        writer.write(text: backup.collection)
    }

    func decodeBackup(_ reader: inout BodyReader) throws(RequestError) -> BackupRequest {
        let bytesPerSecond = try reader.read(UInt64.self, "bytes per second")
        let raw = try reader.read(UInt8.self, "form")
        guard let form = BackupForm(rawValue: raw) else {
            throw .unsupported(what: "form of backup", got: Int(raw))
        }
        let nameBytes = Int(try reader.read(UInt8.self, "name length"))
        let collectionBytes = Int(try reader.read(UInt8.self, "collection length"))
        try reader.readReserved(UInt8.self, "reserved field at byte 11")
        try reader.readReserved(UInt32.self, "reserved field at byte 12")
        let name = try reader.readText(byteCount: nameBytes, "name")
        try checkName(name)
        let collection = try reader.readText(byteCount: collectionBytes, "collection")
        if !collection.isEmpty { try checkName(collection) }
        return BackupRequest(
            name: name,
            collection: collection,
            form: form,
            bytesPerSecond: bytesPerSecond
        )
    }

    func encodeBackupReceipt(_ receipt: BackupReceipt, _ writer: inout FrameWriter) {
        writer.write(receipt.files)
        writer.write(receipt.manifestChecksum)
        writer.write(receipt.bytes)
        writer.write(receipt.entries)
        writer.write(receipt.microseconds)
    }

    func decodeBackupReceipt(_ reader: inout BodyReader) throws(RequestError) -> BackupReceipt {
        BackupReceipt(
            files: try reader.read(UInt32.self, "files"),
            manifestChecksum: try reader.read(UInt32.self, "manifest checksum"),
            bytes: try reader.read(UInt64.self, "bytes"),
            entries: try reader.read(UInt64.self, "entries"),
            microseconds: try reader.read(UInt64.self, "microseconds")
        )
    }
}
