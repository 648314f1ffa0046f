package import PalateModel
package import PalateStorage

/// One generation's LMDB environment and its tables: where rows are read and written.
///
/// The only file of this target that names tables in transactions of a generation; `Format` has
/// their layout. Reads take a transaction, so that one request sees one snapshot.
package final class GenerationStore: Sendable {
    /// The environment; one transaction per request.
    package let environment: Environment
    let schema: CollectionSchema
    let generation: UInt64
    let seed: UInt64
    let vectorBlockRows: Int
    /// What the rows' records say their vectors' checksums are; filled when searches are to come.
    let vectorSums: ChecksumColumn

    let meta: Table<[UInt8]>
    let rows: Table<UInt32>
    let ids: Table<UInt64>
    let vectors: Table<UInt32>
    let codes: Table<UInt32>
    let links0: Table<UInt32>
    let linksN: Table<UInt32>
    let payloads: Table<UInt32>
    let dictionaries: Table<UInt32>
    let loaders: Table<UInt64>
    let removals = ReadWriteLock(RemovalList())
    let fieldPlace = ReadWriteLock<Table<UInt32>?>(nil)

    /// Opens the generation at `path`; makes it when `creating` says what it is to be.
    package init(
        path: String,
        mapBytes: MapBytes,
        creating new: (schema: CollectionSchema, generation: UInt64, seed: UInt64)? = nil,
        readOnly: Bool = false
    ) throws(IndexError) {
        do {
            let environment = try Environment(
                path: path,
                mapBytes: mapBytes.start,
                mapBytesMax: mapBytes.most,
                tables: Format.Table.allCases.count,
                readOnly: readOnly,
                creates: new != nil
            )
            let creates = new != nil
            func table<Key: TableKey>(
                _ name: Format.Table,
                _ key: Key.Type
            ) throws(StorageError) -> Table<Key> {
                try environment.table(name.rawValue, key: key, creates: creates)
            }
            meta = try table(.meta, [UInt8].self)
            rows = try table(.rows, UInt32.self)
            ids = try table(.ids, UInt64.self)
            vectors = try table(.vectors, UInt32.self)
            codes = try table(.codes, UInt32.self)
            links0 = try table(.links0, UInt32.self)
            linksN = try table(.linksN, UInt32.self)
            payloads = try table(.payloads, UInt32.self)
            dictionaries = try table(.dict, UInt32.self)
            loaders = try table(.loaders, UInt64.self)
            self.environment = environment
        } catch {
            throw .storage(error)
        }
        let meta = meta
        if let new {
            let record = GenerationRecord(
                generation: new.generation,
                seed: new.seed,
                schema: new.schema
            )
            try environment.write(failingWith: IndexError.self) {
                transaction throws(IndexError) in
                try transaction.putSealed(meta, Format.MetaKey.generation, record.bytes)
                try transaction.putSealed(meta, Format.MetaKey.counters, RowCounters().bytes)
            }
        }
        let record = try Self.readRecord(environment, meta, readOnly: readOnly)
        schema = record.schema
        generation = record.generation
        seed = record.seed
        guard Limits.dimensions.contains(schema.dimensions),
            Limits.neighbours.contains(schema.neighbours),
            Limits.buildBeamWidth.contains(schema.buildBeamWidth)
        else {
            throw .corrupt(place: Self.recordPlace, reason: "schema out of limits: \(schema)")
        }
        vectorBlockRows = Format.rowsPerVectorBlock(dimensions: schema.dimensions)
        let capacity = Limits.itemsPerCollection
        guard let vectorSums = ChecksumColumn(capacity: capacity) else {
            throw .outOfAddressSpace(bytes: capacity * 4)
        }
        self.vectorSums = vectorSums
        try openFields(creating: false)
    }

    private static let recordPlace = "meta[generation]"

    /// Reads what the generation is, and says so in the present format from now on.
    private static func readRecord(
        _ environment: Environment,
        _ meta: Table<[UInt8]>,
        readOnly: Bool
    ) throws(IndexError) -> GenerationRecord {
        let key = Format.MetaKey.generation
        var record = try environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            guard let record = try transaction.record(GenerationRecord.self, meta, key) else {
                throw .missing(place: recordPlace)
            }
            return record
        }
        try record.check(place: recordPlace)
        guard record.version < Format.version, !readOnly else { return record }
        record.version = Format.version
        let bytes = record.bytes
        try environment.write(failingWith: IndexError.self) { transaction throws(IndexError) in
            try transaction.putSealed(meta, key, bytes)
        }
        return record
    }

    // MARK: Reading

    /// The body of a sealed block that must be there.
    @_lifetime(borrow transaction)
    func body(
        _ table: Table<UInt32>,
        _ block: UInt32,
        _ transaction: borrowing ReadTransaction
    ) throws(IndexError) -> RawSpan {
        let key = Format.key(block)
        guard let value = try transaction.value(table, block) else {
            throw .missing(place: Sealed.place(table.name, key))
        }
        return try Sealed.open(value, table: table.name, key: key)
    }

    func counters(
        _ transaction: borrowing some Transaction & ~Copyable
    ) throws(IndexError)
        -> RowCounters
    {
        guard
            let counters = try transaction.record(
                RowCounters.self,
                meta,
                Format.MetaKey.counters
            )
        else { throw .missing(place: "meta[counters]") }
        return counters
    }

    /// What the last checkpoint covers; a watermark of 0 where there was none.
    func graphRecord(
        _ transaction: borrowing some Transaction & ~Copyable
    ) throws(IndexError) -> GraphRecord {
        try transaction.record(GraphRecord.self, meta, Format.MetaKey.graph) ?? GraphRecord()
    }

    /// Appends every table's name and number of entries.
    func appendEntryCounts(
        _ transaction: borrowing ReadTransaction,
        to counts: inout [(name: String, entries: Int)]
    ) throws(IndexError) {
        do {
            for table in [rows, vectors, codes, links0, linksN, payloads, dictionaries] {
                counts.append((table.name, try transaction.count(table)))
            }
            if let fieldTable {
                counts.append((fieldTable.name, try transaction.count(fieldTable)))
            }
            counts.append((ids.name, try transaction.count(ids)))
            counts.append((loaders.name, try transaction.count(loaders)))
            counts.append((meta.name, try transaction.count(meta)))
        } catch {
            throw .storage(error)
        }
    }

    func row(
        _ ordinal: Ordinal,
        _ transaction: borrowing some Transaction & ~Copyable
    ) throws(IndexError) -> RowRecord {
        guard let record = try transaction.record(RowRecord.self, rows, ordinal) else {
            throw .missing(place: Sealed.place("rows", Format.key(ordinal)))
        }
        return record
    }

    /// The row that `item` has.
    package func ordinal(
        of item: ItemID,
        _ transaction: borrowing some Transaction & ~Copyable
    ) throws(IndexError) -> Ordinal? {
        guard let value = try transaction.value(ids, item) else { return nil }
        let body = try Sealed.open(value, table: "ids", key: Format.key(item))
        guard body.byteCount == 4 else {
            throw .corrupt(
                place: Sealed.place("ids", Format.key(item)),
                reason: "\(body.byteCount) bytes, expected 4"
            )
        }
        return Sealed.word(body, at: 0)
    }

    /// Copies the stored float32 row of `ordinal` into `vector`, shape [dimensions].
    ///
    /// - Throws: `corrupt` where it is damaged, or sound and older than the row's record.
    package func readVector(
        _ ordinal: Ordinal,
        _ transaction: borrowing some Transaction & ~Copyable,
        into vector: inout MutableSpan<Float>
    ) throws(IndexError) {
        let block = ordinal / UInt32(vectorBlockRows)
        guard let value = try transaction.value(vectors, block) else {
            throw .missing(place: Sealed.place("vectors", Format.key(block)))
        }
        let sum = try VectorBlock.read(
            row: ordinal % UInt32(vectorBlockRows),
            of: block,
            rowsPerBlock: vectorBlockRows,
            dimensions: schema.dimensions,
            from: value,
            into: &vector
        )
        let expected = vectorSums[ordinal]
        guard expected != 0, sum != expected else { return }
        // The column may be ahead of this snapshot, or behind it: the record is not.
        try row(ordinal, transaction).check(vector.span, at: ordinal)
    }

    /// The compressed payload of a row that has one, its seal and the row's own checksum checked.
    @_lifetime(borrow transaction)
    func frame(
        of record: RowRecord,
        at slot: Ordinal,
        _ transaction: borrowing some Transaction & ~Copyable
    ) throws(IndexError) -> RawSpan {
        let key = Format.key(slot)
        guard let value = try transaction.value(payloads, slot) else {
            throw .missing(place: Sealed.place("payloads", key))
        }
        let frame = try Sealed.open(value, table: "payloads", key: key)
        try record.check(sealedPayload: value, at: slot)
        return frame
    }

    /// The trained dictionary of `id`.
    func dictionary(
        _ id: UInt32,
        _ transaction: borrowing some Transaction & ~Copyable
    ) throws(IndexError) -> [UInt8] {
        guard let value = try transaction.value(dictionaries, id) else {
            throw .missing(place: Sealed.place("dict", Format.key(id)))
        }
        return try Sealed.open(value, table: "dict", key: Format.key(id)).copied
    }
}
