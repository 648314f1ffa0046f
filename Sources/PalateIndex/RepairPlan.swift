package import PalateModel

/// What repairing a data directory would do, known before anything is changed.
package struct RepairPlan: Sendable {
    /// An item whose row cannot be made whole.
    package struct Loss: Equatable, Sendable {
        /// Whose row; nil where not even that is known.
        package var item: ItemID?
        /// What is lost of it.
        package var reason: String

        /// What a damaged meta page may have led to.
        static let lastCommit = Loss(item: nil, reason: "what the last commit wrote, perhaps")
    }

    /// One environment.
    package struct Part: Sendable {
        /// The collection; empty = the catalog.
        package var collection: String
        /// Its directory, relative to the data directory.
        package var directory: String
        /// What is damaged.
        package var damages: [Finding]
        /// What will be done, in sentences.
        package var actions: [String]
        /// What cannot be repaired, only dropped.
        package var losses: [Loss]

        /// Whether there is anything to do.
        package var isNeeded: Bool { !actions.isEmpty || !losses.isEmpty }
    }

    /// The environments that need repair.
    package var parts: [Part] = []

    /// Whether something can only be dropped.
    package var hasLosses: Bool { parts.contains { !$0.losses.isEmpty } }
}

/// How a generation is to be written again.
struct GenerationPlan {
    var header: GenerationRecord
    var counters = RowCounters()
    /// Every row, as it will stand; shape [counters.rowCount].
    var rows: [RowRecord] = []
    /// Deleted rows whose vectors are gone: they get zeros.
    var zeroed: Set<Ordinal> = []
    /// Whether codes, links and the graph record are copied rather than made again.
    var keepsDerived = true
    /// Tables that this version does not know and that are not whole: they are left empty.
    var cleared: Set<String> = []
    var actions: [String] = []
    var losses: [RepairPlan.Loss] = []

    /// Decides what becomes of everything the survey found.
    ///
    /// - Parameters:
    ///   - survey: what there is.
    ///   - findings: of verifying, where the generation could be opened.
    ///   - opens: whether it could.
    init(_ survey: GenerationSurvey, findings: [Finding], opens: Bool) {
        header = survey.header
        let tables = survey.damagedTables.union(findings.map(\.table))
        if !survey.isHeaderWhole { actions.append("meta[generation]: taken from the catalog") }
        if survey.mayLackLastCommit { losses.append(.lastCommit) }
        restoreRows(survey)
        placeVectors(survey)
        placePayloads(survey)
        checkIDs(survey)
        checkFields(survey, tables)
        count(survey)
        let derived: Set = ["codes", "links0", "linksN", "links"]
        let known = Set(Format.Table.allCases.map(\.rawValue)).union(derived)
        cleared = tables.intersection(survey.tables).subtracting(known)
        for table in cleared.sorted() { actions.append("\(table): left empty") }
        let isGraphDamaged = survey.graph == nil && survey.damagedTables.contains("meta")
        if !tables.isDisjoint(with: derived) || isGraphDamaged || !losses.isEmpty
            || !cleared.isEmpty || !zeroed.isEmpty
            || findings.contains(where: { $0.table == "meta" && $0.key == "graph" })
        {
            keepsDerived = false
        }
        if !keepsDerived { actions.append("codes, links: made again from the rows") }
        for table in ["loaders", "dict"] where tables.contains(table) {
            actions.append("\(table): damaged entries left out")
        }
        if actions.isEmpty, losses.isEmpty, !tables.isEmpty || !opens {
            let names = tables.isEmpty ? "its pages" : tables.sorted().joined(separator: ", ")
            actions.append("written again: \(names)")
        }
    }

    // MARK: Rows

    /// Gives every ordinal a record: its own, or what the ids know of it.
    private mutating func restoreRows(_ survey: GenerationSurvey) {
        let stated = survey.counters.map { Int($0.rowCount) }
        let count = stated ?? max(survey.rowsMax, survey.ids.map { Int($0.ordinal) + 1 }.max() ?? 0)
        var owners: [Ordinal: ItemID] = [:]
        let missing = (0..<count).filter { $0 >= survey.rows.count || survey.rows[$0] == nil }
        if !missing.isEmpty {
            let wanted = Set(missing.map(Ordinal.init))
            for (item, ordinal) in survey.ids where wanted.contains(ordinal) {
                owners[ordinal] = item
            }
        }
        let version =
            survey.counters?.version
            ?? survey.rows.reduce(0) {
                max($0, $1?.version ?? 0)
            }
        rows = (0..<count).map { index in
            if index < survey.rows.count, let record = survey.rows[index] { return record }
            let owner = owners[Ordinal(index)]
            let hasPayload = survey.payload(index) != .absent
            var record = RowRecord(item: owner ?? 0, version: version, hasPayload: hasPayload)
            record.isDeleted = owner == nil
            return record
        }
        if !owners.isEmpty {
            actions.append(
                "rows: \(owners.count) records made from ids, of version \(version)"
            )
        }
        let unowned = missing.count - owners.count
        guard unowned > 0 else { return }
        if survey.damagedTables.contains("ids") {
            losses += (0..<unowned).map { _ in
                RepairPlan.Loss(item: nil, reason: "its row and its id, or it was deleted")
            }
        } else {
            actions.append("rows: \(unowned) records of deleted rows made anew")
        }
    }

    private mutating func placeVectors(_ survey: GenerationSurvey) {
        for (index, row) in rows.enumerated()
        where index >= survey.hasVector.count || !survey.hasVector[index] {
            zeroed.insert(Ordinal(index))
            if !row.isDeleted { drop(index, "vector") }
        }
        let deleted = zeroed.count(where: { rows[Int($0)].isDeleted })
        if deleted > 0 { actions.append("vectors: zeros for \(deleted) deleted rows") }
    }

    private mutating func placePayloads(_ survey: GenerationSurvey) {
        var surplus = 0
        for index in rows.indices {
            let state = survey.payload(index)
            if rows[index].isDeleted || !rows[index].hasPayload {
                surplus += state == .absent ? 0 : 1
            } else if state != .whole {
                drop(index, "payload")
            }
        }
        if surplus > 0 { actions.append("payloads: \(surplus) left over entries removed") }
    }

    /// A row that is lost becomes a deleted one.
    private mutating func drop(_ index: Int, _ what: String) {
        losses.append(RepairPlan.Loss(item: rows[index].item, reason: "its \(what)"))
        rows[index].isDeleted = true
    }

    /// Ids are always written from rows; this says whether that changes them.
    private mutating func checkIDs(_ survey: GenerationSurvey) {
        var newest: [ItemID: Int] = [:]
        for (index, row) in rows.enumerated() where !row.isDeleted {
            guard let other = newest.updateValue(index, forKey: row.item) else { continue }
            let older = rows[other].version <= row.version ? other : index
            if older == index { newest[row.item] = other }
            rows[older].isDeleted = true
            keepsDerived = false
            actions.append("rows: the older of two rows of item \(row.item) deleted")
        }
        let isSame =
            survey.ids.count == newest.count
            && survey.ids.allSatisfy { newest[$0.item] == Int($0.ordinal) }
        if !isSame { actions.append("ids: made again from rows, \(newest.count) items") }
    }

    /// Fields in payloads are read again; what only the table had is lost with it.
    private mutating func checkFields(_ survey: GenerationSurvey, _ tables: Set<String>) {
        let isDamaged = tables.contains(Format.Table.fields.rawValue)
        guard survey.fields != nil else {
            if isDamaged || (tables.contains("meta") && survey.tables.contains("fields")) {
                losses.append(RepairPlan.Loss(item: nil, reason: "the declarations of fields"))
            }
            return
        }
        guard isDamaged else { return }
        actions.append("fields: read again from payloads")
        if survey.fields?.declarations.contains(where: { $0.path.isEmpty }) == true {
            losses.append(
                RepairPlan.Loss(item: nil, reason: "values of fields that are not in payloads")
            )
        }
    }

    private mutating func count(_ survey: GenerationSurvey) {
        counters.rowCount = UInt32(rows.count)
        counters.deletedCount = UInt32(rows.count(where: \.isDeleted))
        let newest = rows.reduce(0) { max($0, $1.version) }
        counters.version = max(survey.counters?.version ?? newest + 1, newest)
        let dictionary = survey.counters?.dictionaryID ?? survey.dictionaries.max() ?? 0
        counters.dictionaryID = survey.dictionaries.contains(dictionary) ? dictionary : 0
        if counters != survey.counters { actions.append("meta[counters]: counted again") }
    }
}

extension GenerationSurvey {
    /// What is known of the payload of a row.
    func payload(_ index: Int) -> PayloadState {
        index < payloads.count ? payloads[index] : .absent
    }
}
