import PalateModel
import PalateStorage
import PalateTaste

/// What a damaged taste store still holds.
struct TasteSurvey {
    private(set) var damages: [Finding] = []
    /// Events that can be read.
    private(set) var eventCount = 0
    /// Sequences that are gone, up to the last event there is.
    private(set) var lostEvents = 0
    /// Whether not even their number is known.
    private(set) var isLogLost = false
    /// Whether the last commit may be missing.
    private(set) var mayLackLastCommit = false
    /// People whose records can be read.
    private(set) var whole: Set<UserID> = []
    /// People whose records must be made of their events.
    private(set) var rebuilt: Set<UserID> = []
    /// People whose records are gone and who have no events.
    private(set) var lost: Set<UserID> = []
    private var active: Set<UserID> = []
    private var broken: Set<UserID> = []
    /// The first sequence that was not let go, and the first that could be read.
    private var (keptFrom, readFrom): (UInt64, UInt64?) = (0, nil)
    private var nextSequence: UInt64 = 0
    private var collection: String

    /// Reads the store at `path`.
    init(path: String, collection: String) throws(IndexError) {
        self.collection = collection
        var survey = self
        let salvage = try PageSalvage.read(directory: path, failingWith: IndexError.self) {
            entry throws(IndexError) in
            do throws(IndexError) {
                try survey.take(entry)
            } catch {
                survey.note(Finding(collection, error))
            }
        }
        self = survey
        if let readFrom { noteGap(from: keptFrom, to: readFrom) }
        let tables = salvage.tables
        lostEvents = max(lostEvents, (tables["events"] ?? 0) - eventCount)
        isLogLost = tables["events"] == nil
        mayLackLastCommit = salvage.mayLackLastCommit
        for damage in salvage.damages {
            note(Finding(collection, damage.table, "", got: damage.what, expected: ""))
        }
        let missing = active.union(broken).subtracting(whole)
        rebuilt = missing.intersection(active)
        lost = missing.subtracting(active)
        for user in rebuilt.subtracting(broken).sorted() {
            let key = String(Sealed.place("", Format.key(user)).dropFirst().dropLast())
            note(Finding(collection, "users", key, got: "missing", expected: "a record"))
        }
    }

    /// What will be done, in sentences.
    var actions: [String] {
        guard !damages.isEmpty else { return [] }
        var actions = ["taste: written again, \(eventCount) events, \(whole.count) people"]
        if !rebuilt.isEmpty { actions.append("users: \(rebuilt.count) made again from events") }
        return actions
    }

    /// What cannot be repaired.
    var losses: [RepairPlan.Loss] {
        lost.sorted().map { RepairPlan.Loss(item: nil, reason: "the record of person \($0)") }
            + (lostEvents > 0 ? [RepairPlan.Loss(item: nil, reason: "\(lostEvents) events")] : [])
            + (isLogLost ? [RepairPlan.Loss(item: nil, reason: "the log of events")] : [])
            + (mayLackLastCommit ? [.lastCommit] : [])
    }

    /// Adds a damage.
    mutating func note(_ finding: Finding) {
        if damages.count < VerificationReport.listedMax { damages.append(finding) }
    }

    private mutating func noteGap(from expected: UInt64, to number: UInt64) {
        guard number > expected else { return }
        lostEvents += Int(clamping: number - expected)
        note(Finding(collection, "events", "", got: "a gap before \(number)", expected: ""))
    }

    private mutating func take(_ entry: PageSalvage.Entry) throws(IndexError) {
        let place = Sealed.place(entry.table, entry.key)
        let value = entry.value.span.rawBytes
        if entry.table == "meta", entry.key == Format.MetaKey.firstEvent {
            let body = try Sealed.open(value, table: entry.table, key: entry.key)
            keptFrom = try SequenceRecord(body: body, place: place).sequence
            return
        }
        guard entry.key.count == 8 else {
            _ = try Sealed.open(value, table: entry.table, key: entry.key)
            return
        }
        let number = entry.key.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        switch entry.table {
        case "events":
            if readFrom == nil { (readFrom, nextSequence) = (number, number) }
            noteGap(from: nextSequence, to: number)
            nextSequence = number + 1
            do throws(IndexError) {
                let body = try Sealed.open(value, table: entry.table, key: entry.key)
                guard body.byteCount > 0 else { return }
                let event = try EventRecord(body: body, place: place).event
                eventCount += 1
                if event.type != .impression { active.insert(event.user) }
            } catch {
                lostEvents += 1
                throw error
            }
        case "users":
            broken.insert(number)
            let body = try Sealed.open(value, table: entry.table, key: entry.key)
            _ = try TasteTables.decode(body, of: number)
            broken.remove(number)
            whole.insert(number)
        default: _ = try Sealed.open(value, table: entry.table, key: entry.key)
        }
    }
}

/// Writes a taste store again from every page of the damaged one that can be read.
///
/// Events keep their order and are numbered without gaps. Records are made of events without
/// vectors: people are clustered again when the collection is opened.
struct TasteRepair {
    /// Events, or people, of one transaction.
    private static let perTransaction = 8_192

    let survey: TasteSurvey
    let source: String
    let target: String

    /// Writes, verifies and closes the new store.
    func run() throws(IndexError) {
        let tables = try TasteTables(
            path: target,
            mapBytes: DataDirectoryOptions().tasteMap,
            creates: true
        )
        var graph = TasteGraph()
        var events: [Event] = []
        var records: [(UserID, UserRecord)] = []
        var sequence: UInt64 = 0
        _ = try PageSalvage.read(directory: source, failingWith: IndexError.self) {
            entry throws(IndexError) in
            let value = entry.value.span.rawBytes
            guard let body = try? Sealed.open(value, table: entry.table, key: entry.key) else {
                return
            }
            if entry.table == "events", let record = try? EventRecord(body: body, place: "") {
                events.append(record.event)
                if survey.rebuilt.contains(record.event.user) {
                    graph.apply(record.event) { _, _, _ in false }
                }
            }
            if entry.table == "numbers", let record = try? NumbersRecord(body: body, place: "") {
                try tables.put(record.numbers, at: String(decoding: entry.key, as: UTF8.self))
            }
            if entry.table == "users", entry.key.count == 8 {
                let user = entry.key.reduce(UserID(0)) { $0 << 8 | UserID($1) }
                if let record = try? TasteTables.decode(body, of: user) {
                    records.append((user, record))
                }
            }
            guard events.count + records.count >= Self.perTransaction else { return }
            try tables.write(events, firstSequence: sequence, records: records)
            sequence += UInt64(events.count)
            (events, records) = ([], [])
        }
        for user in survey.rebuilt.sorted() {
            if let record = graph.record(of: user) { records.append((user, record)) }
        }
        try tables.write(events, firstSequence: sequence, records: records)
        var pass = TasteVerification(tables: tables, collection: .init(name: source))
        pass.run()
        guard let first = pass.report.findings.first else { return }
        throw .corrupt(place: "the repaired \(source)", reason: "\(first)")
    }
}
