import PalateModel

// The EXCLUDE, TASTE and DIVERSITY sections of a QUERY.
extension V1 {
    /// Bit 0 of TASTE's flags.
    private static let excludeSeen: UInt32 = 1

    /// Ids in strictly rising order: sorted where the caller did not, without repeats.
    func encodeExcluded(_ excluded: [ItemID], _ writer: inout FrameWriter) {
        if isStrictlyRising(excluded.span) {
            writer.write(column: excluded)
        } else {
            writer.write(column: Set(excluded).sorted())
        }
    }

    func decodeExcluded(
        byteCount: Int,
        _ reader: inout BodyReader
    ) throws(RequestError) -> [ItemID] {
        let start = reader.offset
        let size = MemoryLayout<ItemID>.size
        guard byteCount % size == 0 else {
            throw .malformed(reason: "EXCLUDE has \(byteCount) bytes", offset: start)
        }
        let count = try reader.checked(byteCount / size, "excluded ids", in: Limits.idsPerRequest)
        let excluded = try reader.readColumn(ItemID.self, count: count, "excluded ids")
        guard isStrictlyRising(excluded.span) else {
            throw .malformed(reason: "excluded ids are not strictly rising", offset: start)
        }
        return excluded
    }

    private func isStrictlyRising(_ ids: Span<ItemID>) -> Bool {
        var holds = true
        for index in 0..<max(ids.count - 1, 0) {
            holds = holds && ids[index] < ids[index + 1]
        }
        return holds
    }

    func encodeTaste(_ taste: TasteWeights, _ writer: inout FrameWriter) {
        writer.write(taste.query)
        writer.write(taste.taste)
        writer.write(taste.graph)
        writer.write(taste.popularity)
        writer.write(taste.negative)
        writer.write(UInt32(clamping: taste.candidates))
        writer.write(taste.excludeSeen ? Self.excludeSeen : 0)
        writer.write(UInt32(0))
    }

    func decodeTaste(_ reader: inout BodyReader) throws(RequestError) -> TasteWeights {
        let query = try reader.readFiniteFloat("taste weight query")
        let taste = try reader.readFiniteFloat("taste weight taste")
        let graph = try reader.readFiniteFloat("taste weight graph")
        let popularity = try reader.readFiniteFloat("taste weight popularity")
        let negative = try reader.readFiniteFloat("taste weight negative")
        let candidates = try reader.readCount("taste candidates", in: Limits.candidates)
        let flags = try reader.read(UInt32.self, "taste flags")
        guard flags <= Self.excludeSeen else {
            throw .unsupported(what: "taste flags", got: Int(flags))
        }
        try reader.readReserved(UInt32.self, "reserved field of TASTE")
        return TasteWeights(
            query: query,
            taste: taste,
            graph: graph,
            popularity: popularity,
            negative: negative,
            candidates: candidates,
            excludeSeen: flags & Self.excludeSeen != 0
        )
    }

    func encodeDiversity(_ diversity: DiversityRequest, _ writer: inout FrameWriter) {
        writer.write(diversity.diversity)
        writer.write(UInt32(clamping: diversity.pool))
        writer.write(UInt8(clamping: diversity.method.utf8.count))
        writer.write(UInt8(0))
        writer.write(UInt16(0))
        writer.write(text: diversity.method)
    }

    func decodeDiversity(_ reader: inout BodyReader) throws(RequestError) -> DiversityRequest {
        let start = reader.offset
        let diversity = try reader.readFiniteFloat("diversity")
        guard (0...1).contains(diversity) else {
            throw .malformed(
                reason: "diversity is \(diversity), expected 0 to 1",
                offset: start
            )
        }
        let pool = try reader.readCount("diversity pool", in: Limits.candidates)
        let methodBytes = Int(try reader.read(UInt8.self, "method length"))
        _ = try reader.checked(methodBytes, "method length", in: Self.choiceBytes)
        try reader.readReserved(UInt8.self, "reserved field of DIVERSITY")
        try reader.readReserved(UInt16.self, "reserved field of DIVERSITY")
        return DiversityRequest(
            diversity: diversity,
            method: try reader.readText(byteCount: methodBytes, "diversity method"),
            pool: pool
        )
    }
}
