import PalateModel

// UPSERT, DELETE and GET: rows and ids.
extension V1 {
    /// Bits of a row block's flags.
    private static let hasPayloads: UInt16 = 1
    private static let hasFields: UInt16 = 2
    /// Bits of a GET.
    private static let wantsVectors: UInt32 = 1

    /// The row block that UPSERT is, and LOAD_DATA ends with: always written as float32.
    func encodeRows(_ handle: UInt32, _ rows: RowBatch, _ writer: inout FrameWriter) {
        let hasPayloads = !rows.payloads.isEmpty
        let payloadBytes = rows.payloads.reduce(0) { $0 + $1.count }
        let dimensions = rows.ids.isEmpty ? 0 : rows.vectors.count / rows.ids.count
        writer.reserve(32 + rows.ids.count * 12 + rows.vectors.count * 4 + payloadBytes)
        writer.write(handle)
        writer.write(ElementType.float32.rawValue)
        writer.write(UInt8(0))
        writer.write(
            (hasPayloads ? Self.hasPayloads : 0) | (rows.fields.isEmpty ? 0 : Self.hasFields)
        )
        writer.write(UInt32(clamping: rows.ids.count))
        writer.write(UInt32(clamping: dimensions))
        writer.write(UInt64(payloadBytes))
        writer.write(UInt64(0))
        writer.write(column: rows.ids)
        writer.write(column: rows.vectors)
        encodePayloads(rows.payloads, &writer)
        if !rows.fields.isEmpty { encodeColumns(rows.fields, &writer) }
    }

    func decodeUpsert(
        _ reader: inout BodyReader,
        _ dimensionsOf: (UInt32) -> Int?
    ) throws(RequestError) -> Request {
        let (handle, rows) = try decodeRows(&reader, dimensionsOf)
        return .upsert(handle: handle, rows: rows)
    }

    func decodeRows(
        _ reader: inout BodyReader,
        _ dimensionsOf: (UInt32) -> Int?
    ) throws(RequestError) -> (handle: UInt32, rows: RowBatch) {
        let handle = try reader.read(UInt32.self, "handle")
        guard let expected = dimensionsOf(handle) else { throw .unknownHandle(got: handle) }
        let type = try decodeElementType(&reader)
        try reader.readReserved(UInt8.self, "reserved field of the row block")
        let flags = try reader.read(UInt16.self, "row flags")
        guard flags <= Self.hasPayloads | Self.hasFields else {
            throw .unsupported(what: "row flags", got: Int(flags))
        }
        let count = try reader.readCount("rows", in: Limits.rowsPerRequest)
        let dimensions = Int(try reader.read(UInt32.self, "dimensions"))
        guard dimensions == expected else {
            throw .wrongDimensions(got: dimensions, expected: expected)
        }
        let payloadBytes = try reader.read(UInt64.self, "payload bytes")
        try reader.readReserved(UInt64.self, "reserved field of the row block")
        let ids = try reader.readColumn(ItemID.self, count: count, "ids")
        let vectors = try reader.readVectors(type, rows: count, dimensions: dimensions)
        var payloads: [[UInt8]] = []
        if flags & Self.hasPayloads != 0 {
            payloads = try decodePayloads(&reader, count: count, byteCount: payloadBytes)
        } else if payloadBytes != 0 {
            throw .unequalColumns(field: "payloads", got: Int(clamping: payloadBytes), expected: 0)
        }
        let fields =
            flags & Self.hasFields == 0 ? [] : try decodeColumns(&reader, count: count)
        return (handle, RowBatch(ids: ids, vectors: vectors, payloads: payloads, fields: fields))
    }

    func decodeElementType(_ reader: inout BodyReader) throws(RequestError) -> ElementType {
        let tag = try reader.read(UInt8.self, "element type")
        guard let type = ElementType(rawValue: tag) else {
            throw .unsupported(what: "element type", got: Int(tag))
        }
        return type
    }

    func encodeDelete(_ handle: UInt32, _ ids: [ItemID], _ writer: inout FrameWriter) {
        writer.reserve(8 + ids.count * 8)
        writer.write(handle)
        writer.write(UInt32(clamping: ids.count))
        writer.write(column: ids)
    }

    func decodeDelete(_ reader: inout BodyReader) throws(RequestError) -> Request {
        let handle = try reader.read(UInt32.self, "handle")
        let count = try reader.readCount("ids", in: Limits.idsPerRequest)
        return .delete(
            handle: handle,
            ids: try reader.readColumn(ItemID.self, count: count, "ids")
        )
    }

    func encodeGet(_ get: GetRequest, _ writer: inout FrameWriter) {
        writer.write(get.handle)
        writer.write(get.wantsVectors ? Self.wantsVectors : 0)
        writer.write(UInt32(clamping: get.ids.count))
        writer.write(UInt32(0))
        writer.write(column: get.ids)
    }

    func decodeGet(_ reader: inout BodyReader) throws(RequestError) -> GetRequest {
        let handle = try reader.read(UInt32.self, "handle")
        let flags = try reader.read(UInt32.self, "get flags")
        guard flags <= Self.wantsVectors else {
            throw .unsupported(what: "get flags", got: Int(flags))
        }
        let count = try reader.readCount("ids", in: Limits.idsPerRequest)
        try reader.readReserved(UInt32.self, "reserved field at byte 12")
        return GetRequest(
            handle: handle,
            ids: try reader.readColumn(ItemID.self, count: count, "ids"),
            wantsVectors: flags & Self.wantsVectors != 0
        )
    }

    func encodeItems(_ items: GetResponse, _ writer: inout FrameWriter) {
        let count = items.found.count
        let payloadBytes = items.payloads.reduce(0) { $0 + $1.count }
        writer.reserve(16 + count * 13 + items.vectors.count * 4 + payloadBytes)
        writer.write(UInt32(clamping: count))
        writer.write(UInt32(clamping: count == 0 ? 0 : items.vectors.count / count))
        writer.write(UInt64(payloadBytes))
        writer.write(column: items.versions)
        writer.write(column: items.vectors)
        writer.write(column: items.payloads.map { UInt32(clamping: $0.count) })
        writer.write(column: items.found.map { $0 ? UInt8(1) : 0 })
        for payload in items.payloads { writer.write(column: payload) }
    }

    func decodeItems(_ reader: inout BodyReader) throws(RequestError) -> GetResponse {
        var items = GetResponse()
        let count = try reader.readCount("items", in: Limits.idsPerRequest)
        let dimensions = try reader.readCount("dimensions", in: 0...Limits.dimensions.upperBound)
        let payloadBytes = try reader.read(UInt64.self, "payload bytes")
        items.versions = try reader.readColumn(UInt64.self, count: count, "versions")
        items.vectors = try reader.readColumn(Float.self, count: count * dimensions, "vectors")
        let lengths = try reader.readColumn(UInt32.self, count: count, "payload lengths")
        for found in try reader.readColumn(UInt8.self, count: count, "found") {
            items.found.append(try reader.checked(Int(found), "found", in: 0...1) == 1)
        }
        items.payloads = try decodePayloads(&reader, lengths: lengths, byteCount: payloadBytes)
        return items
    }

    /// Writes a column of lengths, then the bytes; nothing where there are no payloads.
    func encodePayloads(_ payloads: [[UInt8]], _ writer: inout FrameWriter) {
        writer.write(column: payloads.map { UInt32(clamping: $0.count) })
        for payload in payloads { writer.write(column: payload) }
    }

    func decodePayloads(
        _ reader: inout BodyReader,
        count: Int,
        byteCount: UInt64
    ) throws(RequestError) -> [[UInt8]] {
        let lengths = try reader.readColumn(UInt32.self, count: count, "payload lengths")
        return try decodePayloads(&reader, lengths: lengths, byteCount: byteCount)
    }

    private func decodePayloads(
        _ reader: inout BodyReader,
        lengths: [UInt32],
        byteCount: UInt64
    ) throws(RequestError) -> [[UInt8]] {
        // At most 2^20 lengths below 2^32: the sum cannot overflow.
        let total = lengths.reduce(UInt64(0)) { $0 + UInt64($1) }
        guard total == byteCount, total <= UInt64(reader.remaining) else {
            throw .unequalColumns(
                field: "payload bytes",
                got: Int(clamping: byteCount),
                expected: Int(clamping: total)
            )
        }
        var payloads: [[UInt8]] = []
        payloads.reserveCapacity(lengths.count)
        for length in lengths {
            let length = try reader.checked(
                Int(length),
                "bytes of a payload",
                in: Limits.payloadBytes
            )
            payloads.append(try reader.readColumn(UInt8.self, count: length, "payload"))
        }
        return payloads
    }

    func encodeReceipt(_ receipt: WriteReceipt, _ writer: inout FrameWriter) {
        writer.write(receipt.version)
        writer.write(receipt.changed)
        writer.write(receipt.generation)
    }

    func decodeReceipt(_ reader: inout BodyReader) throws(RequestError) -> WriteReceipt {
        WriteReceipt(
            version: try reader.read(UInt64.self, "version"),
            changed: try reader.read(UInt64.self, "changed"),
            generation: try reader.read(UInt64.self, "generation")
        )
    }
}
