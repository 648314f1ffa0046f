import PalateModel

// PATCH: a row block whose columns may be missing.
extension V1 {
    private static let hasPayloads: UInt16 = 1
    private static let hasVectors: UInt16 = 2
    private static let hasVersions: UInt16 = 4
    private static let hasFields: UInt16 = 8

    func encodePatch(_ handle: UInt32, _ patch: PatchBatch, _ writer: inout FrameWriter) {
        let count = patch.ids.count
        let payloadBytes = patch.payloads?.reduce(0) { $0 + $1.count } ?? 0
        writer.reserve(32 + count * 20 + patch.vectors.count * 4 + payloadBytes)
        writer.write(handle)
        writer.write(ElementType.float32.rawValue)
        writer.write(UInt8(0))
        writer.write(
            (patch.payloads == nil ? 0 : Self.hasPayloads)
                | (patch.vectors.isEmpty ? 0 : Self.hasVectors)
                | (patch.versions.isEmpty ? 0 : Self.hasVersions)
                | (patch.fields.isEmpty ? 0 : Self.hasFields)
        )
        writer.write(UInt32(clamping: count))
        writer.write(UInt32(clamping: count == 0 ? 0 : patch.vectors.count / count))
        writer.write(UInt64(payloadBytes))
        writer.write(UInt64(0))
        writer.write(column: patch.ids)
        writer.write(column: patch.versions)
        writer.write(column: patch.vectors)
        if let payloads = patch.payloads { encodePayloads(payloads, &writer) }
        if !patch.fields.isEmpty { encodeColumns(patch.fields, &writer) }
    }

    func decodePatch(
        _ reader: inout BodyReader,
        _ dimensionsOf: (UInt32) -> Int?
    ) throws(RequestError) -> Request {
        let handle = try reader.read(UInt32.self, "handle")
        guard let collectionDimensions = dimensionsOf(handle) else {
            throw .unknownHandle(got: handle)
        }
        let type = try decodeElementType(&reader)
        try reader.readReserved(UInt8.self, "reserved field of the patch")
        let flags = try reader.read(UInt16.self, "patch flags")
        // A patch without any of these changes nothing: nobody means that.
        let contents = Self.hasPayloads | Self.hasVectors | Self.hasFields
        guard flags <= 15, flags & contents != 0 else {
            throw .unsupported(what: "patch flags", got: Int(flags))
        }
        let hasVectors = flags & Self.hasVectors != 0
        guard hasVectors || type == .float32 else {
            throw .unsupported(what: "element type without vectors", got: Int(type.rawValue))
        }
        let count = try reader.readCount("rows", in: Limits.rowsPerRequest)
        let dimensions = Int(try reader.read(UInt32.self, "dimensions"))
        let expected = hasVectors ? collectionDimensions : 0
        guard dimensions == expected else {
            throw .wrongDimensions(got: dimensions, expected: expected)
        }
        let payloadBytes = try reader.read(UInt64.self, "payload bytes")
        try reader.readReserved(UInt64.self, "reserved field of the patch")
        var patch = PatchBatch(ids: try reader.readColumn(ItemID.self, count: count, "ids"))
        if flags & Self.hasVersions != 0 {
            patch.versions = try reader.readColumn(UInt64.self, count: count, "versions")
        }
        if hasVectors {
            patch.vectors = try reader.readVectors(type, rows: count, dimensions: dimensions)
        }
        if flags & Self.hasPayloads != 0 {
            patch.payloads = try decodePayloads(&reader, count: count, byteCount: payloadBytes)
        } else if payloadBytes != 0 {
            throw .unequalColumns(field: "payloads", got: Int(clamping: payloadBytes), expected: 0)
        }
        if flags & Self.hasFields != 0 {
            patch.fields = try decodeColumns(&reader, count: count)
            guard !patch.fields.isEmpty || flags & contents != Self.hasFields else {
                throw .unsupported(what: "patch without columns", got: 0)
            }
        }
        return .patch(handle: handle, patch: patch)
    }
}
