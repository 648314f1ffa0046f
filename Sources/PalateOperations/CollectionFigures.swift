import PalateModel

/// A collection's figures, named as `palate stats --json` names them.
struct CollectionFigures: Encodable {
    var name: String
    var figures: [(name: String, value: UInt64)]
    var writeState: String
    var tasteWriteState: String
    var lastFailure: String

    init(_ name: String, _ stats: CollectionStats) {
        self.name = name
        figures = [
            ("live_items", stats.liveItems), ("deleted_items", stats.deletedItems),
            ("repair_debt", stats.repairDebt), ("reusable_slots", stats.reusableSlots),
            ("unreachable_items", stats.unreachableItems), ("checked_rows", stats.checkedRows),
            ("applied_version", stats.appliedVersion), ("tail_rows", stats.tailRows),
            ("tail_milliseconds", stats.tailMilliseconds), ("index_bytes", stats.indexBytes),
            ("stored_bytes", stats.storedBytes), ("free_bytes", stats.freeBytes),
            ("map_bytes", stats.mapBytes), ("map_bytes_max", stats.mapBytesMax),
            ("oldest_reader_commits", stats.oldestReaderCommits),
            ("oldest_reader_milliseconds", stats.oldestReaderMilliseconds),
            ("events", stats.events), ("users", stats.users), ("edges", stats.edges),
        ]
        writeState = "\(stats.writeState)"
        tasteWriteState = "\(stats.tasteWriteState)"
        lastFailure = stats.lastFailure
    }

    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: Key(stringValue: "name"))
        for figure in figures {
            try container.encode(figure.value, forKey: Key(stringValue: figure.name))
        }
        try container.encode(writeState, forKey: Key(stringValue: "write_state"))
        try container.encode(tasteWriteState, forKey: Key(stringValue: "taste_write_state"))
        try container.encode(lastFailure, forKey: Key(stringValue: "last_failure"))
    }
}
