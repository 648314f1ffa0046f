import PalateModel

// COLLECTION_CREATE, _DROP, _LIST, _STATS and OPEN.
extension V1 {
    /// Bytes of the name of a metric or quantizer.
    static let choiceBytes = 1...32
    /// Collections in one answer to LIST; each takes at least 34 bytes of the frame.
    static let listedCollections = 0...1_000_000

    /// The whole rest of the body is the name.
    func decodeName(_ reader: inout BodyReader) throws(RequestError) -> String {
        let name = try reader.readText(byteCount: reader.remaining, "name")
        try checkName(name)
        return name
    }

    func encodeSchema(_ schema: CollectionSchema, _ writer: inout FrameWriter) {
        writer.write(UInt32(clamping: schema.dimensions))
        writer.write(UInt16(clamping: schema.neighbours))
        writer.write(UInt16(clamping: schema.buildBeamWidth))
        writer.write(UInt8(clamping: schema.name.utf8.count))
        writer.write(UInt8(clamping: schema.metric.utf8.count))
        writer.write(UInt8(clamping: schema.quantizer.utf8.count))
        writer.write(UInt8(0))
        writer.write(UInt32(0))
        writer.write(text: schema.name)
        writer.write(text: schema.metric)
        writer.write(text: schema.quantizer)
    }

    func decodeSchema(_ reader: inout BodyReader) throws(RequestError) -> CollectionSchema {
        let dimensions = try reader.readCount("dimensions", in: Limits.dimensions)
        let neighbours = try reader.checked(
            Int(try reader.read(UInt16.self, "neighbours")),
            "neighbours",
            in: Limits.neighbours
        )
        let buildBeamWidth = try reader.checked(
            Int(try reader.read(UInt16.self, "build beam width")),
            "build beam width",
            in: Limits.buildBeamWidth
        )
        let nameBytes = Int(try reader.read(UInt8.self, "name length"))
        let metricBytes = Int(try reader.read(UInt8.self, "metric length"))
        _ = try reader.checked(metricBytes, "metric length", in: Self.choiceBytes)
        let quantizerBytes = Int(try reader.read(UInt8.self, "quantizer length"))
        _ = try reader.checked(quantizerBytes, "quantizer length", in: Self.choiceBytes)
        try reader.readReserved(UInt8.self, "reserved field at byte 11")
        try reader.readReserved(UInt32.self, "reserved field at byte 12")
        let name = try reader.readText(byteCount: nameBytes, "name")
        try checkName(name)
        return CollectionSchema(
            name: name,
            dimensions: dimensions,
            metric: try reader.readText(byteCount: metricBytes, "metric"),
            quantizer: try reader.readText(byteCount: quantizerBytes, "quantizer"),
            neighbours: neighbours,
            buildBeamWidth: buildBeamWidth
        )
    }

    func encodeInfo(_ info: CollectionInfo, _ writer: inout FrameWriter) {
        writer.write(info.handle)
        writer.write(UInt32(0))
        writer.write(info.generation)
        encodeSchema(info.schema, &writer)
    }

    func decodeInfo(_ reader: inout BodyReader) throws(RequestError) -> CollectionInfo {
        let handle = try reader.read(UInt32.self, "handle")
        try reader.readReserved(UInt32.self, "reserved field at byte 4")
        let generation = try reader.read(UInt64.self, "generation")
        return CollectionInfo(
            handle: handle,
            generation: generation,
            schema: try decodeSchema(&reader)
        )
    }

    func encodeList(_ infos: [CollectionInfo], _ writer: inout FrameWriter) {
        writer.write(UInt32(clamping: infos.count))
        writer.write(UInt32(0))
        for info in infos { encodeInfo(info, &writer) }
    }

    func decodeList(_ reader: inout BodyReader) throws(RequestError) -> [CollectionInfo] {
        let count = try reader.readCount("collections", in: Self.listedCollections)
        try reader.readReserved(UInt32.self, "reserved field at byte 4")
        var infos: [CollectionInfo] = []
        for _ in 0..<count { infos.append(try decodeInfo(&reader)) }
        return infos
    }

    /// The rule of `CollectionSchema.name`: it becomes the name of a directory.
    func checkName(_ name: String) throws(RequestError) {
        guard CollectionSchema.isName(name) else { throw .badName(got: name) }
    }
}
