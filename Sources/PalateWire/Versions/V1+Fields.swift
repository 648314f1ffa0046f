import PalateModel

// Fields: declarations, figures, and columns of values.
extension V1 {
    /// What a column's values are; raw values are the wire's.
    private enum ColumnKind: UInt8 {
        case none = 0
        case keyword = 1
        case keywords = 2
        case integer = 3
        case float = 4
        case bool = 5
        case geo = 7
    }

    // MARK: Declarations

    func encodeDeclarations(_ fields: [FieldDeclaration], _ writer: inout FrameWriter) {
        writer.write(UInt16(clamping: fields.count))
        writer.write(UInt16(0))
        for field in fields { encodeDeclaration(field, &writer) }
    }

    private func encodeDeclaration(_ field: FieldDeclaration, _ writer: inout FrameWriter) {
        writer.write(field.id)
        writer.write(field.type.rawValue)
        writer.write(UInt8(0))
        writeKeyword(field.name, &writer)
        writeKeyword(field.path, &writer)
    }

    func decodeDeclarations(
        _ reader: inout BodyReader
    ) throws(RequestError) -> [FieldDeclaration] {
        let count = try decodeFieldCount(&reader)
        var fields: [FieldDeclaration] = []
        for _ in 0..<count { fields.append(try decodeDeclaration(&reader)) }
        return fields
    }

    private func decodeFieldCount(_ reader: inout BodyReader) throws(RequestError) -> Int {
        let count = try reader.read(UInt16.self, "fields")
        try reader.readReserved(UInt16.self, "reserved field behind the count")
        return try reader.checked(Int(count), "fields", in: Limits.fields)
    }

    private func decodeDeclaration(
        _ reader: inout BodyReader
    ) throws(RequestError) -> FieldDeclaration {
        let id = try reader.read(UInt16.self, "field id")
        let tag = try reader.read(UInt8.self, "field type")
        guard let type = FieldType(rawValue: tag) else {
            throw .unsupported(what: "field type", got: Int(tag))
        }
        try reader.readReserved(UInt8.self, "reserved field of a declaration")
        let name = try decodeKeyword(&reader)
        let path = try decodeKeyword(&reader)
        return FieldDeclaration(name, type, path: path, id: id)
    }

    func encodeFigures(_ fields: [FieldFigures], _ writer: inout FrameWriter) {
        writer.write(UInt16(clamping: fields.count))
        writer.write(UInt16(0))
        for figures in fields {
            encodeDeclaration(figures.declaration, &writer)
            writer.write(UInt32(figures.isReady ? 1 : 0))
            for number in [
                figures.valued, figures.missing, figures.mistyped, figures.distinct, figures.bytes,
            ] { writer.write(number) }
        }
    }

    func decodeFigures(_ reader: inout BodyReader) throws(RequestError) -> [FieldFigures] {
        let count = try decodeFieldCount(&reader)
        var fields: [FieldFigures] = []
        for _ in 0..<count {
            let declaration = try decodeDeclaration(&reader)
            let isReady = try reader.readCount("ready", in: 0...1) == 1
            fields.append(
                FieldFigures(
                    declaration: declaration,
                    isReady: isReady,
                    valued: try reader.read(UInt64.self, "valued rows"),
                    missing: try reader.read(UInt64.self, "missing rows"),
                    mistyped: try reader.read(UInt64.self, "mistyped rows"),
                    distinct: try reader.read(UInt64.self, "distinct values"),
                    bytes: try reader.read(UInt64.self, "bytes")
                )
            )
        }
        return fields
    }

    // MARK: Columns

    func encodeColumns(_ columns: [FieldColumn], _ writer: inout FrameWriter) {
        writer.write(UInt16(clamping: columns.count))
        writer.write(UInt16(0))
        for column in columns {
            writer.write(column.field)
            encodeValues(column.values, &writer)
        }
    }

    func decodeColumns(
        _ reader: inout BodyReader,
        count: Int
    ) throws(RequestError) -> [FieldColumn] {
        var columns: [FieldColumn] = []
        for _ in 0..<(try decodeFieldCount(&reader)) {
            let field = try reader.read(UInt16.self, "field id")
            columns.append(
                FieldColumn(field: field, values: try decodeValues(&reader, count: count))
            )
        }
        return columns
    }

    /// Writes the kind of the values, which of them there are, and those.
    ///
    /// A value of another kind than the first is left out: `checkColumns` refuses such a column.
    func encodeValues(_ values: [FieldValue?], _ writer: inout FrameWriter) {
        let kind = values.lazy.compactMap { $0 }.first.map(Self.kind) ?? .none
        writer.write(kind.rawValue)
        writer.write(UInt8(0))
        guard kind != .none else { return }
        let kept = values.map { $0.map(Self.kind) == kind ? $0 : nil }
        writer.write(column: kept.map { $0 == nil ? UInt8(0) : 1 })
        for value in kept { if let value { encodeValue(value, &writer) } }
    }

    private func encodeValue(_ value: FieldValue, _ writer: inout FrameWriter) {
        switch value {
        case .keyword(let text): writeKeyword(text, &writer)
        case .keywords(let texts):
            writer.write(UInt16(clamping: texts.count))
            for text in texts { writeKeyword(text, &writer) }
        case .integer(let number): writer.write(number)
        case .float(let number): writer.write(number.bitPattern)
        case .bool(let isTrue): writer.write(UInt8(isTrue ? 1 : 0))
        case .geo(let point):
            writer.write(point.latitude.bitPattern)
            writer.write(point.longitude.bitPattern)
        }
    }

    func decodeValues(
        _ reader: inout BodyReader,
        count: Int
    ) throws(RequestError) -> [FieldValue?] {
        let tag = try reader.read(UInt8.self, "kind of a column")
        guard let kind = ColumnKind(rawValue: tag) else {
            throw .unsupported(what: "kind of a column", got: Int(tag))
        }
        try reader.readReserved(UInt8.self, "reserved field of a column")
        guard kind != .none else { return [FieldValue?](repeating: nil, count: count) }
        let present = try reader.readColumn(UInt8.self, count: count, "presence")
        var values: [FieldValue?] = []
        values.reserveCapacity(count)
        for flag in present {
            let isPresent = try reader.checked(Int(flag), "presence", in: 0...1) == 1
            values.append(isPresent ? try decodeValue(kind, &reader) : nil)
        }
        return values
    }

    private func decodeValue(
        _ kind: ColumnKind,
        _ reader: inout BodyReader
    ) throws(RequestError) -> FieldValue? {
        switch kind {
        case .none: return nil
        case .keyword: return .keyword(try decodeKeyword(&reader))
        case .integer:
            return .integer(Int64(bitPattern: try reader.read(UInt64.self, "integer")))
        case .float: return .float(try reader.readDouble("float"))
        case .bool:
            let value = try reader.read(UInt8.self, "bool")
            return .bool(try reader.checked(Int(value), "bool", in: 0...1) == 1)
        case .geo: return .geo(try decodePoint(&reader))
        case .keywords:
            let count = try reader.checked(
                Int(try reader.read(UInt16.self, "keywords")),
                "keywords",
                in: Limits.keywordsPerValue
            )
            var texts: [String] = []
            for _ in 0..<count { texts.append(try decodeKeyword(&reader)) }
            return .keywords(texts)
        }
    }

    private static func kind(_ value: FieldValue) -> ColumnKind {
        switch value {
        case .keyword: .keyword
        case .keywords: .keywords
        case .integer: .integer
        case .float: .float
        case .bool: .bool
        case .geo: .geo
        }
    }

    /// Refuses columns whose values are of several kinds.
    func checkColumns(_ columns: [FieldColumn]) throws(RequestError) {
        for column in columns {
            let kinds = Set(column.values.lazy.compactMap { $0.map { Self.kind($0).rawValue } })
            guard kinds.count <= 1 else {
                throw .wrongFieldType(
                    name: "#\(column.field)",
                    got: "values of \(kinds.count) kinds",
                    expected: "one kind"
                )
            }
        }
    }

    /// Writes a 16-bit length and UTF-8 bytes.
    func writeKeyword(_ text: String, _ writer: inout FrameWriter) {
        writer.write(UInt16(clamping: text.utf8.count))
        writer.write(text: text)
    }
}
