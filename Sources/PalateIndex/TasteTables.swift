import PalateModel
import PalateStorage
import PalateTaste

/// The taste store's LMDB environment: events by sequence, records by person.
///
/// | table  | key           | value, sealed                                    |
/// |--------|---------------|--------------------------------------------------|
/// | meta   | name, ASCII   | `TasteRecord`, `UserSum`                         |
/// | events | sequence, u64 | user u64, item u64, time i64 in ms, type u8       |
/// | users  | user, u64     | `UserRecord` in its own versioned form           |
struct TasteTables: Sendable {
    let environment: Environment
    private let meta: Table<[UInt8]>
    private let events: Table<UInt64>
    private let users: Table<UInt64>

    /// Opens the environment at `path`; makes it where `creates` allows.
    init(
        path: String,
        mapBytes: MapBytes,
        readOnly: Bool = false,
        creates: Bool = false
    ) throws(IndexError) {
        do {
            environment = try Environment(
                path: path,
                mapBytes: mapBytes.start,
                mapBytesMax: mapBytes.most,
                tables: Format.TasteTable.allCases.count,
                readOnly: readOnly,
                creates: creates
            )
            meta = try environment.table(
                Format.TasteTable.meta.rawValue,
                key: [UInt8].self,
                creates: creates
            )
            events = try environment.table(
                Format.TasteTable.events.rawValue,
                key: UInt64.self,
                creates: creates
            )
            users = try environment.table(
                Format.TasteTable.users.rawValue,
                key: UInt64.self,
                creates: creates
            )
        } catch {
            throw .storage(error)
        }
        let meta = meta
        let place = "taste meta"
        let stored = try environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            try transaction.record(TasteRecord.self, meta, Format.MetaKey.taste)
        }
        if let stored {
            try stored.check(place: place)
        } else if !creates {
            throw .missing(place: place)
        } else {
            try environment.write(failingWith: IndexError.self) {
                transaction throws(IndexError) in
                try transaction.putSealed(meta, Format.MetaKey.taste, TasteRecord().bytes)
                try transaction.putSealed(meta, Format.MetaKey.userSum, UserSum().bytes)
            }
        }
    }

    /// Events stored; their sequences are 0 ..< it.
    func eventCount() throws(IndexError) -> UInt64 {
        let events = events
        return try environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            let last: UInt64?
            do throws(StorageError) {
                last = try transaction.lastKey(events)
            } catch {
                throw .storage(error)
            }
            guard let last, let value = try transaction.value(events, last) else { return 0 }
            // Its seal proves the key, so that a flipped bit there cannot move the next event.
            _ = try Sealed.open(value, table: "events", key: Format.key(last))
            return last + 1
        }
    }

    /// Appends events and replaces the records they changed, in one transaction.
    func write(
        _ newEvents: [Event],
        firstSequence: UInt64,
        records: [(UserID, UserRecord)]
    ) throws(IndexError) {
        let (meta, events, users) = (meta, events, users)
        try environment.write(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            for (index, event) in newEvents.enumerated() {
                try transaction.putSealed(
                    events,
                    firstSequence + UInt64(index),
                    EventRecord(event: event).bytes
                )
            }
            guard !records.isEmpty else { return }
            var sum = try transaction.record(UserSum.self, meta, Format.MetaKey.userSum)
            var writer = ByteWriter()
            for (user, record) in records {
                if let former = try transaction.value(users, user) {
                    sum?.remove(former, of: user)
                }
                writer.removeAll()
                record.encode(into: &writer)
                let sealed = Sealed.seal(writer.bytes, key: Format.key(user))
                sum?.add(sealed.span.rawBytes, of: user)
                try transaction.putRaw(users, user, sealed.span.rawBytes)
            }
            if let sum { try transaction.putSealed(meta, Format.MetaKey.userSum, sum.bytes) }
        }
    }

    /// One person's stored record.
    func record(of user: UserID) throws(IndexError) -> UserRecord? {
        let users = users
        return try environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            guard let value = try transaction.value(users, user) else { return nil }
            return try Self.decode(
                try Sealed.open(value, table: "users", key: Format.key(user)),
                of: user
            )
        }
    }

    /// Visits everybody, in order.
    func forEachUser(_ body: (UserID, UserRecord) throws(IndexError) -> Void) throws(IndexError) {
        try environment.forEachSealed(users) { user, bytes throws(IndexError) in
            try body(user, try Self.decode(bytes, of: user))
        }
    }

    /// Checks that everybody's record is the last one written; directories of old have no sum.
    ///
    /// Call while nobody writes.
    func checkUsers() throws(IndexError) {
        let (meta, users) = (meta, users)
        let (got, expected) = try environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            var sum = UserSum()
            var cursor = try transaction.sealedCursor(users, from: nil)
            while let user = try cursor.step() { sum.add(cursor.value, of: user) }
            return (sum, try transaction.record(UserSum.self, meta, Format.MetaKey.userSum) ?? sum)
        }
        guard got == expected else {
            throw .corrupt(
                place: "users",
                reason: "sum \(got.value), expected \(expected.value): a record is an older one"
            )
        }
    }

    /// Visits every event, in order of arrival.
    func forEachEvent(_ body: (UInt64, Event) throws(IndexError) -> Void) throws(IndexError) {
        try environment.forEachSealed(events) { sequence, bytes throws(IndexError) in
            let place = Sealed.place("events", Format.key(sequence))
            try body(sequence, try EventRecord(body: bytes, place: place).event)
        }
    }

    static func decode(_ body: RawSpan, of user: UserID) throws(IndexError) -> UserRecord {
        do {
            return try UserRecord(bytes: body)
        } catch {
            throw .corrupt(place: Sealed.place("users", Format.key(user)), reason: "\(error)")
        }
    }
}

/// Starts the taste store's meta table.
private struct TasteRecord: FormatRecord {
    var magic = Format.magic
    var version = Format.version

    init() {}

    init(from reader: inout ByteReader) throws(ByteReaderError) {
        magic = try reader.readUInt64()
        version = try reader.readUInt32()
    }

    func write(to writer: inout ByteWriter) {
        writer.write(magic)
        writer.write(version)
    }

    func check(place: String) throws(IndexError) {
        try Format.check(magic: magic, version: version, place: place)
    }
}

/// An event's stored form.
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
    }

    func write(to writer: inout ByteWriter) {
        writer.write(event.user)
        writer.write(event.item)
        writer.write(event.timeMilliseconds)
        writer.write(event.type.rawValue)
    }
}
