import PalateModel

// EVENT requests: columns, some of which may be missing.
extension V1 {
    /// Columns that an EVENT may leave out.
    struct EventColumns: OptionSet {
        var rawValue: UInt32
        static let ids = EventColumns(rawValue: 1 << 0)
        static let contexts = EventColumns(rawValue: 1 << 1)
        static let propensities = EventColumns(rawValue: 1 << 2)
        static let known: EventColumns = [.ids, .contexts, .propensities]
    }

    /// What says in a column that an event has no such number.
    private static let absent = UInt64.max

    func encodeEvents(_ handle: UInt32, _ events: [Event], _ writer: inout FrameWriter) {
        var columns: EventColumns = []
        if events.contains(where: { $0.id != nil }) { columns.insert(.ids) }
        if events.contains(where: { $0.context != nil }) { columns.insert(.contexts) }
        if events.contains(where: { $0.propensity != nil }) { columns.insert(.propensities) }
        writer.reserve(16 + events.count * 45)
        writer.write(handle)
        writer.write(UInt32(clamping: events.count))
        writer.write(columns.rawValue)
        writer.write(UInt32(0))
        writer.write(column: events.map(\.user))
        writer.write(column: events.map(\.item))
        writer.write(column: events.map(\.timeMilliseconds))
        if columns.contains(.ids) { writer.write(column: events.map { $0.id ?? Self.absent }) }
        if columns.contains(.contexts) {
            writer.write(column: events.map { $0.context ?? Self.absent })
        }
        if columns.contains(.propensities) {
            writer.write(column: events.map { $0.propensity ?? 0 })
        }
        writer.write(column: events.map(\.type.rawValue))
    }

    func decodeEvents(_ reader: inout BodyReader) throws(RequestError) -> Request {
        let handle = try reader.read(UInt32.self, "handle")
        let count = try reader.readCount("events", in: Limits.eventsPerRequest)
        let columns = EventColumns(rawValue: try reader.read(UInt32.self, "event columns"))
        guard columns.isSubset(of: .known) else {
            throw .unsupported(what: "event columns", got: Int(columns.rawValue))
        }
        try reader.readReserved(UInt32.self, "reserved field of EVENT")
        return .events(handle: handle, events: try decodeEvents(&reader, count: count, columns))
    }

    /// Events without ids, contexts and propensities.
    func decodePlainEvents(
        _ reader: inout BodyReader,
        count: Int
    ) throws(RequestError) -> [Event] {
        try decodeEvents(&reader, count: count, [])
    }

    /// The columns of `count` events.
    func decodeEvents(
        _ reader: inout BodyReader,
        count: Int,
        _ columns: EventColumns
    ) throws(RequestError) -> [Event] {
        let users = try reader.readColumn(UserID.self, count: count, "users")
        let items = try reader.readColumn(ItemID.self, count: count, "items")
        let firstTime = reader.offset
        let times = try reader.readColumn(Int64.self, count: count, "times")
        let ids = try numbers(&reader, columns.contains(.ids) ? count : 0, "event ids")
        let contexts = try numbers(&reader, columns.contains(.contexts) ? count : 0, "contexts")
        let propensityCount = columns.contains(.propensities) ? count : 0
        let propensities = try readPropensities(&reader, count: propensityCount)
        let types = try reader.readColumn(UInt8.self, count: count, "types")
        var events: [Event] = []
        events.reserveCapacity(count)
        for row in 0..<count {
            guard let type = EventType(rawValue: types[row]) else {
                throw .unsupported(what: "event type", got: Int(types[row]))
            }
            guard times[row] >= 0 else {
                throw .malformed(
                    reason: "event \(row) is before 1970",
                    offset: firstTime + row * MemoryLayout<Int64>.size
                )
            }
            var event = Event(
                user: users[row],
                item: items[row],
                type: type,
                timeMilliseconds: times[row]
            )
            if !ids.isEmpty { event.id = present(ids[row]) }
            if !contexts.isEmpty { event.context = present(contexts[row]) }
            if !propensities.isEmpty, propensities[row] != 0 {
                event.propensity = propensities[row]
            }
            events.append(event)
        }
        return events
    }

    private func readPropensities(
        _ reader: inout BodyReader,
        count: Int
    ) throws(RequestError) -> [Float] {
        let start = reader.offset
        let propensities = try reader.readColumn(Float.self, count: count, "propensities")
        // Absent is 0, and only one way to write it.
        for (row, propensity) in propensities.enumerated()
        where propensity.bitPattern != 0 && !(propensity > 0 && propensity <= 1) {
            throw .malformed(
                reason: "propensity \(row) is \(propensity), expected 0 to 1",
                offset: start + row * MemoryLayout<Float>.size
            )
        }
        return propensities
    }

    private func numbers(
        _ reader: inout BodyReader,
        _ count: Int,
        _ field: String
    ) throws(RequestError) -> [UInt64] {
        try reader.readColumn(UInt64.self, count: count, field)
    }

    private func present(_ number: UInt64) -> UInt64? { number == Self.absent ? nil : number }
}
