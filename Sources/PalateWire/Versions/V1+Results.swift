import PalateModel

// QUERY responses: columns over all result lists.
extension V1 {
    /// Bit 0 of the response's flags; that a deadline cut the search is a flag of the frame.
    private static let exact: UInt16 = 1
    /// Lists and hits of one answer.
    private static let lists = 0...Limits.queriesPerRequest.upperBound
    private static let hits = 0...Limits.frameBytesMax / 12

    func encodeResults(_ results: SearchResponse, _ writer: inout FrameWriter) {
        var parts: ResultParts = []
        if !results.scoreParts.isEmpty { parts.insert(.scoreParts) }
        if !results.payloads.isEmpty { parts.insert(.payload) }
        if !results.reasons.isEmpty { parts.insert(.reasons) }
        if !results.fields.isEmpty { parts.insert(.fields) }
        if results.plan != nil { parts.insert(.plan) }
        let payloadBytes = results.payloads.reduce(0) { $0 + $1.count }
        writer.reserve(64 + results.ids.count * 40 + results.offsets.count * 4 + payloadBytes)
        writer.write(UInt32(clamping: results.offsets.count - 1))
        writer.write(UInt32(clamping: results.ids.count))
        writer.write(results.generation)
        writer.write(results.appliedVersion)
        writer.write(results.visitedCount)
        writer.write(results.isExact ? Self.exact : 0)
        writer.write(UInt16(parts.contains(.scoreParts) ? ScoreTerm.allCases.count : 0))
        writer.write(parts.rawValue)
        writer.write(UInt64(payloadBytes))
        writer.write(column: results.ids)
        writer.write(column: results.scores)
        writer.write(column: results.offsets)
        for part in results.scoreParts {
            for term in ScoreTerm.allCases { writer.write(part[term]) }
        }
        encodeReasons(results.reasons, &writer)
        encodePayloads(results.payloads, &writer)
        if !results.fields.isEmpty {
            writer.write(UInt32(clamping: results.fields.count))
            for values in results.fields { encodeValues(values, &writer) }
        }
        if let plan = results.plan { encodePlan(plan, &writer) }
    }

    func decodeResults(
        _ header: FrameHeader,
        _ reader: inout BodyReader
    ) throws(RequestError) -> SearchResponse {
        var results = SearchResponse()
        let lists = try reader.readCount("result lists", in: Self.lists)
        let count = try reader.readCount("results", in: Self.hits)
        results.generation = try reader.read(UInt64.self, "generation")
        results.appliedVersion = try reader.read(UInt64.self, "applied version")
        results.visitedCount = try reader.read(UInt64.self, "visited count")
        let flags = try reader.read(UInt16.self, "result flags")
        guard flags <= Self.exact else {
            throw .unsupported(what: "result flags", got: Int(flags))
        }
        results.isExact = flags & Self.exact != 0
        results.isDegraded = header.flags.contains(.degraded)
        let terms = Int(try reader.read(UInt16.self, "terms"))
        let parts = ResultParts(rawValue: try reader.read(UInt32.self, "result parts"))
        guard parts.isSubset(of: .known) else {
            throw .unsupported(what: "result parts", got: Int(parts.rawValue))
        }
        let payloadBytes = try reader.read(UInt64.self, "payload bytes")
        results.ids = try reader.readColumn(ItemID.self, count: count, "ids")
        results.scores = try reader.readColumn(Float.self, count: count, "scores")
        let offsetsStart = reader.offset
        results.offsets = try reader.readColumn(UInt32.self, count: lists + 1, "offsets")
        guard isCovering(results.offsets, count: count) else {
            throw .malformed(
                reason: "offsets do not run from 0 to \(count)",
                offset: offsetsStart
            )
        }
        if parts.contains(.scoreParts) {
            results.scoreParts = try decodeScoreParts(&reader, count: count, terms: terms)
        }
        if parts.contains(.reasons) {
            results.reasons = try decodeReasons(&reader, count: count)
        }
        if parts.contains(.payload) {
            results.payloads = try decodePayloads(&reader, count: count, byteCount: payloadBytes)
        } else if payloadBytes != 0 {
            throw .unequalColumns(field: "payloads", got: Int(clamping: payloadBytes), expected: 0)
        }
        if parts.contains(.fields) {
            for _ in 0..<(try reader.readCount("fields", in: Limits.fields)) {
                results.fields.append(try decodeValues(&reader, count: count))
            }
        }
        if parts.contains(.plan) { results.plan = try decodePlan(&reader) }
        return results
    }

    private func isCovering(_ offsets: [UInt32], count: Int) -> Bool {
        offsets.first == 0 && offsets.last.map(Int.init) == count
            && zip(offsets, offsets.dropFirst()).allSatisfy { $0 <= $1 }
    }

    /// Terms that this version does not know are passed over; those it misses are 0.
    private func decodeScoreParts(
        _ reader: inout BodyReader,
        count: Int,
        terms: Int
    ) throws(RequestError) -> [TermValues] {
        let values = try reader.readColumn(Float.self, count: count * terms, "score parts")
        return (0..<count).map { row in
            var parts = TermValues()
            for term in ScoreTerm.allCases where Int(term.rawValue) < terms {
                parts[term] = values[row * terms + Int(term.rawValue)]
            }
            return parts
        }
    }

    // MARK: Reasons, 48 bytes each

    private func encodeReasons(_ reasons: [Reason], _ writer: inout FrameWriter) {
        for reason in reasons {
            writer.write(reason.medoid ?? .max)
            writer.write(reason.liked ?? .max)
            writer.write(reason.rejected ?? .max)
            writer.write(reason.medoidSimilarity)
            writer.write(reason.likedSimilarity)
            writer.write(reason.rejectedSimilarity)
            writer.write(reason.propensity)
            writer.write(reason.rules.rawValue)
            writer.write(UInt32(0))
        }
    }

    private func decodeReasons(
        _ reader: inout BodyReader,
        count: Int
    ) throws(RequestError) -> [Reason] {
        var reasons: [Reason] = []
        reasons.reserveCapacity(min(count, reader.remaining / 48))
        for _ in 0..<count {
            var reason = Reason()
            reason.medoid = try readItem(&reader)
            reason.liked = try readItem(&reader)
            reason.rejected = try readItem(&reader)
            reason.medoidSimilarity = try reader.readFloat("medoid similarity")
            reason.likedSimilarity = try reader.readFloat("liked similarity")
            reason.rejectedSimilarity = try reader.readFloat("rejected similarity")
            reason.propensity = try reader.readFloat("propensity")
            reason.rules = ReasonRules(rawValue: try reader.read(UInt32.self, "rules"))
            try reader.readReserved(UInt32.self, "reserved field of a reason")
            reasons.append(reason)
        }
        return reasons
    }

    private func readItem(_ reader: inout BodyReader) throws(RequestError) -> ItemID? {
        let item = try reader.read(UInt64.self, "item")
        return item == .max ? nil : item
    }
}
