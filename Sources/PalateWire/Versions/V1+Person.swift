import PalateModel

// The sections of a QUERY that say whose eyes it sees with, and what goes before the score.
extension V1 {
    // MARK: PERSON, 32 bytes and a name

    func encodePerson(_ person: PersonRequest, _ writer: inout FrameWriter) {
        writer.write(person.asOf ?? 0)
        writer.write(person.session ?? 0)
        writer.write(person.seed)
        writer.write(person.surprise)
        writer.write(UInt8(clamping: person.sandbox.utf8.count))
        writer.write(UInt8(0))
        writer.write(UInt16(0))
        writer.write(text: person.sandbox)
    }

    func decodePerson(
        _ reader: inout BodyReader,
        into person: inout PersonRequest
    ) throws(RequestError) {
        let start = reader.offset
        let time = try reader.read(Int64.self, "as-of time")
        guard time >= 0 else {
            throw .malformed(reason: "the as-of time is before 1970", offset: start)
        }
        person.asOf = time == 0 ? nil : time
        let session = try reader.read(UInt64.self, "session")
        person.session = session == 0 ? nil : session
        person.seed = try reader.read(UInt64.self, "seed")
        let surpriseStart = reader.offset
        person.surprise = try reader.readFiniteFloat("surprise")
        guard (0...1).contains(person.surprise) else {
            throw .malformed(
                reason: "surprise is \(person.surprise), expected 0 to 1",
                offset: surpriseStart
            )
        }
        let nameBytes = Int(try reader.read(UInt8.self, "sandbox length"))
        _ = try reader.checked(nameBytes, "sandbox length", in: Self.optionalNameBytes)
        try reader.readReserved(UInt8.self, "reserved field of PERSON")
        try reader.readReserved(UInt16.self, "reserved field of PERSON")
        person.sandbox = try reader.readText(byteCount: nameBytes, "sandbox")
    }

    // MARK: WHAT_IF, 8 bytes and columns

    func encodeInlineEvents(_ events: [Event], _ writer: inout FrameWriter) {
        writeCount(events.count, &writer)
        writer.write(column: events.map(\.item))
        writer.write(column: events.map(\.timeMilliseconds))
        writer.write(column: events.map(\.type.rawValue))
    }

    func decodeInlineEvents(_ reader: inout BodyReader) throws(RequestError) -> [Event] {
        let count = try readCount(&reader, "inline events", in: Limits.inlineEvents)
        let items = try reader.readColumn(ItemID.self, count: count, "inline items")
        let start = reader.offset
        let times = try reader.readColumn(Int64.self, count: count, "inline times")
        let types = try reader.readColumn(UInt8.self, count: count, "inline types")
        var events: [Event] = []
        for row in 0..<count {
            guard let type = EventType(rawValue: types[row]) else {
                throw .unsupported(what: "event type", got: Int(types[row]))
            }
            guard times[row] >= 0 else {
                throw .malformed(reason: "event \(row) is before 1970", offset: start + 8 * row)
            }
            events.append(
                Event(user: 0, item: items[row], type: type, timeMilliseconds: times[row])
            )
        }
        return events
    }

    // MARK: EXAMPLES and BOOSTS, 8 bytes and columns

    func encodeWeighted(_ items: [WeightedItem], _ writer: inout FrameWriter) {
        writeCount(items.count, &writer)
        writer.write(column: items.map(\.item))
        writer.write(column: items.map(\.weight))
    }

    func decodeWeighted(
        _ reader: inout BodyReader,
        _ field: String,
        in range: ClosedRange<Int>
    ) throws(RequestError) -> [WeightedItem] {
        let count = try readCount(&reader, field, in: range)
        let items = try reader.readColumn(ItemID.self, count: count, field)
        var weighted: [WeightedItem] = []
        weighted.reserveCapacity(count)
        for item in items {
            weighted.append(WeightedItem(item, weight: try readWeight(&reader, field)))
        }
        return weighted
    }

    // MARK: DIRECTIONS, 8 bytes and columns

    func encodeDirections(_ directions: [Direction], _ writer: inout FrameWriter) {
        writeCount(directions.count, &writer)
        writer.write(column: directions.map(\.toward))
        writer.write(column: directions.map(\.away))
        writer.write(column: directions.map(\.weight))
    }

    func decodeDirections(_ reader: inout BodyReader) throws(RequestError) -> [Direction] {
        let count = try readCount(&reader, "directions", in: Limits.directions)
        let toward = try reader.readColumn(ItemID.self, count: count, "directions toward")
        let away = try reader.readColumn(ItemID.self, count: count, "directions away")
        var directions: [Direction] = []
        for row in 0..<count {
            directions.append(
                Direction(
                    toward: toward[row],
                    away: away[row],
                    weight: try readWeight(&reader, "direction")
                )
            )
        }
        return directions
    }

    // MARK: CONTEXT_PAIRS, 8 bytes and columns

    func encodePairs(_ pairs: [ItemPair], _ writer: inout FrameWriter) {
        writeCount(pairs.count, &writer)
        writer.write(column: pairs.map(\.better))
        writer.write(column: pairs.map(\.worse))
    }

    func decodePairs(_ reader: inout BodyReader) throws(RequestError) -> [ItemPair] {
        let count = try readCount(&reader, "pairs", in: Limits.pairs)
        let better = try reader.readColumn(ItemID.self, count: count, "better items")
        let worse = try reader.readColumn(ItemID.self, count: count, "worse items")
        return zip(better, worse).map { ItemPair(better: $0, worse: $1) }
    }

    // MARK: USER_VECTORS, 8 bytes and columns

    func encodeUserVectors(_ person: PersonRequest, _ writer: inout FrameWriter) {
        writeCount(person.vectorWeights.count, &writer)
        writer.write(column: person.vectorWeights)
        writer.write(column: person.vectors)
    }

    func decodeUserVectors(
        _ reader: inout BodyReader,
        dimensions: Int,
        into person: inout PersonRequest
    ) throws(RequestError) {
        let count = try readCount(&reader, "user vectors", in: Limits.userVectors)
        for row in 0..<count {
            let start = reader.offset
            let weight = try readWeight(&reader, "weight of user vector \(row)")
            guard weight > 0 else {
                throw .malformed(reason: "user vector \(row) has no weight", offset: start)
            }
            person.vectorWeights.append(weight)
        }
        person.vectors = try reader.readVectors(.float32, rows: count, dimensions: dimensions)
    }

    // MARK: PINS, 8 bytes and columns

    func encodePins(_ pins: [Pin], _ writer: inout FrameWriter) {
        writeCount(pins.count, &writer)
        writer.write(column: pins.map(\.item))
        writer.write(column: pins.map { UInt32(clamping: $0.slot) })
    }

    func decodePins(_ reader: inout BodyReader, k: Int) throws(RequestError) -> [Pin] {
        let count = try readCount(&reader, "pins", in: Limits.pins)
        let items = try reader.readColumn(ItemID.self, count: count, "pinned items")
        let start = reader.offset
        var pins: [Pin] = []
        for item in items {
            pins.append(Pin(item, slot: try reader.readCount("slot", in: 0...(k - 1))))
        }
        guard Set(pins.map(\.slot)).count == count, Set(items).count == count else {
            throw .malformed(reason: "a slot or an item is pinned twice", offset: start)
        }
        return pins
    }

    // MARK: What they share

    private func writeCount(_ count: Int, _ writer: inout FrameWriter) {
        writer.write(UInt32(clamping: count))
        writer.write(UInt32(0))
    }

    private func readCount(
        _ reader: inout BodyReader,
        _ field: String,
        in range: ClosedRange<Int>
    ) throws(RequestError) -> Int {
        let count = try reader.readCount(field, in: range)
        try reader.readReserved(UInt32.self, "reserved field of \(field)")
        return count
    }
}
