import PalateChecksum
import PalateFields
import PalateModel
import PalateStorage

/// What a damaged generation still holds, row by row: one pass over every page that can be read.
///
/// Keeps some 60 bytes a row in memory. Relies on tables coming in the order of their names: `dict`
/// before `payloads`, `meta` before `vectors`.
struct GenerationSurvey {
    /// What is known of a row's payload.
    enum PayloadState: UInt8 {
        case absent, whole, damaged
    }

    /// The schema: the generation's own, or the catalog's where that is damaged.
    private(set) var header: GenerationRecord
    private(set) var isHeaderWhole = false
    private(set) var counters: RowCounters?
    private(set) var graph: GraphRecord?
    private(set) var fields: FieldSchemeRecord?
    private(set) var rows: [RowRecord?] = []
    /// Rows there were, readable or not.
    private(set) var rowsMax = 0
    private(set) var ids: [(item: ItemID, ordinal: Ordinal)] = []
    private(set) var hasVector: [Bool] = []
    private(set) var payloads: [PayloadState] = []
    private(set) var dictionaries: Set<UInt32> = []
    /// Damaged pages and values, by name.
    private(set) var damages: [Finding] = []
    /// Tables with any of them.
    private(set) var damagedTables: Set<String> = []
    /// All tables whose records could be read.
    private(set) var tables: Set<String> = []
    /// Whether the last commit may be missing.
    private(set) var mayLackLastCommit = false

    /// Reads the generation at `path`.
    ///
    /// - Throws: `corrupt` where rows and vectors cannot be found.
    init(path: String, entry: CatalogEntry) throws(IndexError) {
        header = GenerationRecord(
            generation: entry.generation,
            seed: DataDirectory.seed,
            schema: entry.schema
        )
        var survey = self
        let salvage = try PageSalvage.read(directory: path, failingWith: IndexError.self) {
            found throws(IndexError) in
            do throws(IndexError) {
                try survey.take(found)
            } catch {
                survey.note(found.table, Finding(entry.schema.name, error))
            }
        }
        self = survey
        // A generation whose tables cannot be found would be repaired to an empty one.
        guard salvage.tables["rows"] != nil, salvage.tables["vectors"] != nil else {
            let damage = salvage.damages.first.map { "\($0.table): \($0.what)" } ?? "no tables"
            throw .corrupt(place: path, reason: "\(damage), expected rows and vectors")
        }
        tables = Set(salvage.tables.keys)
        mayLackLastCommit = salvage.mayLackLastCommit
        rowsMax =
            [rows.count, hasVector.count, payloads.count, salvage.tables["rows"] ?? 0].max() ?? 0
        let name = header.schema.name
        for damage in salvage.damages {
            note(damage.table, Finding(name, damage.table, "", got: damage.what, expected: ""))
        }
        for table in Format.Table.allCases
        where salvage.tables[table.rawValue] == nil && !Format.tablesMadeLater.contains(table) {
            let name = table.rawValue
            note(name, Finding(entry.schema.name, name, "", got: "missing", expected: "a table"))
        }
    }

    private mutating func note(_ table: String, _ finding: Finding) {
        damagedTables.insert(table)
        if damages.count < VerificationReport.listedMax { damages.append(finding) }
    }

    // MARK: Entries

    private mutating func take(_ entry: PageSalvage.Entry) throws(IndexError) {
        let place = Sealed.place(entry.table, entry.key)
        guard entry.table != Format.Table.vectors.rawValue else { return try takeVectors(entry) }
        if entry.table == Format.Table.payloads.rawValue { markPayload(entry, .damaged) }
        let body = try Sealed.open(entry.value.span.rawBytes, table: entry.table, key: entry.key)
        switch Format.Table(rawValue: entry.table) {
        case .meta: try takeMeta(entry.key, body, place)
        case .rows:
            let ordinal = Int(try Self.number(entry.key, place) as UInt32)
            guard ordinal < Limits.itemsPerCollection else {
                throw .corrupt(place: place, reason: "a row, expected one below the limit")
            }
            while rows.count <= ordinal { rows.append(nil) }
            rows[ordinal] = try RowRecord(body: body, place: place)
        case .ids:
            guard body.byteCount == 4 else {
                throw .corrupt(place: place, reason: "\(body.byteCount) bytes, expected 4")
            }
            ids.append((try Self.number(entry.key, place), Sealed.word(body, at: 0)))
        case .dict:
            let id: UInt32 = try Self.number(entry.key, place)
            if PayloadDictionary.id(of: body.copied) == id { dictionaries.insert(id) }
        case .payloads:
            let frame = try stored { () throws(StorageError) in try PayloadFrame(body) }
            guard frame.dictionaryID == 0 || dictionaries.contains(frame.dictionaryID) else {
                throw .missing(place: Sealed.place("dict", Format.key(frame.dictionaryID)))
            }
            markPayload(entry, .whole)
        case .loaders: _ = try LoaderRecord(body: body, place: place)
        case .fields: _ = try RowFields(body: body, place: place)
        default: break
        }
    }

    private mutating func takeMeta(
        _ key: [UInt8],
        _ body: RawSpan,
        _ place: String
    ) throws(IndexError) {
        switch key {
        case Format.MetaKey.generation:
            let record = try GenerationRecord(body: body, place: place)
            try record.check(place: place)
            (header, isHeaderWhole) = (record, true)
        case Format.MetaKey.counters: counters = try RowCounters(body: body, place: place)
        case Format.MetaKey.fields: fields = try FieldSchemeRecord(body: body, place: place)
        case Format.MetaKey.graph: graph = try GraphRecord(body: body, place: place)
        default: break
        }
    }

    private mutating func takeVectors(_ entry: PageSalvage.Entry) throws(IndexError) {
        let stride = Format.sealedVectorBytes(dimensions: header.schema.dimensions)
        let perBlock = Format.rowsPerVectorBlock(dimensions: header.schema.dimensions)
        let block: UInt32 = try Self.number(entry.key, Sealed.place("vectors", entry.key))
        let value = entry.value.span.rawBytes
        for row in 0..<min(perBlock, value.byteCount / stride) {
            let ordinal = Int(block) * perBlock + row
            guard ordinal < Limits.itemsPerCollection else { return }
            let bytes = value.extracting(row * stride..<(row + 1) * stride - Sealed.overhead)
            let expected = Sealed.word(value, at: (row + 1) * stride - Sealed.overhead)
            while hasVector.count <= ordinal { hasVector.append(false) }
            hasVector[ordinal] = crc32c(bytes, seed: UInt32(ordinal)) == expected
            if !hasVector[ordinal] { damagedTables.insert(entry.table) }
        }
    }

    private mutating func markPayload(_ entry: PageSalvage.Entry, _ state: PayloadState) {
        guard let ordinal = try? Self.number(entry.key, "") as UInt32,
            Int(ordinal) < Limits.itemsPerCollection
        else { return }
        while payloads.count <= Int(ordinal) { payloads.append(.absent) }
        payloads[Int(ordinal)] = state
    }

    private static func number<Number: FixedWidthInteger>(
        _ key: [UInt8],
        _ place: String
    ) throws(IndexError) -> Number {
        guard key.count == Number.bitWidth / 8 else {
            throw .corrupt(
                place: place,
                reason: "a key of \(key.count) bytes, expected \(Number.bitWidth / 8)"
            )
        }
        return key.reduce(0) { $0 << 8 | Number($1) }
    }
}
