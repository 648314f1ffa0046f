import PalateModel
import PalateStorage

/// The passes over one taste store.
struct TasteVerification {
    let tables: TasteTables
    var report: VerificationReport
    var collection: VerificationReport.Collection
    /// People whose events must have left a record.
    private var active: Set<UserID> = []
    /// Sum over the log of a number drawn from each event's person and place.
    private var logged: UInt64 = 0

    init(
        tables: TasteTables,
        report: VerificationReport = VerificationReport(),
        collection: VerificationReport.Collection
    ) {
        self.tables = tables
        self.report = report
        self.collection = collection
    }

    mutating func run() {
        do throws(IndexError) {
            try checkEvents()
            try checkUsers()
            try tables.checkUsers()
            try checkHistory()
        } catch {
            report.add(Finding(collection.name, error))
        }
    }

    /// Sequences follow each other from the first that is kept, and every event can be read.
    private mutating func checkEvents() throws(IndexError) {
        var next = try tables.firstSequence()
        let environment = tables.environment
        try environment.forEachEntry("events") { key, value, _ throws(IndexError) in
            guard let sequence = number(key, "events") else { return }
            if next < sequence {
                let last = Sealed.place("", Format.key(sequence - 1)).dropFirst().dropLast()
                find(
                    "events",
                    Format.key(next),
                    "missing, and all up to \(last)",
                    "\(sequence - next) events"
                )
            }
            next = sequence + 1
            do throws(IndexError) {
                let body = try Sealed.open(value, table: "events", key: key)
                guard body.byteCount > 0 else { return }
                let record = try EventRecord(body: body, place: Sealed.place("events", key))
                collection.events += 1
                logged &+= SplitMix64.number(sequence, seed: record.event.user)
                if record.event.type != .impression { active.insert(record.event.user) }
            } catch {
                report.add(Finding(collection.name, error))
            }
        }
    }

    /// Every record can be read, and whoever has events has one.
    private mutating func checkUsers() throws(IndexError) {
        let environment = tables.environment
        try environment.forEachEntry("users") { key, value, _ throws(IndexError) in
            guard let user = number(key, "users") else { return }
            active.remove(user)
            do throws(IndexError) {
                let body = try Sealed.open(value, table: "users", key: key)
                _ = try TasteTables.decode(body, of: user)
                collection.users += 1
            } catch {
                report.add(Finding(collection.name, error))
            }
        }
        for user in active.sorted() { find("users", Format.key(user), "missing", "a record") }
    }

    /// The history names every event of the log once, and none else.
    private mutating func checkHistory() throws(IndexError) {
        // A store that was never opened since there is a history has none.
        guard try tables.hasHistory() else { return }
        var indexed: UInt64 = 0
        let environment = tables.environment
        try environment.forEachEntry("history") { key, value, _ throws(IndexError) in
            guard key.count == 16 else {
                find("history", key, "a key of \(key.count) bytes", "16")
                return
            }
            do throws(IndexError) {
                _ = try Sealed.open(value, table: "history", key: key)
            } catch {
                report.add(Finding(collection.name, error))
            }
            let user = key[..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let sequence = key[8...].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            indexed &+= SplitMix64.number(sequence, seed: user)
        }
        guard indexed != logged else { return }
        find("history", [], "sum \(indexed)", "\(logged), as of the events")
    }

    private mutating func number(_ key: [UInt8], _ table: String) -> UInt64? {
        guard key.count == 8 else {
            find(table, key, "a key of \(key.count) bytes", "8")
            return nil
        }
        return key.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }

    private mutating func find(_ table: String, _ key: [UInt8], _ got: String, _ expected: String) {
        let place = String(Sealed.place("", key).dropFirst().dropLast())
        report.add(Finding(collection.name, table, place, got: got, expected: expected))
    }
}
