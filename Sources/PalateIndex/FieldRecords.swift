import PalateFields
import PalateModel

/// The fields of a collection, and how far rows have been read for those that are new.
struct FieldSchemeRecord: FormatRecord, Equatable {
    /// The number that the next field gets: none is given twice.
    var nextID: FieldID = 1
    var declarations: [FieldDeclaration] = []
    /// Fields whose rows have all been read.
    var readyCount = 0
    /// Slots below it have been read for the fields that are not ready.
    var builtSlots: UInt32 = 0

    init() {}

    init(from reader: inout ByteReader) throws(ByteReaderError) {
        nextID = try reader.readUInt16()
        builtSlots = try reader.readUInt32()
        readyCount = Int(try reader.readUInt16())
        for _ in 0..<(try reader.readUInt16()) {
            let place = reader.offset
            let id = try reader.readUInt16()
            guard let type = FieldType(rawValue: try reader.readUInt8()) else {
                throw ByteReaderError(offset: place, needed: 1)
            }
            let name = try reader.readString()
            let path = try reader.readString()
            declarations.append(FieldDeclaration(name, type, path: path, id: id))
        }
    }

    func write(to writer: inout ByteWriter) {
        writer.write(nextID)
        writer.write(builtSlots)
        writer.write(UInt16(readyCount))
        writer.write(UInt16(declarations.count))
        for declaration in declarations {
            writer.write(declaration.id)
            writer.write(declaration.type.rawValue)
            writer.write(declaration.name)
            writer.write(declaration.path)
        }
    }

    /// Whether every field's rows have been read.
    var isReady: Bool { readyCount == declarations.count }
}

/// The fields of one row, as stored: by rising field, each a tag and a value.
extension RowFields: FormatRecord {
    /// What follows a field's number; raw values are the format's.
    private enum Tag: UInt8 {
        case mistyped = 0
        case keyword = 1
        case keywords = 2
        case integer = 3
        case float = 4
        case bool = 5
        case geo = 7
    }

    init(from reader: inout ByteReader) throws(ByteReaderError) {
        self.init()
        for _ in 0..<(try reader.readUInt16()) {
            let field = try reader.readUInt16()
            let place = reader.offset
            guard let tag = Tag(rawValue: try reader.readUInt8()) else {
                throw ByteReaderError(offset: place, needed: 1)
            }
            entries[field] = try Self.entry(tag, &reader)
        }
    }

    private static func entry(
        _ tag: Tag,
        _ reader: inout ByteReader
    ) throws(ByteReaderError) -> Entry {
        switch tag {
        case .mistyped: return .mistyped
        case .keyword: return .value(.keyword(try reader.readString()))
        case .integer: return .value(.integer(try reader.readInt64()))
        case .float: return .value(.float(try reader.readDouble()))
        case .bool: return .value(.bool(try reader.readUInt8() != 0))
        case .keywords:
            var texts: [String] = []
            for _ in 0..<(try reader.readUInt16()) { texts.append(try reader.readString()) }
            return .value(.keywords(texts))
        case .geo:
            let latitude = try reader.readDouble()
            let longitude = try reader.readDouble()
            return .value(.geo(GeoPoint(latitude: latitude, longitude: longitude)))
        }
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt16(entries.count))
        for (field, entry) in entries.sorted(by: { $0.key < $1.key }) {
            writer.write(field)
            switch entry {
            case .mistyped: writer.write(Tag.mistyped.rawValue)
            case .value(.keyword(let text)):
                writer.write(Tag.keyword.rawValue)
                writer.write(text)
            case .value(.keywords(let texts)):
                writer.write(Tag.keywords.rawValue)
                writer.write(UInt16(texts.count))
                for text in texts { writer.write(text) }
            case .value(.integer(let number)):
                writer.write(Tag.integer.rawValue)
                writer.write(number)
            case .value(.float(let number)):
                writer.write(Tag.float.rawValue)
                writer.write(number)
            case .value(.bool(let value)):
                writer.write(Tag.bool.rawValue)
                writer.write(UInt8(value ? 1 : 0))
            case .value(.geo(let point)):
                writer.write(Tag.geo.rawValue)
                writer.write(point.latitude)
                writer.write(point.longitude)
            }
        }
    }
}
