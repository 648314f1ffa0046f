import PalateChecksum
import PalateFields
package import PalateModel
import PalateStorage

/// One thing a data directory holds, as `palate dump` prints it.
package enum DumpRecord: Equatable, Sendable {
    /// A collection; what follows is its own, until the next one.
    case collection(CollectionSchema)
    /// A live item: its version, and CRC32C of its payload and of its float32 vector.
    ///
    /// Also of its fields, where it has any.
    case item(ItemID, version: UInt64, payload: UInt32, vector: UInt32, fields: UInt32?)
    /// An event and its place in the order of arrival.
    case event(sequence: UInt64, Event)
}

/// Lists what a data directory holds, without changing it: two that list the same answer the same.
package enum Dump {
    /// Items read per read transaction.
    private static let itemsPerRead = 4_096

    /// Visits every collection by name: its live items by id, then its events by arrival.
    ///
    /// - Throws: the first damage met.
    package static func run(
        path: String,
        _ visit: (DumpRecord) -> Void
    ) throws(IndexError) {
        let directory = try ClosedDirectory(path: path)
        for entry in directory.entries {
            visit(.collection(entry.schema))
            try forEachItem(of: directory.store(of: entry), visit)
            try directory.taste(of: entry).forEachEvent { sequence, event in
                visit(.event(sequence: sequence, event))
            }
        }
    }

    private static func forEachItem(
        of store: GenerationStore,
        _ visit: (DumpRecord) -> Void
    ) throws(IndexError) {
        let payloads = PayloadReader()
        var vector = [Float](repeating: 0, count: store.schema.dimensions)
        var start: ItemID?
        repeat {
            start = try store.environment.read(failingWith: IndexError.self) {
                transaction throws(IndexError) in
                var cursor = try transaction.sealedCursor(store.ids, from: start)
                defer { cursor.close() }
                for _ in 0..<itemsPerRead {
                    guard let item = try cursor.step() else { return nil }
                    visit(try record(of: item, store, payloads, &vector, transaction))
                }
                return try cursor.step()
            }
        } while start != nil
    }

    private static func record(
        of item: ItemID,
        _ store: GenerationStore,
        _ payloads: PayloadReader,
        _ vector: inout [Float],
        _ transaction: borrowing ReadTransaction
    ) throws(IndexError) -> DumpRecord {
        let key = Format.key(item)
        guard let ordinal = try store.ordinal(of: item, transaction) else {
            throw .missing(place: Sealed.place("ids", key))
        }
        let row = try store.row(ordinal, transaction)
        guard row.item == item, !row.isDeleted else {
            throw .corrupt(
                place: Sealed.place("ids", key),
                reason: "row \(ordinal) is of item \(row.item)\(row.isDeleted ? ", deleted" : "")"
            )
        }
        var span = vector.mutableSpan
        try store.readVector(ordinal, transaction, into: &span)
        try row.check(span.span, at: ordinal)
        let fields = try store.rowFields(ordinal, transaction)
        let payload = try payloads.payload(of: row, at: ordinal, store, transaction) ?? []
        return .item(
            item,
            version: row.version,
            payload: crc32c(payload.span.rawBytes),
            vector: crc32c(vector.span.rawBytes),
            fields: fields.entries.isEmpty ? nil : crc32c(fields.bytes.span.rawBytes)
        )
    }
}
