package import PalateModel

// Filters: nodes in postfix order, each 4 bytes and what its operation brings.
extension V1 {
    /// What a node does; raw values are the wire's.
    private enum FilterOperation: UInt8 {
        case all = 1
        case exists = 2
        case keywords = 3
        case integers = 4
        case integerRange = 5
        case floatRange = 6
        case bool = 7
        case box = 8
        case within = 9
        case items = 10
        case and = 16
        case or = 17
        case not = 18
    }

    // MARK: Writing

    /// Appends a filter's nodes.
    package func encodeFilter(_ filter: Filter, _ writer: inout FrameWriter) {
        writer.write(UInt16(clamping: filter.nodeCount))
        writer.write(UInt16(0))
        encodeNode(filter, &writer)
    }

    private func encodeNode(_ filter: Filter, _ writer: inout FrameWriter) {
        switch filter {
        case .all: writeHead(.all, 0, &writer)
        case .items(let items):
            writeHead(.items, 0, &writer)
            writer.write(UInt32(clamping: items.count))
            writer.write(column: items)
        case .and(let parts), .or(let parts):
            for part in parts { encodeNode(part, &writer) }
            var operation = FilterOperation.and
            if case .or = filter { operation = .or }
            writeHead(operation, UInt16(clamping: parts.count), &writer)
        case .not(let part):
            encodeNode(part, &writer)
            writeHead(.not, 0, &writer)
        case .field(let field, let test): encodeTest(field, test, &writer)
        }
    }

    private func encodeTest(
        _ field: FieldID,
        _ test: FieldTest,
        _ writer: inout FrameWriter
    ) {
        switch test {
        case .exists: writeHead(.exists, field, &writer)
        case .keywords(let texts):
            writeHead(.keywords, field, &writer)
            writer.write(UInt32(clamping: texts.count))
            for text in texts { writeKeyword(text, &writer) }
        case .integers(let numbers):
            writeHead(.integers, field, &writer)
            writer.write(UInt32(clamping: numbers.count))
            writer.write(column: numbers)
        case .integerRange(let range):
            writeHead(.integerRange, field, &writer)
            writer.write(range.lowerBound)
            writer.write(range.upperBound)
        case .floatRange(let range):
            writeHead(.floatRange, field, &writer)
            writer.write(range.lowerBound.bitPattern)
            writer.write(range.upperBound.bitPattern)
        case .bool(let value):
            writeHead(.bool, field, &writer)
            writer.write(UInt8(value ? 1 : 0))
        case .box(let box):
            writeHead(.box, field, &writer)
            for degrees in [box.south, box.north, box.west, box.east] {
                writer.write(degrees.bitPattern)
            }
        case .within(let meters, let centre):
            writeHead(.within, field, &writer)
            for number in [meters, centre.latitude, centre.longitude] {
                writer.write(number.bitPattern)
            }
        }
    }

    private func writeHead(
        _ operation: FilterOperation,
        _ argument: UInt16,
        _ writer: inout FrameWriter
    ) {
        writer.write(operation.rawValue)
        writer.write(UInt8(0))
        writer.write(argument)
    }

    // MARK: Reading

    /// A filter on the stack, and how deep it is.
    private struct Entry {
        var filter: Filter
        var depth = 1
    }

    /// Reads what `encodeFilter` wrote.
    ///
    /// - Throws: `malformed` and `outOfRange`, with the place.
    package func decodeFilter(_ reader: inout BodyReader) throws(RequestError) -> Filter {
        let nodes = try reader.checked(
            Int(try reader.read(UInt16.self, "filter nodes")),
            "filter nodes",
            in: Limits.filterNodes
        )
        try reader.readReserved(UInt16.self, "reserved field of the filter")
        var stack: [Entry] = []
        var literals = 0
        for _ in 0..<nodes {
            let place = reader.offset
            let tag = try reader.read(UInt8.self, "filter operation")
            try reader.readReserved(UInt8.self, "reserved field of a filter node")
            let argument = try reader.read(UInt16.self, "filter argument")
            guard let operation = FilterOperation(rawValue: tag) else {
                throw .unsupported(what: "filter operation", got: Int(tag))
            }
            switch operation {
            case .and, .or, .not:
                let entry = try combine(operation, Int(argument), &stack, at: place)
                _ = try reader.checked(entry.depth, "filter depth", in: Limits.filterDepth)
                stack.append(entry)
            case .all, .items:
                guard argument == 0 else {
                    throw .malformed(reason: "a field without a test", offset: place)
                }
                let filter =
                    operation == .all ? Filter.all : .items(try decodeItemList(&literals, &reader))
                stack.append(Entry(filter: filter))
            default:
                let test = try decodeTest(operation, &literals, &reader)
                stack.append(Entry(filter: .field(argument, test)))
            }
        }
        guard stack.count == 1 else {
            throw .malformed(
                reason: "the filter leaves \(stack.count) results, expected 1",
                offset: reader.offset
            )
        }
        return stack[0].filter
    }

    private func combine(
        _ operation: FilterOperation,
        _ argument: Int,
        _ stack: inout [Entry],
        at place: Int
    ) throws(RequestError) -> Entry {
        let count = operation == .not ? 1 : argument
        guard count <= stack.count, operation != .not || argument == 0 else {
            throw .malformed(
                reason: "a filter node of \(count) parts, \(stack.count) are there",
                offset: place
            )
        }
        let entries = stack.suffix(count)
        let depth = 1 + (entries.map(\.depth).max() ?? 0)
        let parts = entries.map(\.filter)
        stack.removeLast(count)
        switch operation {
        case .not: return Entry(filter: .not(parts[0]), depth: depth)
        case .and: return Entry(filter: .and(parts), depth: depth)
        default: return Entry(filter: .or(parts), depth: depth)
        }
    }

    private func decodeItemList(
        _ literals: inout Int,
        _ reader: inout BodyReader
    ) throws(RequestError) -> [ItemID] {
        try reader.readColumn(ItemID.self, count: try decodeCount(&literals, &reader), "items")
    }

    /// The number of literals that follow; all of a filter's together are limited.
    private func decodeCount(
        _ literals: inout Int,
        _ reader: inout BodyReader
    ) throws(RequestError) -> Int {
        let count = try reader.readCount("filter literals", in: Limits.filterLiterals)
        literals += count
        _ = try reader.checked(literals, "filter literals", in: Limits.filterLiterals)
        return count
    }

    private func decodeTest(
        _ operation: FilterOperation,
        _ literals: inout Int,
        _ reader: inout BodyReader
    ) throws(RequestError) -> FieldTest {
        switch operation {
        case .keywords:
            let count = try decodeCount(&literals, &reader)
            var texts: [String] = []
            for _ in 0..<count { texts.append(try decodeKeyword(&reader)) }
            return .keywords(texts)
        case .integers:
            let count = try decodeCount(&literals, &reader)
            return .integers(try reader.readColumn(Int64.self, count: count, "integers"))
        case .integerRange:
            let place = reader.offset
            let lower = Int64(bitPattern: try reader.read(UInt64.self, "lower bound"))
            let upper = Int64(bitPattern: try reader.read(UInt64.self, "upper bound"))
            guard lower <= upper else { throw empty("range", at: place) }
            return .integerRange(lower...upper)
        case .floatRange:
            let place = reader.offset
            let lower = try reader.readDouble("lower bound")
            let upper = try reader.readDouble("upper bound")
            guard lower <= upper else { throw empty("range", at: place) }
            return .floatRange(lower...upper)
        case .bool:
            let value = try reader.read(UInt8.self, "bool")
            return .bool(try reader.checked(Int(value), "bool", in: 0...1) == 1)
        case .box: return .box(try decodeBox(&reader))
        case .within:
            let place = reader.offset
            let meters = try reader.readDouble("meters")
            let centre = try decodePoint(&reader)
            guard meters >= 0, meters.isFinite else { throw empty("circle", at: place) }
            return .within(meters: meters, of: centre)
        default: return .exists
        }
    }

    private func decodeBox(_ reader: inout BodyReader) throws(RequestError) -> GeoBox {
        let place = reader.offset
        let box = GeoBox(
            south: try reader.readDouble("south"),
            north: try reader.readDouble("north"),
            west: try reader.readDouble("west"),
            east: try reader.readDouble("east")
        )
        guard box.isValid else { throw empty("box", at: place) }
        return box
    }

    func decodePoint(_ reader: inout BodyReader) throws(RequestError) -> GeoPoint {
        let place = reader.offset
        let point = GeoPoint(
            latitude: try reader.readDouble("latitude"),
            longitude: try reader.readDouble("longitude")
        )
        guard point.isValid else { throw empty("place", at: place) }
        return point
    }

    /// A 16-bit length and UTF-8 bytes, no longer than a keyword may be.
    func decodeKeyword(_ reader: inout BodyReader) throws(RequestError) -> String {
        let length = try reader.read(UInt16.self, "bytes of a keyword")
        let count = try reader.checked(
            Int(length),
            "bytes of a keyword",
            in: Limits.keywordBytes
        )
        return try reader.readText(byteCount: count, "keyword")
    }

    private func empty(_ what: String, at place: Int) -> RequestError {
        .malformed(reason: "the \(what) is empty or not on the globe", offset: place)
    }
}
