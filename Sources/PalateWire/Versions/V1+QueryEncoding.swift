import PalateModel

// Writing QUERY requests.
extension V1 {
    func encodeQuery(_ search: SearchRequest, _ writer: inout FrameWriter) {
        let start = writer.count
        var dimensions = 0
        var type = ElementType.float32
        var count = 1
        var kind = QueryKind.user
        var sections: [QuerySection] = []
        switch search.source {
        case .vectors(let vectors):
            (kind, count) = (.vectors, vectors.count)
            (type, dimensions) = (vectors.elementType, vectors.dimensions)
            sections.append(.vectors)
        case .items(let ids):
            (kind, count) = (.items, ids.count)
            sections.append(.ids)
        case .user: break
        }
        if search.filter != nil { sections.append(.filter) }
        if search.spacing != nil { sections.append(.spacing) }
        if !search.excluded.isEmpty { sections.append(.exclude) }
        if search.taste != nil { sections.append(.taste) }
        if search.diversity != nil { sections.append(.diversity) }
        if !search.fieldBoosts.isEmpty { sections.append(.fieldBoosts) }
        if !search.fields.isEmpty { sections.append(.fields) }
        sections += personSections(search)
        writer.reserve(512 + count * (dimensions * 4 + 8) + search.excluded.count * 8)
        encodeHead(search, kind, type, dimensions, count, &writer)
        writer.write(UInt32(sections.count))
        writer.write(UInt32(0))
        let table = writer.count
        for section in sections {
            writer.write(section.rawValue)
            writer.write(Self.critical)
            writer.write(UInt64(0))
        }
        for (index, section) in sections.enumerated() {
            writer.align(to: Self.alignment, from: start)
            let offset = writer.count
            encode(section, search, &writer)
            writer.patch(UInt32(offset - start), at: table + index * Self.entryBytes + 4)
            writer.patch(
                UInt32(clamping: writer.count - offset),
                at: table + index * Self.entryBytes + 8
            )
        }
    }

    private func encode(_ vectors: QueryVectors, _ writer: inout FrameWriter) {
        switch vectors.components {
        case .float32(let floats): writer.write(column: floats)
        case .float16(let halves): writer.write(column: halves)
        case .scaledInt8(let codes, let scales):
            writer.write(column: scales)
            writer.write(column: codes)
        case .uint8(let bytes): writer.write(column: bytes)
        }
    }

    private func encodeHead(
        _ search: SearchRequest,
        _ kind: QueryKind,
        _ type: ElementType,
        _ dimensions: Int,
        _ count: Int,
        _ writer: inout FrameWriter
    ) {
        var flags: QueryFlags = []
        if search.user != nil { flags.insert(.user) }
        if search.scoreFloor != nil { flags.insert(.scoreFloor) }
        if search.rescoreCount != nil { flags.insert(.rescoreCount) }
        writer.write(search.handle)
        writer.write(kind.rawValue)
        writer.write(type.rawValue)
        writer.write(flags.rawValue)
        writer.write(UInt32(clamping: dimensions))
        writer.write(UInt32(clamping: count))
        writer.write(UInt32(clamping: search.k))
        writer.write(UInt32(clamping: search.beamWidth))
        writer.write(UInt32(clamping: search.rescoreCount ?? 0))
        writer.write(search.parts.rawValue)
        writer.write(search.scoreFloor ?? 0)
        writer.write(UInt32(0))
        writer.write(search.user ?? 0)
        writer.write(search.minimumVersion)
        // Visited limit and seed are without a use in this version.
        writer.write(UInt32(0))
        writer.write(search.group?.field ?? 0)
        writer.write(UInt16(clamping: search.group?.cap ?? 0))
        writer.write((search.traceID?.high ?? 0).bigEndian)
        writer.write((search.traceID?.low ?? 0).bigEndian)
        writer.write(UInt64(0))
    }

    private func encode(
        _ section: QuerySection,
        _ search: SearchRequest,
        _ writer: inout FrameWriter
    ) {
        switch section {
        case .vectors:
            if case .vectors(let vectors) = search.source { encode(vectors, &writer) }
        case .ids:
            if case .items(let ids) = search.source { writer.write(column: ids) }
        case .filter: if let filter = search.filter { encodeFilter(filter, &writer) }
        case .fieldBoosts: encodeFieldBoosts(search.fieldBoosts, &writer)
        case .fields:
            writer.write(UInt32(clamping: search.fields.count))
            writer.write(column: search.fields)
        case .exclude:
            encodeExcluded(search.excluded, &writer)
        case .taste:
            if let taste = search.taste { encodeTaste(taste, &writer) }
        case .diversity:
            if let diversity = search.diversity { encodeDiversity(diversity, &writer) }
        case .boosts: encodeWeighted(search.boosts, &writer)
        case .pins: encodePins(search.pins, &writer)
        case .spacing: if let spacing = search.spacing { encodeSpacing(spacing, &writer) }
        case .person, .whatIf, .examples, .directions, .pairs, .userVectors:
            if let person = search.person { encode(section, person, &writer) }
        }
    }

    private func encode(
        _ section: QuerySection,
        _ person: PersonRequest,
        _ writer: inout FrameWriter
    ) {
        switch section {
        case .person: encodePerson(person, &writer)
        case .whatIf: encodeInlineEvents(person.events, &writer)
        case .examples: encodeWeighted(person.examples, &writer)
        case .directions: encodeDirections(person.directions, &writer)
        case .pairs: encodePairs(person.pairs, &writer)
        case .userVectors: encodeUserVectors(person, &writer)
        default: break
        }
    }

    private func personSections(_ search: SearchRequest) -> [QuerySection] {
        var sections: [QuerySection] = []
        if let person = search.person {
            sections.append(.person)
            if !person.events.isEmpty { sections.append(.whatIf) }
            if !person.examples.isEmpty { sections.append(.examples) }
            if !person.directions.isEmpty { sections.append(.directions) }
            if !person.pairs.isEmpty { sections.append(.pairs) }
            if !person.vectorWeights.isEmpty { sections.append(.userVectors) }
        }
        if !search.boosts.isEmpty { sections.append(.boosts) }
        if !search.pins.isEmpty { sections.append(.pins) }
        return sections
    }
}
