import PalateModel

/// Written once, when a generation is made.
struct GenerationRecord: FormatRecord, Equatable {
    var magic = Format.magic
    var version = Format.version
    var generation: UInt64
    var seed: UInt64
    var schema: CollectionSchema

    init(generation: UInt64, seed: UInt64, schema: CollectionSchema) {
        self.generation = generation
        self.seed = seed
        self.schema = schema
    }

    init(from reader: inout ByteReader) throws(ByteReaderError) {
        magic = try reader.readUInt64()
        version = try reader.readUInt32()
        generation = try reader.readUInt64()
        seed = try reader.readUInt64()
        schema = try CollectionSchema(from: &reader)
    }

    func write(to writer: inout ByteWriter) {
        writer.write(magic)
        writer.write(version)
        writer.write(generation)
        writer.write(seed)
        schema.write(to: &writer)
    }

    /// - Throws: where the magic or the version is not ours.
    func check(place: String) throws(IndexError) {
        try Format.check(magic: magic, version: version, place: place)
    }
}

extension CollectionSchema: FormatRecord {
    init(from reader: inout ByteReader) throws(ByteReaderError) {
        self.init(
            name: try reader.readString(),
            dimensions: Int(try reader.readUInt32()),
            metric: try reader.readString(),
            quantizer: try reader.readString(),
            neighbours: Int(try reader.readUInt32()),
            buildBeamWidth: Int(try reader.readUInt32())
        )
    }

    func write(to writer: inout ByteWriter) {
        writer.write(name)
        writer.write(UInt32(dimensions))
        writer.write(metric)
        writer.write(quantizer)
        writer.write(UInt32(neighbours))
        writer.write(UInt32(buildBeamWidth))
    }
}

/// Written with every batch of rows, in the same transaction.
struct RowCounters: FormatRecord, Equatable {
    /// The next new slot; those below it have rows, live or deleted.
    var rowCount: UInt32 = 0
    var deletedCount: UInt32 = 0
    /// The version of the last write.
    var version: UInt64 = 0
    /// The dictionary new payloads are compressed with; 0 = none yet.
    var dictionaryID: UInt32 = 0

    init() {}

    init(from reader: inout ByteReader) throws(ByteReaderError) {
        rowCount = try reader.readUInt32()
        deletedCount = try reader.readUInt32()
        version = try reader.readUInt64()
        dictionaryID = try reader.readUInt32()
    }

    func write(to writer: inout ByteWriter) {
        writer.write(rowCount)
        writer.write(deletedCount)
        writer.write(version)
        writer.write(dictionaryID)
    }
}

/// Written by a checkpoint, in one transaction with the codes and links it covers.
struct GraphRecord: FormatRecord, Equatable {
    /// Rows below it have their codes and links stored.
    var watermark: UInt32 = 0
    /// Where searches start; meaningless while the watermark is 0.
    var entryPoint: UInt32 = 0
    /// Rows the quantizer was trained on.
    var trainedRows: UInt32 = 0
    /// The quantizer's own bytes; empty while there is none.
    var quantizerParameters: [UInt8] = []
    /// Writes up to this version are covered; rows of later ones are linked again.
    ///
    /// Format 1 has no such field, and no slot that is used twice: all rows below its watermark
    /// are covered.
    var coveredVersion = UInt64.max

    init() {}

    init(from reader: inout ByteReader) throws(ByteReaderError) {
        watermark = try reader.readUInt32()
        entryPoint = try reader.readUInt32()
        trainedRows = try reader.readUInt32()
        quantizerParameters = try reader.readCounted()
        if reader.remaining > 0 { coveredVersion = try reader.readUInt64() }
    }

    func write(to writer: inout ByteWriter) {
        writer.write(watermark)
        writer.write(entryPoint)
        writer.write(trainedRows)
        writer.writeCounted(quantizerParameters)
        writer.write(coveredVersion)
    }
}

/// What an ordinal stands for.
struct RowRecord: FormatRecord, Equatable {
    /// Bits of the flags byte; the others are 0.
    private static let deletedBit: UInt8 = 1 << 0
    private static let payloadBit: UInt8 = 1 << 1

    var item: ItemID
    /// The version of the write that made the row, or patched its payload.
    var version: UInt64
    /// The version of the write that gave the slot its vector; in format 1 the row's own.
    var vectorVersion: UInt64
    /// The checksums of vector and payload; none in format 1, and where repair did not know them.
    var sums: ContentSums?
    /// Deleted, or replaced by a newer row of the same item; the slot waits to be used again.
    var isDeleted = false
    /// Whether `payloads` must have an entry: one that is lost is damage, not an empty payload.
    var hasPayload: Bool

    init(item: ItemID, version: UInt64, hasPayload: Bool, sums: ContentSums? = nil) {
        self.sums = sums
        self.item = item
        self.version = version
        vectorVersion = version
        self.hasPayload = hasPayload
    }

    init(from reader: inout ByteReader) throws(ByteReaderError) {
        item = try reader.readUInt64()
        version = try reader.readUInt64()
        let flags = try reader.readUInt8()
        isDeleted = flags & Self.deletedBit != 0
        hasPayload = flags & Self.payloadBit != 0
        vectorVersion = reader.remaining > 0 ? try reader.readUInt64() : version
        guard reader.remaining > 0 else { return }
        sums = ContentSums(vector: try reader.readUInt32(), payload: try reader.readUInt32())
    }

    func write(to writer: inout ByteWriter) {
        writer.write(item)
        writer.write(version)
        writer.write((isDeleted ? Self.deletedBit : 0) | (hasPayload ? Self.payloadBit : 0))
        writer.write(vectorVersion)
        guard let sums else { return }
        writer.write(sums.vector)
        writer.write(sums.payload)
    }
}

/// How far a loader has come, in the same transaction as its rows.
struct LoaderRecord: FormatRecord, Equatable {
    var epoch: UInt64 = 0
    /// The last sequence whose rows are stored.
    var sequence: UInt64 = 0
    /// Rows stored in this epoch.
    var rows: UInt64 = 0
    /// CRC32C over the ids of this epoch, in order.
    var idChecksum: UInt32 = 0

    init() {}

    init(from reader: inout ByteReader) throws(ByteReaderError) {
        epoch = try reader.readUInt64()
        sequence = try reader.readUInt64()
        rows = try reader.readUInt64()
        idChecksum = try reader.readUInt32()
    }

    func write(to writer: inout ByteWriter) {
        writer.write(epoch)
        writer.write(sequence)
        writer.write(rows)
        writer.write(idChecksum)
    }
}
