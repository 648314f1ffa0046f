import PalateModel

// Reading QUERY requests: a fixed head, a table, and sections.
extension V1 {
    /// Bytes of a row of the section table.
    static let entryBytes = 12
    /// Sections start at multiples of this, counted from the start of the body.
    static let alignment = 16
    /// Sections of one QUERY.
    private static let sections = 0...24

    /// What `kind` may say.
    enum QueryKind: UInt8 {
        case vectors = 0
        case items = 1
        case user = 2
    }

    /// Sections that this version knows.
    enum QuerySection: UInt16 {
        case vectors = 1
        case ids = 2
        case filter = 3
        case exclude = 4
        case taste = 5
        case diversity = 6
        case fieldBoosts = 7
        case fields = 8
        case person = 9
        case whatIf = 10
        case examples = 11
        case directions = 12
        case pairs = 13
        case userVectors = 14
        case boosts = 15
        case pins = 16
        case spacing = 17

        /// Whether the section belongs to PERSON.
        var needsPerson: Bool {
            switch self {
            case .whatIf, .examples, .directions, .pairs, .userVectors: true
            default: false
            }
        }
    }

    /// Which of the known sections came.
    private struct SectionSet: OptionSet {
        var rawValue: UInt32
        init(rawValue: UInt32) { self.rawValue = rawValue }
        init(_ section: QuerySection) { rawValue = 1 << section.rawValue }
    }

    /// Bits of the head's flags.
    struct QueryFlags: OptionSet {
        var rawValue: UInt16
        static let user = QueryFlags(rawValue: 1 << 0)
        static let scoreFloor = QueryFlags(rawValue: 1 << 1)
        static let rescoreCount = QueryFlags(rawValue: 1 << 2)
        static let known: QueryFlags = [.user, .scoreFloor, .rescoreCount]
    }

    /// The head's fields that the sections are checked against.
    private struct Head {
        var request: SearchRequest
        var kind: QueryKind
        var type: ElementType
        var dimensions: Int
        var count: Int
        /// Of the collection.
        var components: Int
    }

    /// Bit 0 of a table entry's flags: whoever does not know the section must refuse.
    static let critical: UInt16 = 1

    func decodeQuery(
        _ reader: inout BodyReader,
        _ dimensionsOf: (UInt32) -> Int?
    ) throws(RequestError) -> SearchRequest {
        var head = try decodeHead(&reader, dimensionsOf)
        let sectionCount = try reader.readCount("sections", in: Self.sections)
        try reader.readReserved(UInt32.self, "reserved field at byte 92")
        // Two readers walk the body: one over the table, one over the sections it describes.
        var table = reader
        try reader.skip(byteCount: sectionCount * Self.entryBytes, "section table")
        var seen = SectionSet()
        for _ in 0..<sectionCount {
            try decodeSection(&table, &head, &seen, &reader)
        }
        try checkComplete(head, seen)
        return head.request
    }

    private func decodeSection(
        _ table: inout BodyReader,
        _ head: inout Head,
        _ seen: inout SectionSet,
        _ reader: inout BodyReader
    ) throws(RequestError) {
        let entry = table.offset
        let type = try table.read(UInt16.self, "section type")
        let flags = try table.read(UInt16.self, "section flags")
        let offset = Int(try table.read(UInt32.self, "section offset"))
        let length = Int(try table.read(UInt32.self, "section length"))
        guard flags <= Self.critical else {
            throw .unsupported(what: "section flags", got: Int(flags))
        }
        try reader.align(to: Self.alignment, "padding between sections")
        guard offset == reader.offset, length <= reader.remaining else {
            throw .malformed(
                reason: "section \(type) is at \(offset) with \(length) bytes",
                offset: reader.offset
            )
        }
        guard let section = QuerySection(rawValue: type) else {
            guard flags & Self.critical == 0 else {
                throw .unsupported(what: "critical section", got: Int(type))
            }
            return try reader.skip(byteCount: length, "section")
        }
        guard seen.insert(SectionSet(section)).inserted else {
            throw .malformed(reason: "section \(type) twice", offset: entry)
        }
        guard !section.needsPerson || head.request.person != nil else {
            throw .malformed(reason: "section \(type) without PERSON before it", offset: entry)
        }
        try decode(section, byteCount: length, &head, &reader)
        let end = offset + length
        guard reader.offset == end else {
            throw .malformed(
                reason: "section \(type) has \(end - reader.offset) bytes too many",
                offset: reader.offset
            )
        }
    }

    private func decodeHead(
        _ reader: inout BodyReader,
        _ dimensionsOf: (UInt32) -> Int?
    ) throws(RequestError) -> Head {
        let handle = try reader.read(UInt32.self, "handle")
        guard let expected = dimensionsOf(handle) else { throw .unknownHandle(got: handle) }
        let kindTag = try reader.read(UInt8.self, "query kind")
        guard let kind = QueryKind(rawValue: kindTag) else {
            throw .unsupported(what: "query kind", got: Int(kindTag))
        }
        let type = try decodeElementType(&reader)
        let flags = QueryFlags(rawValue: try reader.read(UInt16.self, "query flags"))
        guard flags.isSubset(of: .known) else {
            throw .unsupported(what: "query flags", got: Int(flags.rawValue))
        }
        let dimensions = Int(try reader.read(UInt32.self, "dimensions"))
        guard dimensions == (kind == .vectors ? expected : 0) else {
            throw .wrongDimensions(got: dimensions, expected: kind == .vectors ? expected : 0)
        }
        let count = try reader.readCount(
            "queries",
            in: kind == .user ? 1...1 : Limits.queriesPerRequest
        )
        let k = try reader.readCount("k", in: Limits.results)
        let beamWidth = try reader.readCount("beam width", in: 0...Limits.beamWidth.upperBound)
        let rescoreCount = try reader.readCount("rescore count", in: Limits.rescoreCount)
        let parts = ResultParts(rawValue: try reader.read(UInt32.self, "result parts"))
        guard parts.isSubset(of: .requestable) else {
            throw .unsupported(what: "result parts", got: Int(parts.rawValue))
        }
        let scoreFloor = try reader.readFiniteFloat("score floor")
        try reader.readReserved(UInt32.self, "oversampling")
        let user = try reader.read(UInt64.self, "user")
        let minimumVersion = try reader.read(UInt64.self, "minimum version")
        try reader.readReserved(UInt32.self, "visited limit")
        let group = try decodeGroup(&reader)
        // As text and in headers: the first byte comes first.
        let trace = TraceID(
            high: UInt64(bigEndian: try reader.read(UInt64.self, "trace id")),
            low: UInt64(bigEndian: try reader.read(UInt64.self, "trace id"))
        )
        try reader.readReserved(UInt64.self, "seed")
        try checkAbsent(flags, rescoreCount, scoreFloor, user)
        let request = SearchRequest(
            handle: handle,
            source: .user,
            k: k,
            beamWidth: beamWidth,
            rescoreCount: flags.contains(.rescoreCount) ? rescoreCount : nil,
            parts: parts,
            scoreFloor: flags.contains(.scoreFloor) ? scoreFloor : nil,
            user: flags.contains(.user) ? user : nil,
            group: group,
            minimumVersion: minimumVersion,
            traceID: trace
        )
        return Head(
            request: request,
            kind: kind,
            type: type,
            dimensions: dimensions,
            count: count,
            components: expected
        )
    }

    /// No field has the number 0.
    private func decodeGroup(_ reader: inout BodyReader) throws(RequestError) -> GroupRequest? {
        let field = try reader.read(UInt16.self, "group field")
        let cap = Int(try reader.read(UInt16.self, "group cap"))
        guard field != 0 || cap != 0 else { return nil }
        return GroupRequest(
            field: field,
            cap: try reader.checked(cap, "group cap", in: Limits.groupCap)
        )
    }

    /// A value without its flag is a client that means something and would not get it.
    private func checkAbsent(
        _ flags: QueryFlags,
        _ rescoreCount: Int,
        _ scoreFloor: Float,
        _ user: UInt64
    ) throws(RequestError) {
        if !flags.contains(.rescoreCount), rescoreCount != 0 {
            throw .malformed(reason: "a rescore count without its flag", offset: 24)
        }
        if !flags.contains(.scoreFloor), scoreFloor.bitPattern != 0 {
            throw .malformed(reason: "a score floor without its flag", offset: 32)
        }
        if !flags.contains(.user), user != 0 {
            throw .malformed(reason: "a user without its flag", offset: 40)
        }
    }

    private func decode(
        _ section: QuerySection,
        byteCount: Int,
        _ head: inout Head,
        _ reader: inout BodyReader
    ) throws(RequestError) {
        switch section {
        case .vectors:
            guard head.kind == .vectors else { throw unexpected("VECTORS", reader.offset) }
            let vectors = try reader.readQueryVectors(
                head.type,
                rows: head.count,
                dimensions: head.dimensions
            )
            head.request.source = .vectors(vectors)
        case .ids:
            guard head.kind == .items else { throw unexpected("IDS", reader.offset) }
            head.request.source = .items(
                try reader.readColumn(ItemID.self, count: head.count, "ids")
            )
        case .filter: head.request.filter = try decodeFilter(&reader)
        case .fieldBoosts: head.request.fieldBoosts = try decodeFieldBoosts(&reader)
        case .fields: head.request.fields = try decodeFieldList(&reader)
        case .exclude:
            head.request.excluded = try decodeExcluded(byteCount: byteCount, &reader)
        case .taste:
            head.request.taste = try decodeTaste(&reader)
        case .diversity:
            head.request.diversity = try decodeDiversity(&reader)
        case .person:
            var person = PersonRequest()
            try decodePerson(&reader, into: &person)
            head.request.person = person
        case .whatIf:
            head.request.person?.events = try decodeInlineEvents(&reader)
        case .examples:
            head.request.person?.examples = try decodeWeighted(
                &reader,
                "examples",
                in: Limits.examples
            )
        case .directions:
            head.request.person?.directions = try decodeDirections(&reader)
        case .pairs:
            head.request.person?.pairs = try decodePairs(&reader)
        case .userVectors:
            var person = head.request.person ?? PersonRequest()
            try decodeUserVectors(&reader, dimensions: head.components, into: &person)
            head.request.person = person
        case .boosts:
            head.request.boosts = try decodeWeighted(&reader, "boosts", in: Limits.boosts)
        case .pins:
            head.request.pins = try decodePins(&reader, k: head.request.k)
        case .spacing: head.request.spacing = try decodeSpacing(&reader)
        }
    }

    private func unexpected(_ section: String, _ offset: Int) -> RequestError {
        .malformed(reason: "section \(section) does not belong to this kind", offset: offset)
    }

    private func checkComplete(_ head: Head, _ seen: SectionSet) throws(RequestError) {
        let needed: QuerySection? =
            switch head.kind {
            case .vectors: .vectors
            case .items: .ids
            case .user: nil
            }
        if let needed, !seen.contains(SectionSet(needed)) {
            throw .malformed(reason: "section \(needed.rawValue) is missing", offset: 0)
        }
        guard head.kind == .vectors || head.type == .float32 else {
            throw .malformed(reason: "an element type without vectors", offset: 5)
        }
        let needsUser = head.kind == .user || head.request.taste != nil
        let hasOther = head.request.person?.hasTasteOfItsOwn ?? false
        guard !needsUser || hasOther || head.request.user != nil else { throw .missingUser }
    }
}
