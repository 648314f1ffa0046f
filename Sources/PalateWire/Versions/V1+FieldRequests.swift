import PalateModel

// Requests about fields, and what filters, groups and boosts add to QUERY.
extension V1 {
    // MARK: Declare, list, delete

    func encodeDeclare(
        _ handle: UInt32,
        _ fields: [FieldDeclaration],
        _ writer: inout FrameWriter
    ) {
        writer.write(handle)
        encodeDeclarations(fields, &writer)
    }

    func decodeDeclare(_ reader: inout BodyReader) throws(RequestError) -> Request {
        let handle = try reader.read(UInt32.self, "handle")
        return .declareFields(handle: handle, fields: try decodeDeclarations(&reader))
    }

    func encodeDeleteMatching(
        _ handle: UInt32,
        _ filter: Filter,
        limit: Int,
        _ writer: inout FrameWriter
    ) {
        writer.write(handle)
        writer.write(UInt32(clamping: limit))
        encodeFilter(filter, &writer)
    }

    func decodeDeleteMatching(_ reader: inout BodyReader) throws(RequestError) -> Request {
        let handle = try reader.read(UInt32.self, "handle")
        let limit = try reader.readCount("items", in: 1...Limits.idsPerRequest.upperBound)
        return .deleteMatching(handle: handle, filter: try decodeFilter(&reader), limit: limit)
    }

    // MARK: COUNT

    func encodeCount(_ count: CountRequest, _ writer: inout FrameWriter) {
        writer.write(count.handle)
        writer.write(UInt32(clamping: count.facetLimit))
        writer.write(UInt32(clamping: count.facets.count))
        writer.write(column: count.facets)
        encodeFilter(count.filter, &writer)
    }

    func decodeCount(_ reader: inout BodyReader) throws(RequestError) -> CountRequest {
        let handle = try reader.read(UInt32.self, "handle")
        let limit = try reader.readCount("facet values", in: Limits.facetValues)
        let facets = try reader.readCount("facets", in: Limits.facets)
        let fields = try reader.readColumn(UInt16.self, count: facets, "facets")
        return CountRequest(
            handle: handle,
            filter: try decodeFilter(&reader),
            facets: fields,
            facetLimit: limit
        )
    }

    func encodeCounted(_ counted: CountResponse, _ writer: inout FrameWriter) {
        writer.write(counted.count)
        writer.write(counted.appliedVersion)
        writer.write(UInt32(clamping: counted.facets.count))
        for facet in counted.facets {
            writer.write(UInt32(clamping: facet.count))
            writer.write(column: facet.map(\.count))
            encodeValues(facet.map(\.value), &writer)
        }
    }

    func decodeCounted(_ reader: inout BodyReader) throws(RequestError) -> CountResponse {
        var counted = CountResponse()
        counted.count = try reader.read(UInt64.self, "count")
        counted.appliedVersion = try reader.read(UInt64.self, "applied version")
        for _ in 0..<(try reader.readCount("facets", in: Limits.facets)) {
            let length = try reader.readCount("facet values", in: 0...Limits.facetValues.upperBound)
            let counts = try reader.readColumn(UInt64.self, count: length, "counts")
            let values = try decodeValues(&reader, count: length)
            counted.facets.append(
                zip(values, counts).compactMap { value, count in
                    value.map { CountResponse.FacetValue(value: $0, count: count) }
                }
            )
        }
        return counted
    }

    // MARK: SCROLL

    /// Bits of a SCROLL; of a cursor only the second.
    private struct ScrollFlags: OptionSet {
        var rawValue: UInt16
        static let cursor = ScrollFlags(rawValue: 1 << 0)
        static let cursorKey = ScrollFlags(rawValue: 1 << 1)
        static let descending = ScrollFlags(rawValue: 1 << 2)
        static let payloads = ScrollFlags(rawValue: 1 << 3)
        static let known: ScrollFlags = [.cursor, .cursorKey, .descending, .payloads]
    }

    func encodeScroll(_ scroll: ScrollRequest, _ writer: inout FrameWriter) {
        var flags: ScrollFlags = []
        if scroll.after != nil { flags.insert(.cursor) }
        if scroll.after?.key != nil { flags.insert(.cursorKey) }
        if scroll.isDescending { flags.insert(.descending) }
        if scroll.wantsPayloads { flags.insert(.payloads) }
        writer.write(scroll.handle)
        writer.write(UInt32(clamping: scroll.limit))
        writer.write(flags.rawValue)
        writer.write(scroll.order ?? 0)
        writer.write(UInt32(clamping: scroll.fields.count))
        writer.write(scroll.after?.item ?? 0)
        writer.write(scroll.after?.key ?? 0)
        writer.write(column: scroll.fields)
        encodeFilter(scroll.filter, &writer)
    }

    func decodeScroll(_ reader: inout BodyReader) throws(RequestError) -> ScrollRequest {
        let handle = try reader.read(UInt32.self, "handle")
        let limit = try reader.readCount("items of a page", in: Limits.scrollItems)
        let flags = ScrollFlags(rawValue: try reader.read(UInt16.self, "scroll flags"))
        guard flags.isSubset(of: .known) else {
            throw .unsupported(what: "scroll flags", got: Int(flags.rawValue))
        }
        let order = try reader.read(UInt16.self, "order")
        let count = try reader.readCount("fields", in: Limits.fields)
        let item = try reader.read(UInt64.self, "cursor item")
        let key = Int64(bitPattern: try reader.read(UInt64.self, "cursor key"))
        try checkCursor(flags, item, key)
        let fields = try reader.readColumn(UInt16.self, count: count, "fields")
        var scroll = ScrollRequest(handle: handle, filter: try decodeFilter(&reader))
        scroll.order = order == 0 ? nil : order
        scroll.isDescending = flags.contains(.descending)
        scroll.limit = limit
        scroll.fields = fields
        scroll.wantsPayloads = flags.contains(.payloads)
        if flags.contains(.cursor) {
            scroll.after = ScrollRequest.Cursor(
                item: item,
                key: flags.contains(.cursorKey) ? key : nil
            )
        }
        return scroll
    }

    func encodeScrolled(_ page: ScrollResponse, _ writer: inout FrameWriter) {
        var flags: ScrollFlags = []
        if page.next != nil { flags.insert(.cursor) }
        if page.next?.key != nil { flags.insert(.cursorKey) }
        if !page.payloads.isEmpty { flags.insert(.payloads) }
        writer.write(UInt32(clamping: page.ids.count))
        writer.write(flags.rawValue)
        writer.write(UInt16(clamping: page.fields.count))
        writer.write(page.next?.item ?? 0)
        writer.write(page.next?.key ?? 0)
        writer.write(UInt64(page.payloads.reduce(0) { $0 + $1.count }))
        writer.write(column: page.ids)
        for values in page.fields { encodeValues(values, &writer) }
        if !page.payloads.isEmpty { encodePayloads(page.payloads, &writer) }
    }

    func decodeScrolled(_ reader: inout BodyReader) throws(RequestError) -> ScrollResponse {
        var page = ScrollResponse()
        let count = try reader.readCount("items", in: 0...Limits.scrollItems.upperBound)
        let flags = ScrollFlags(rawValue: try reader.read(UInt16.self, "page flags"))
        let fields = Int(try reader.read(UInt16.self, "fields"))
        let item = try reader.read(UInt64.self, "cursor item")
        let key = Int64(bitPattern: try reader.read(UInt64.self, "cursor key"))
        let payloadBytes = try reader.read(UInt64.self, "payload bytes")
        try checkCursor(flags, item, key)
        guard flags.isSubset(of: [.cursor, .cursorKey, .payloads]),
            flags.contains(.payloads) || payloadBytes == 0
        else { throw .unsupported(what: "page flags", got: Int(flags.rawValue)) }
        page.ids = try reader.readColumn(ItemID.self, count: count, "ids")
        for _ in 0..<(try reader.checked(fields, "fields", in: Limits.fields)) {
            page.fields.append(try decodeValues(&reader, count: count))
        }
        if flags.contains(.payloads) {
            page.payloads = try decodePayloads(&reader, count: count, byteCount: payloadBytes)
        }
        if flags.contains(.cursor) {
            page.next = ScrollRequest.Cursor(
                item: item,
                key: flags.contains(.cursorKey) ? key : nil
            )
        }
        return page
    }

    /// A cursor without its flag is a client that would get the first page again.
    private func checkCursor(
        _ flags: ScrollFlags,
        _ item: ItemID,
        _ key: Int64
    ) throws(RequestError) {
        let hasItem = flags.contains(.cursor)
        let hasKey = flags.contains(.cursorKey)
        guard hasItem || (item == 0 && !hasKey), hasKey || key == 0 else {
            throw .malformed(reason: "a cursor without its flag", offset: 16)
        }
    }

    // MARK: Sections of QUERY

    func encodeFieldBoosts(_ boosts: [FieldBoost], _ writer: inout FrameWriter) {
        writer.write(UInt32(clamping: boosts.count))
        for boost in boosts {
            writer.write(boost.field)
            writer.write(boost.curve.rawValue)
            writer.write(UInt8((boost.origin == nil ? 0 : 1) | (boost.place == nil ? 0 : 2)))
            writer.write(boost.weight)
            for number in [
                boost.origin ?? 0, boost.place?.latitude ?? 0, boost.place?.longitude ?? 0,
                boost.scale, boost.offset, boost.decay,
            ] { writer.write(number.bitPattern) }
        }
    }

    func decodeFieldBoosts(_ reader: inout BodyReader) throws(RequestError) -> [FieldBoost] {
        var boosts: [FieldBoost] = []
        for _ in 0..<(try reader.readCount("field boosts", in: Limits.fieldBoosts)) {
            let field = try reader.read(UInt16.self, "field id")
            let tag = try reader.read(UInt8.self, "curve")
            guard let curve = FieldBoost.Curve(rawValue: tag) else {
                throw .unsupported(what: "curve", got: Int(tag))
            }
            let flags = try reader.read(UInt8.self, "boost flags")
            guard flags <= 3 else { throw .unsupported(what: "boost flags", got: Int(flags)) }
            var boost = FieldBoost(
                field: field,
                curve: curve,
                weight: try reader.readFiniteFloat("boost weight")
            )
            let start = reader.offset
            let origin = try reader.readDouble("origin")
            let place = try decodePoint(&reader)
            let isPlaceZero = place.latitude.bitPattern | place.longitude.bitPattern == 0
            guard flags & 1 != 0 || origin.bitPattern == 0, flags & 2 != 0 || isPlaceZero else {
                throw .malformed(reason: "an origin without its flag", offset: start)
            }
            boost.scale = try reader.readDouble("scale")
            boost.offset = try reader.readDouble("offset")
            boost.decay = try reader.readDouble("decay")
            if flags & 1 != 0 { boost.origin = origin }
            if flags & 2 != 0 { boost.place = place }
            try boost.check()
            boosts.append(boost)
        }
        return boosts
    }

    func decodeFieldList(_ reader: inout BodyReader) throws(RequestError) -> [FieldID] {
        let count = try reader.readCount("fields", in: Limits.fields)
        return try reader.readColumn(UInt16.self, count: count, "fields")
    }

    // MARK: What was decided

    func encodePlan(_ plan: PlanReport, _ writer: inout FrameWriter) {
        writer.write(plan.strategy.rawValue)
        writer.write(UInt8(0))
        writer.write(UInt16(0))
        for number in [plan.beamWidth, plan.candidates, plan.rescored, plan.rounds] {
            writer.write(number)
        }
        writer.write(plan.scanNanoseconds)
        writer.write(plan.walkNanoseconds)
        writer.write(plan.slotNanoseconds)
        writer.write(plan.matches)
        writer.write(plan.rows)
    }

    func decodePlan(_ reader: inout BodyReader) throws(RequestError) -> PlanReport {
        let tag = try reader.read(UInt8.self, "strategy")
        guard let strategy = SearchStrategy(rawValue: tag) else {
            throw .unsupported(what: "strategy", got: Int(tag))
        }
        try reader.readReserved(UInt8.self, "reserved field of a plan")
        try reader.readReserved(UInt16.self, "reserved field of a plan")
        let numbers = try reader.readColumn(UInt32.self, count: 4, "plan")
        let costs = try reader.readColumn(Float.self, count: 3, "costs")
        var plan = PlanReport(
            strategy: strategy,
            beamWidth: numbers[0],
            candidates: numbers[1],
            rescored: numbers[2],
            matches: try reader.read(UInt64.self, "matches"),
            rows: try reader.read(UInt64.self, "rows"),
            scanNanoseconds: costs[0],
            walkNanoseconds: costs[1],
            slotNanoseconds: costs[2]
        )
        plan.rounds = numbers[3]
        return plan
    }
}
