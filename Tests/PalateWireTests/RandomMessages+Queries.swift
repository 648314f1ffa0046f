import PalateModel
import TestKit

// Queries.
extension RandomMessages {
    mutating func taste() -> TasteRequest {
        var weights: [ScoreTerm: Float] = [:]
        for term in ScoreTerm.allCases where flag() { weights[term] = generator.normal() }
        return TasteRequest(
            weights,
            profile: flag() ? "discover" : "",
            reranker: flag() ? "rrf" : "",
            candidates: number(Limits.candidates),
            excludeSeen: flag()
        )
    }

    /// In any of the forms that vectors travel in.
    mutating func vectors(_ count: Int) -> QueryVectors {
        let size = count * Self.dimensions
        let components: QueryVectors.Components =
            switch number(0...3) {
            case 0: .float32(floats(size))
            case 1: .float16((0..<size).map { _ in UInt16(truncatingIfNeeded: half()) & 0xBBFF })
            case 2:
                .scaledInt8(
                    bytes(size...size).map(Int8.init(bitPattern:)),
                    scales: floats(count)
                )
            default: .uint8(bytes(size...size))
            }
        return QueryVectors(components, count: count)
    }

    mutating func search() -> SearchRequest {
        let count = number(1...5)
        let source: QuerySource =
            switch number(0...2) {
            case 0: .vectors(vectors(count))
            case 1: .items(words(count))
            default: .user
            }
        let taste = flag() ? taste() : nil
        let diversity = flag() ? diversity() : nil
        let k = number(Limits.results)
        var search = SearchRequest(
            handle: half(),
            source: source,
            k: k,
            beamWidth: number(0...Limits.beamWidth.upperBound),
            rescoreCount: flag() ? number(Limits.rescoreCount) : nil,
            parts: ResultParts(rawValue: half() & ResultParts.requestable.rawValue),
            scoreFloor: flag() ? generator.normal() : nil,
            user: source == .user || taste != nil || flag() ? word() : nil,
            excluded: flag() ? Set(words(number(1...20))).sorted() : [],
            taste: taste,
            diversity: diversity,
            person: flag() ? person() : nil,
            boosts: flag() ? weighted(number(0...9)) : [],
            pins: flag() ? [Pin(word(), slot: k - 1), Pin(word(), slot: 0)].suffix(k) : [],
            minimumVersion: word(),
            traceID: flag() ? TraceID(high: word(), low: word()) : nil
        )
        addFields(to: &search)
        return search
    }
}
