import PalateModel
import PalateStorage

// Old events let go: from the front of the log, so that what is left has no gap.
extension TasteTables {
    /// Events let go per transaction: some milliseconds for which new events wait.
    static let eventsPerRelease = 1_024

    /// The first sequence that was not let go.
    func firstSequence() throws(IndexError) -> UInt64 {
        let meta = meta
        return try environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            try transaction.record(SequenceRecord.self, meta, Format.MetaKey.firstEvent)?
                .sequence ?? 0
        }
    }

    /// Lets the oldest events go, in order of arrival, as far as one transaction carries.
    ///
    /// - Parameters:
    ///   - first: `firstSequence`.
    ///   - end: the sequence that stays whatever `isOld` says, and all after it.
    ///   - surplus: sequences below go without being asked about.
    ///   - isOld: whether another event goes; asked until it says no.
    /// - Returns: the new first sequence; `first` where nothing is to go.
    /// - Throws: `corrupt` for an event that cannot be read; what the store says.
    func release(
        from first: UInt64,
        to end: UInt64,
        below surplus: UInt64,
        isOld: (Event) -> Bool
    ) throws(IndexError) -> UInt64 {
        let (gone, next) = try oldest(from: first, to: end, below: surplus, isOld: isOld)
        guard next > first else { return first }
        let tables = self
        try environment.write(.shrink, failingWith: IndexError.self) {
            transaction throws(IndexError) in
            for sequence in first..<next { try transaction.remove(tables.events, sequence) }
            for (sequence, event) in gone {
                try tables.removeIndexes(of: event, sequence, &transaction)
            }
            try transaction.putSealed(
                tables.meta,
                Format.MetaKey.firstEvent,
                SequenceRecord(sequence: next).bytes
            )
        }
        return next
    }

    /// The events that go next, without those of people who were forgotten, and what comes after.
    private func oldest(
        from first: UInt64,
        to end: UInt64,
        below surplus: UInt64,
        isOld: (Event) -> Bool
    ) throws(IndexError) -> (gone: [(UInt64, Event)], next: UInt64) {
        let events = events
        return try environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            var gone: [(UInt64, Event)] = []
            var next = first
            var cursor = try transaction.sealedCursor(events, from: first)
            defer { cursor.close() }
            while next < end, next - first < Self.eventsPerRelease,
                let sequence = try cursor.step(), sequence < end
            {
                let key = Format.key(sequence)
                let body = try Sealed.open(cursor.value, table: "events", key: key)
                if body.byteCount > 0 {
                    let place = Sealed.place("events", key)
                    let event = try EventRecord(body: body, place: place).event
                    guard sequence < surplus || isOld(event) else { break }
                    gone.append((sequence, event))
                }
                next = sequence + 1
            }
            return (gone, next)
        }
    }
}
