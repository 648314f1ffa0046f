import PalateModel

// The EXCLUDE, TASTE, SPACING and DIVERSITY sections of a QUERY.
extension V1 {
    /// Bit 0 of TASTE's flags.
    private static let excludeSeen: UInt32 = 1
    /// Bytes of a name that may be left out.
    static let optionalNameBytes = 0...Limits.nameBytes.upperBound

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

    func encodeTaste(_ taste: TasteRequest, _ writer: inout FrameWriter) {
        writer.write(taste.excludeSeen ? Self.excludeSeen : 0)
        writer.write(UInt32(clamping: taste.candidates))
        writer.write(UInt16(clamping: taste.weights.count))
        writer.write(UInt8(clamping: taste.profile.utf8.count))
        writer.write(UInt8(clamping: taste.reranker.utf8.count))
        for (term, weight) in taste.weights.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            writer.write(UInt32(term.rawValue))
            writer.write(weight)
        }
        writer.write(text: taste.profile)
        writer.write(text: taste.reranker)
    }

    func decodeTaste(_ reader: inout BodyReader) throws(RequestError) -> TasteRequest {
        let flags = try reader.read(UInt32.self, "taste flags")
        guard flags <= Self.excludeSeen else {
            throw .unsupported(what: "taste flags", got: Int(flags))
        }
        let candidates = try reader.readCount("taste candidates", in: Limits.candidates)
        let count = Int(try reader.read(UInt16.self, "taste weights"))
        _ = try reader.checked(count, "taste weights", in: 0...ScoreTerm.allCases.count)
        let profileBytes = Int(try reader.read(UInt8.self, "profile length"))
        _ = try reader.checked(profileBytes, "profile length", in: Self.optionalNameBytes)
        let rerankerBytes = Int(try reader.read(UInt8.self, "reranker length"))
        _ = try reader.checked(rerankerBytes, "reranker length", in: Self.optionalNameBytes)
        var weights: [ScoreTerm: Float] = [:]
        for _ in 0..<count {
            let start = reader.offset
            let number = try reader.read(UInt32.self, "term")
            guard let term = UInt8(exactly: number).flatMap(ScoreTerm.init) else {
                throw .unsupported(what: "score term", got: Int(number))
            }
            let weight = try readWeight(&reader, "weight of \(term.name)")
            guard weights.updateValue(weight, forKey: term) == nil else {
                throw .malformed(reason: "weight of \(term.name) twice", offset: start)
            }
        }
        return TasteRequest(
            weights,
            profile: try reader.readText(byteCount: profileBytes, "weight profile"),
            reranker: try reader.readText(byteCount: rerankerBytes, "reranker"),
            candidates: candidates,
            excludeSeen: flags & Self.excludeSeen != 0
        )
    }

    /// A weight whose products stay finite.
    func readWeight(_ reader: inout BodyReader, _ field: String) throws(RequestError) -> Float {
        let start = reader.offset
        let weight = try reader.readFiniteFloat(field)
        guard abs(weight) <= Limits.weightMagnitude else {
            throw .malformed(
                reason: "\(field) is \(weight), expected a magnitude up to 1e6",
                offset: start
            )
        }
        return weight
    }

    func encodeSpacing(_ spacing: SpacingRequest, _ writer: inout FrameWriter) {
        writer.write(spacing.field)
        writer.write(UInt16(clamping: spacing.window))
        writer.write(spacing.weight)
    }

    func decodeSpacing(_ reader: inout BodyReader) throws(RequestError) -> SpacingRequest {
        let field = try reader.read(UInt16.self, "spacing field")
        let window = Int(try reader.read(UInt16.self, "spacing window"))
        _ = try reader.checked(window, "spacing window", in: Limits.spacingWindow)
        let start = reader.offset
        let weight = try readWeight(&reader, "weight of spacing")
        guard weight > 0 else {
            throw .malformed(
                reason: "weight of spacing is \(weight), expected above 0",
                offset: start
            )
        }
        return SpacingRequest(field: field, weight: weight, window: window)
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
