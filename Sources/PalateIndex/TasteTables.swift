import PalateModel
import PalateStorage
import PalateTaste

/// The taste store's LMDB environment: events by sequence, records by person.
///
/// | table    | key                              | value, sealed                                |
/// |----------|----------------------------------|----------------------------------------------|
/// | meta     | name, ASCII                      | `TasteRecord`, `UserSum`, `HistoryRecord`, and |
/// |          |                                  | the first event's `SequenceRecord`            |
/// | events   | sequence, u64                    | `EventRecord`; nothing where it was forgotten |
/// | users    | user, u64                        | `UserRecord` in its own versioned form        |
/// | history  | user, u64, then sequence, u64    | nothing                                      |
/// | eventIDs | the sender's number, u64         | sequence, u64                                |
/// | numbers  | name, ASCII                      | `NumbersRecord`: settings, weight profiles    |
/// | edges    | item, u64; `u64.max`: the header | item-item edges in their own versioned form   |
struct TasteTables: Sendable {
    let environment: Environment
    let meta: Table<[UInt8]>
    let events: Table<UInt64>
    let users: Table<UInt64>
    let history: Table<[UInt8]>
    let eventIDs: Table<UInt64>
    let numbers: Table<[UInt8]>
    let edges: Table<UInt64>

    /// Opens the environment at `path`; makes it where `creates` allows.
    ///
    /// A store from before a table existed gets it, unless it is opened read-only: then that table
    /// reads as empty.
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
            meta = try Self.table(.meta, in: environment, creates: creates)
            events = try Self.table(.events, in: environment, creates: creates)
            users = try Self.table(.users, in: environment, creates: creates)
            history = try Self.laterTable(.history, in: environment)
            eventIDs = try Self.laterTable(.eventIDs, in: environment)
            numbers = try Self.laterTable(.numbers, in: environment)
            edges = try Self.laterTable(.edges, in: environment)
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
                try transaction.putSealed(meta, Format.MetaKey.history, HistoryRecord().bytes)
            }
        }
    }

    private static func table<Key: TableKey>(
        _ table: Format.TasteTable,
        in environment: Environment,
        creates: Bool
    ) throws(StorageError) -> Table<Key> {
        try environment.table(table.rawValue, key: Key.self, creates: creates)
    }

    /// A table that older stores do not have; read-only, `meta` stands in for it, whose names no
    /// key of another kind can be.
    private static func laterTable<Key: TableKey>(
        _ table: Format.TasteTable,
        in environment: Environment
    ) throws(StorageError) -> Table<Key> {
        let isMissing = try !environment.tableNames().contains(table.rawValue)
        guard environment.isReadOnly, isMissing else {
            return try environment.table(table.rawValue, key: Key.self, creates: isMissing)
        }
        return try environment.table(Format.TasteTable.meta.rawValue, key: Key.self)
    }

    /// Events ever stored; the sequences of those kept are `firstSequence` ..< it.
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
        let tables = self
        try environment.write(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            for (index, event) in newEvents.enumerated() {
                let sequence = firstSequence + UInt64(index)
                let body = EventRecord(event: event).bytes
                try transaction.putSealed(tables.events, sequence, body)
                try tables.putIndexes(of: event, sequence, &transaction)
            }
            try tables.put(records, &transaction)
        }
    }

    /// Replaces records, and the sum over them.
    private func put(
        _ records: [(UserID, UserRecord)],
        _ transaction: inout WriteTransaction
    ) throws(IndexError) {
        guard !records.isEmpty else { return }
        var sum = try transaction.record(UserSum.self, meta, Format.MetaKey.userSum)
        var writer = ByteWriter()
        for (user, record) in records {
            if let former = try transaction.value(users, user) { sum?.remove(former, of: user) }
            writer.removeAll()
            record.encode(into: &writer)
            let sealed = Sealed.seal(writer.bytes, key: Format.key(user))
            sum?.add(sealed.span.rawBytes, of: user)
            try transaction.putRaw(users, user, sealed.span.rawBytes)
        }
        if let sum { try transaction.putSealed(meta, Format.MetaKey.userSum, sum.bytes) }
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
            defer { cursor.close() }
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

    /// Visits every event that was not forgotten, in order of arrival.
    func forEachEvent(_ body: (UInt64, Event) throws(IndexError) -> Void) throws(IndexError) {
        try environment.forEachSealed(events) { sequence, bytes throws(IndexError) in
            guard bytes.byteCount > 0 else { return }
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
