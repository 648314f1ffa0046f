import PalateModel

/// The format on disk, version 3.
///
/// `ARCHITECTURE.md` has the byte tables.
///
/// | table    | key                | value, sealed by `Sealed` unless said otherwise          |
/// |----------|--------------------|----------------------------------------------------------|
/// | meta     | name, ASCII        | `GenerationRecord`, `RowCounters`, `GraphRecord`          |
/// | rows     | ordinal, u32       | `RowRecord`                                               |
/// | ids      | item id, u64       | ordinal, u32                                              |
/// | vectors  | block, u32         | float32 rows, each followed by its own CRC32C             |
/// | codes    | block, u32         | codes of the block's rows                                 |
/// | links0   | block, u32         | level-0 lists of the block's nodes                        |
/// | linksN   | block, u32         | upper lists of the block's nodes                          |
/// | payloads | ordinal, u32       | a zstd frame                                              |
/// | dict     | dictionary id, u32 | a zstd dictionary                                         |
/// | loaders  | loader id, u64     | `LoaderRecord`                                            |
/// | removals | item id, u64       | nothing: deleted while another generation stood beside    |
/// | fields   | ordinal, u32       | `RowFields`, of rows that have any                        |
///
/// Keys are big endian, values little endian.
enum Format {
    /// Raised with every change of bytes on disk; older fixtures load forever.
    ///
    /// 2: slots are used again, so rows and checkpoints say which write they belong to.
    /// 3: rows have fields.
    static let version: UInt32 = 3
    /// Versions that are read.
    static let readable: ClosedRange<UInt32> = 1...3
    /// Starts the meta records: "PALATE" and two zeros.
    static let magic: UInt64 = 0x0000_4554_414c_4150

    /// Tables of a generation.
    enum Table: String, CaseIterable {
        case meta, rows, ids, vectors, codes, links0, linksN, payloads, dict, loaders, removals,
            fields
    }

    /// Tables that are made when there is something to put into them.
    static let tablesMadeLater: Set<Table> = [.removals, .fields]

    /// Tables of a taste store.
    enum TasteTable: String, CaseIterable {
        case meta, events, users, history, eventIDs, numbers, edges
    }

    /// Tables of the catalog.
    enum CatalogTable: String, CaseIterable {
        case meta, collections
    }

    /// Keys of the meta tables.
    enum MetaKey {
        static let generation = Array("generation".utf8)
        static let counters = Array("counters".utf8)
        static let graph = Array("graph".utf8)
        static let fields = Array("fields".utf8)
        static let catalog = Array("catalog".utf8)
        static let taste = Array("taste".utf8)
        static let userSum = Array("users".utf8)
        static let history = Array("history".utf8)
        static let firstEvent = Array("first event".utf8)
    }

    /// Bytes a block of float32 rows aims at: eight 4 KiB pages less LMDB's header.
    static let vectorBlockBytes = 32_752
    /// Bytes a block of codes aims at.
    static let codeBlockBytes = 65_520

    /// Rows of a vector block: as many sealed rows as fit, at least one.
    static func rowsPerVectorBlock(dimensions: Int) -> Int {
        max(1, vectorBlockBytes / sealedVectorBytes(dimensions: dimensions))
    }

    /// Bytes of one float32 row and its checksum.
    static func sealedVectorBytes(dimensions: Int) -> Int { 4 * dimensions + Sealed.overhead }

    /// Rows of a code block, at least one.
    static func rowsPerCodeBlock(codeBytes: Int) -> Int { max(1, codeBlockBytes / codeBytes) }

    /// Refuses records of something else, or of another version.
    static func check(magic: UInt64, version: UInt32, place: String) throws(IndexError) {
        guard magic == Format.magic else {
            throw .corrupt(place: place, reason: "magic \(magic), expected \(Format.magic)")
        }
        guard readable.contains(version) else {
            throw .unsupportedFormat(place: place, got: version, expected: Format.version)
        }
    }

    /// The big-endian key of a 32-bit number.
    static func key(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    }

    /// The little-endian value of a 32-bit number.
    static func value(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    /// The big-endian key of a 64-bit number.
    static func key(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) }
    }
}

/// A value of the format: fixed fields, little endian.
protocol FormatRecord {
    /// Appends the fields.
    func write(to writer: inout ByteWriter)
    /// Reads the fields.
    @_lifetime(reader: copy reader)
    init(from reader: inout ByteReader) throws(ByteReaderError)
}

extension FormatRecord {
    /// The fields' bytes.
    var bytes: [UInt8] {
        var writer = ByteWriter()
        write(to: &writer)
        return writer.bytes
    }

    /// Reads a whole value; too few and too many bytes are both damage.
    init(body: RawSpan, place: String) throws(IndexError) {
        var reader = ByteReader(body)
        do {
            self = try Self(from: &reader)
        } catch {
            throw .corrupt(
                place: place,
                reason: "ends at \(error.offset), \(error.needed) bytes early"
            )
        }
        guard reader.remaining == 0 else {
            throw .corrupt(place: place, reason: "\(reader.remaining) bytes too many")
        }
    }
}
