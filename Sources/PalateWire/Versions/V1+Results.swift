import PalateModel

// QUERY responses: columns over all result lists.
extension V1 {
    /// Bit 0 of the response's flags; that a deadline cut the search is a flag of the frame.
    private static let exact: UInt32 = 1
    /// Lists and hits of one answer.
    private static let lists = 0...Limits.queriesPerRequest.upperBound
    private static let hits = 0...Limits.frameBytesMax / 12

    func encodeResults(_ results: SearchResponse, _ writer: inout FrameWriter) {
        var parts: ResultParts = []
        if !results.scoreParts.isEmpty { parts.insert(.scoreParts) }
        if !results.payloads.isEmpty { parts.insert(.payload) }
        let payloadBytes = results.payloads.reduce(0) { $0 + $1.count }
        writer.reserve(64 + results.ids.count * 40 + results.offsets.count * 4 + payloadBytes)
        writer.write(UInt32(clamping: results.offsets.count - 1))
        writer.write(UInt32(clamping: results.ids.count))
        writer.write(results.generation)
        writer.write(results.appliedVersion)
        writer.write(results.visitedCount)
        writer.write(results.isExact ? Self.exact : 0)
        writer.write(parts.rawValue)
        writer.write(UInt64(payloadBytes))
        writer.write(column: results.ids)
        writer.write(column: results.scores)
        writer.write(column: results.offsets)
        for part in results.scoreParts {
            writer.write(part.query)
            writer.write(part.taste)
            writer.write(part.graph)
            writer.write(part.popularity)
            writer.write(part.negative)
        }
        encodePayloads(results.payloads, &writer)
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
        let flags = try reader.read(UInt32.self, "result flags")
        guard flags <= Self.exact else {
            throw .unsupported(what: "result flags", got: Int(flags))
        }
        results.isExact = flags & Self.exact != 0
        results.isDegraded = header.flags.contains(.degraded)
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
            results.scoreParts = try decodeScoreParts(&reader, count: count)
        }
        if parts.contains(.payload) {
            results.payloads = try decodePayloads(&reader, count: count, byteCount: payloadBytes)
        } else if payloadBytes != 0 {
            throw .unequalColumns(field: "payloads", got: Int(clamping: payloadBytes), expected: 0)
        }
        return results
    }

    private func isCovering(_ offsets: [UInt32], count: Int) -> Bool {
        offsets.first == 0 && offsets.last.map(Int.init) == count
            && zip(offsets, offsets.dropFirst()).allSatisfy { $0 <= $1 }
    }

    private func decodeScoreParts(
        _ reader: inout BodyReader,
        count: Int
    ) throws(RequestError) -> [ScoreParts] {
        let terms = ScoreParts.names.count
        let values = try reader.readColumn(Float.self, count: count * terms, "score parts")
        return (0..<count).map { row in
            var part = ScoreParts()
            part.query = values[row * terms]
            part.taste = values[row * terms + 1]
            part.graph = values[row * terms + 2]
            part.popularity = values[row * terms + 3]
            part.negative = values[row * terms + 4]
            return part
        }
    }
}
