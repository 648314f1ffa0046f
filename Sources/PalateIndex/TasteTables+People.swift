import PalateModel
import PalateStorage

// One person's events, found by person; and their removal.
extension TasteTables {
    /// Events of one transaction where many are walked.
    private static let eventsPerTransaction = 16_384

    private static func historyKey(_ user: UserID, _ sequence: UInt64) -> [UInt8] {
        Format.key(user) + Format.key(sequence)
    }

    /// Makes an event findable by its person and its id.
    func putIndexes(
        of event: Event,
        _ sequence: UInt64,
        _ transaction: inout WriteTransaction
    ) throws(IndexError) {
        try transaction.putSealed(history, Self.historyKey(event.user, sequence), [])
        if let id = event.id {
            try transaction.putSealed(eventIDs, id, SequenceRecord(sequence: sequence).bytes)
        }
    }

    /// What `putIndexes` put.
    func removeIndexes(
        of event: Event,
        _ sequence: UInt64,
        _ transaction: inout WriteTransaction
    ) throws(IndexError) {
        try transaction.remove(history, Self.historyKey(event.user, sequence))
        if let id = event.id { try transaction.remove(eventIDs, id) }
    }

    /// Which of the ids are stored already.
    func knownIDs(_ ids: [UInt64]) throws(IndexError) -> Set<UInt64> {
        guard !ids.isEmpty else { return [] }
        let eventIDs = eventIDs
        return try environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            var known: Set<UInt64> = []
            for id in ids where try transaction.value(eventIDs, id) != nil { known.insert(id) }
            return known
        }
    }

    /// Whether the indexes cover the log.
    func hasHistory() throws(IndexError) -> Bool {
        let meta = meta
        return try environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            try transaction.record(HistoryRecord.self, meta, Format.MetaKey.history) != nil
        }
    }

    /// Makes the indexes of a log from before there were any.
    func indexHistory() throws(IndexError) {
        let (meta, tables) = (meta, self)
        guard try !hasHistory() else { return }
        var batch: [(UInt64, Event)] = []
        let flush = { (batch: [(UInt64, Event)]) throws(IndexError) in
            try tables.environment.write(failingWith: IndexError.self) {
                transaction throws(IndexError) in
                for (sequence, event) in batch {
                    try tables.putIndexes(of: event, sequence, &transaction)
                }
            }
        }
        try forEachEvent { sequence, event throws(IndexError) in
            batch.append((sequence, event))
            guard batch.count >= Self.eventsPerTransaction else { return }
            try flush(batch)
            batch.removeAll(keepingCapacity: true)
        }
        try flush(batch)
        try environment.write(failingWith: IndexError.self) { transaction throws(IndexError) in
            try transaction.putSealed(meta, Format.MetaKey.history, HistoryRecord().bytes)
        }
    }

    /// A person's events in order of arrival, from a sequence on.
    func history(of user: UserID, from: UInt64, limit: Int) throws(IndexError) -> History {
        let (events, history) = (events, history)
        return try environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            var found = History()
            var cursor = try transaction.sealedCursor(
                history,
                from: Self.historyKey(user, from)
            )
            defer { cursor.close() }
            while let sequence = Self.sequence(try cursor.step(), of: user) {
                guard found.events.count < limit else {
                    found.next = sequence
                    break
                }
                guard let value = try transaction.value(events, sequence) else {
                    throw .missing(place: Sealed.place("events", Format.key(sequence)))
                }
                let place = Sealed.place("events", Format.key(sequence))
                let body = try Sealed.open(value, table: "events", key: Format.key(sequence))
                found.events.append(try EventRecord(body: body, place: place).event)
                found.sequences.append(sequence)
            }
            return found
        }
    }

    /// Removes a person from every table; their places in the log stay, empty.
    ///
    /// - Returns: events removed.
    func forget(_ user: UserID) throws(IndexError) -> Int {
        var removed = 0
        while true {
            let some = try history(of: user, from: 0, limit: Self.eventsPerTransaction)
            let isLast = some.next == nil
            let tables = self
            try environment.write(.shrink, failingWith: IndexError.self) {
                transaction throws(IndexError) in
                for (sequence, event) in zip(some.sequences, some.events) {
                    try transaction.putSealed(tables.events, sequence, [])
                    try tables.removeIndexes(of: event, sequence, &transaction)
                }
                guard isLast else { return }
                try tables.removeRecord(of: user, &transaction)
            }
            removed += some.events.count
            if isLast { return removed }
        }
    }

    private func removeRecord(
        of user: UserID,
        _ transaction: inout WriteTransaction
    ) throws(IndexError) {
        var sum = try transaction.record(UserSum.self, meta, Format.MetaKey.userSum)
        if let former = try transaction.value(users, user) { sum?.remove(former, of: user) }
        try transaction.remove(users, user)
        if let sum { try transaction.putSealed(meta, Format.MetaKey.userSum, sum.bytes) }
    }

    /// The sequence of a key of the history, where it is this person's.
    private static func sequence(_ key: [UInt8]?, of user: UserID) -> UInt64? {
        guard let key, key.count == 16, Array(key[..<8]) == Format.key(user) else { return nil }
        return key[8...].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }

    // MARK: Numbers

    /// Stored settings, profiles and experiments, by key.
    func storedNumbers() throws(IndexError) -> [String: TasteNumbers] {
        var stored: [String: TasteNumbers] = [:]
        // Opened read-only, a store of old has the names of `meta` here.
        guard numbers.name == Format.TasteTable.numbers.rawValue else { return [:] }
        try environment.forEachSealed(numbers) { key, bytes throws(IndexError) in
            let place = Sealed.place("numbers", key)
            let name = String(decoding: key, as: UTF8.self)
            stored[name] = try NumbersRecord(body: bytes, place: place).numbers
        }
        return stored
    }

    /// Stores one list of numbers; nil removes it.
    func put(_ list: TasteNumbers?, at key: String) throws(IndexError) {
        let (table, key) = (numbers, Array(key.utf8))
        try environment.write(failingWith: IndexError.self) { transaction throws(IndexError) in
            if let list {
                try transaction.putSealed(table, key, NumbersRecord(list).bytes)
            } else {
                try transaction.remove(table, key)
            }
        }
    }
}
