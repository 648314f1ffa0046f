import PalateModel
import PalateStorage

/// The collections of a data directory: name, id, live generation, schema.
struct Catalog: Sendable {
    /// Bytes of the catalog's LMDB map: some 100,000 collections.
    private static let mapBytes = 64 << 20

    let environment: Environment
    private let meta: Table<[UInt8]>
    private let collections: Table<[UInt8]>

    /// Opens the catalog at `path`; makes it where `creates` allows.
    init(path: String, readOnly: Bool = false, creates: Bool = false) throws(IndexError) {
        do {
            environment = try Environment(
                path: path,
                mapBytes: Self.mapBytes,
                tables: Format.CatalogTable.allCases.count,
                readOnly: readOnly,
                creates: creates
            )
            meta = try environment.table(
                Format.CatalogTable.meta.rawValue,
                key: [UInt8].self,
                creates: creates
            )
            collections = try environment.table(
                Format.CatalogTable.collections.rawValue,
                key: [UInt8].self,
                creates: creates
            )
        } catch {
            throw .storage(error)
        }
        let meta = meta
        let record = try environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            try transaction.record(CatalogRecord.self, meta, Format.MetaKey.catalog)
        }
        if let record {
            try record.check()
        } else if !creates {
            throw .missing(place: "catalog meta")
        } else {
            try environment.write(failingWith: IndexError.self) {
                transaction throws(IndexError) in
                try transaction.putSealed(meta, Format.MetaKey.catalog, CatalogRecord().bytes)
            }
        }
    }

    /// 128 bits that name the data directory for as long as it exists.
    func serverID() throws(IndexError) -> (low: UInt64, high: UInt64) {
        let meta = meta
        return try environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            guard
                let record = try transaction.record(
                    CatalogRecord.self,
                    meta,
                    Format.MetaKey.catalog
                )
            else { throw .missing(place: "catalog meta") }
            return record.serverID
        }
    }

    /// Every collection, by name.
    func all() throws(IndexError) -> [CatalogEntry] {
        var entries: [CatalogEntry] = []
        try environment.forEachSealed(collections) { key, body throws(IndexError) in
            entries.append(try CatalogEntry(body: body, place: Sealed.place("collections", key)))
        }
        return entries
    }

    /// A number no collection ever had: kept before it is used, so it is never given twice.
    func reserveID() throws(IndexError) -> UInt32 {
        let meta = meta
        return try environment.write(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            guard
                let record = try transaction.record(
                    CatalogRecord.self,
                    meta,
                    Format.MetaKey.catalog
                )
            else { throw .missing(place: "catalog meta") }
            var next = record
            next.nextID += 1
            try transaction.putSealed(meta, Format.MetaKey.catalog, next.bytes)
            return record.nextID
        }
    }

    /// Adds or replaces an entry.
    func put(_ entry: CatalogEntry) throws(IndexError) {
        let collections = collections
        try environment.write(failingWith: IndexError.self) { transaction throws(IndexError) in
            try transaction.putSealed(collections, Array(entry.schema.name.utf8), entry.bytes)
        }
    }

    /// Removes an entry.
    func remove(name: String) throws(IndexError) {
        let collections = collections
        _ = try environment.write(.shrink, failingWith: IndexError.self) {
            transaction throws(IndexError) in
            try transaction.remove(collections, Array(name.utf8))
        }
    }
}

private struct CatalogRecord: FormatRecord {
    var magic = Format.magic
    var version = Format.version
    var nextID: UInt32 = 1
    /// 128 random bits that name the directory, so that a client can tell two servers apart.
    var serverID: (low: UInt64, high: UInt64)

    /// The record of a new directory.
    init() { serverID = (.random(in: 1 ... .max), .random(in: 1 ... .max)) }

    init(from reader: inout ByteReader) throws(ByteReaderError) {
        magic = try reader.readUInt64()
        version = try reader.readUInt32()
        nextID = try reader.readUInt32()
        serverID = (try reader.readUInt64(), try reader.readUInt64())
    }

    func write(to writer: inout ByteWriter) {
        writer.write(magic)
        writer.write(version)
        writer.write(nextID)
        writer.write(serverID.low)
        writer.write(serverID.high)
    }

    func check() throws(IndexError) {
        let place = "catalog meta"
        try Format.check(magic: magic, version: version, place: place)
    }
}
