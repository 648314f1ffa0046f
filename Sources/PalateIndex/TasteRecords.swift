import PalateModel

/// An event's stored form: 25 bytes, then what else the sender said.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 8, 8, 8, 1 | user, item, time in ms, type; records of old end here |
/// | 25 | 1 | flags: 1 = id, 2 = context, 4 = propensity |
/// | 26 | 8, 8, 4 | each where its flag is set |
struct EventRecord: FormatRecord {
    var event: Event

    init(event: Event) { self.event = event }

    init(from reader: inout ByteReader) throws(ByteReaderError) {
        let user = try reader.readUInt64()
        let item = try reader.readUInt64()
        let time = try reader.readInt64()
        let raw = try reader.readUInt8()
        guard let type = EventType(rawValue: raw) else {
            throw ByteReaderError(offset: reader.offset - 1, needed: 1)
        }
        event = Event(user: user, item: item, type: type, timeMilliseconds: time)
        guard reader.remaining > 0 else { return }
        let flags = try reader.readUInt8()
        if flags & 1 != 0 { event.id = try reader.readUInt64() }
        if flags & 2 != 0 { event.context = try reader.readUInt64() }
        if flags & 4 != 0 { event.propensity = try reader.readFloat() }
    }

    func write(to writer: inout ByteWriter) {
        writer.write(event.user)
        writer.write(event.item)
        writer.write(event.timeMilliseconds)
        writer.write(event.type.rawValue)
        let flags: UInt8 =
            (event.id == nil ? 0 : 1) | (event.context == nil ? 0 : 2)
            | (event.propensity == nil ? 0 : 4)
        guard flags != 0 else { return }
        writer.write(flags)
        if let id = event.id { writer.write(id) }
        if let context = event.context { writer.write(context) }
        if let propensity = event.propensity { writer.write(propensity) }
    }
}

/// Says that `history` and `eventIDs` cover the whole log.
struct HistoryRecord: FormatRecord {
    private var version: UInt32 = 1

    init() {}

    init(from reader: inout ByteReader) throws(ByteReaderError) {
        version = try reader.readUInt32()
    }

    func write(to writer: inout ByteWriter) { writer.write(version) }
}

/// A place in the log.
struct SequenceRecord: FormatRecord {
    var sequence: UInt64

    init(sequence: UInt64) { self.sequence = sequence }

    init(from reader: inout ByteReader) throws(ByteReaderError) {
        sequence = try reader.readUInt64()
    }

    func write(to writer: inout ByteWriter) { writer.write(sequence) }
}

/// Named numbers and their edition: u64 version, u32 n, then n of f64, u8 length, name.
struct NumbersRecord: FormatRecord {
    var numbers: TasteNumbers

    init(_ numbers: TasteNumbers) { self.numbers = numbers }

    init(from reader: inout ByteReader) throws(ByteReaderError) {
        numbers = TasteNumbers(version: try reader.readUInt64())
        for _ in 0..<(try reader.readUInt32()) {
            let value = Double(bitPattern: try reader.readUInt64())
            let byteCount = Int(try reader.readUInt8())
            let name = try reader.readBytes(byteCount)
            numbers.numbers.append(NamedNumber(String(decoding: name, as: UTF8.self), value))
        }
    }

    func write(to writer: inout ByteWriter) {
        writer.write(numbers.version)
        writer.write(UInt32(numbers.numbers.count))
        for number in numbers.numbers {
            writer.write(number.value.bitPattern)
            let name = Array(number.name.utf8.prefix(255))
            writer.write(UInt8(name.count))
            writer.write(name)
        }
    }
}
