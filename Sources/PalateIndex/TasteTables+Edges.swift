import PalateModel
import PalateStorage
import PalateTaste

/// The header of the edges: which build is whole.
struct EdgeSummaryRecord: FormatRecord {
    var summary: EdgeSummary

    init(_ summary: EdgeSummary) { self.summary = summary }

    init(from reader: inout ByteReader) throws(ByteReaderError) {
        summary = EdgeSummary()
        summary.build = try reader.readUInt32()
        summary.timeMilliseconds = try reader.readInt64()
        summary.people = Int(truncatingIfNeeded: try reader.readUInt64())
        summary.likes = Int(truncatingIfNeeded: try reader.readUInt64())
        summary.recall = try reader.readFloat()
        let name = try reader.readBytes(Int(try reader.readUInt8()))
        summary.builder = String(decoding: name, as: UTF8.self)
    }

    func write(to writer: inout ByteWriter) {
        writer.write(summary.build)
        writer.write(summary.timeMilliseconds)
        writer.write(UInt64(summary.people))
        writer.write(UInt64(summary.likes))
        writer.write(summary.recall)
        let name = Array(summary.builder.utf8.prefix(255))
        writer.write(UInt8(name.count))
        writer.write(name)
    }
}

// Item-item edges on disk: a list an item, and a header that says which build they are of.
extension TasteTables {
    /// Lists of one transaction: 1.5 MB at 300 edges of 5 bytes.
    private static let listsPerTransaction = 1_024
    /// The key of the header; the item of this number has no edges.
    private static let headerKey = UInt64.max

    /// Reads the edges of the last whole build; nil where there was none.
    func storedEdges() throws(IndexError) -> ItemEdges? {
        // Opened read-only, a store of old has `meta` in its place.
        guard edges.name == Format.TasteTable.edges.rawValue else { return nil }
        let edges = edges
        let header = try environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            try transaction.record(EdgeSummaryRecord.self, edges, Self.headerKey)
        }
        guard let summary = header?.summary else { return nil }
        var lists: [ItemEdgeList] = []
        try environment.forEachSealed(edges) { item, bytes throws(IndexError) in
            guard item != Self.headerKey else { return }
            let place = Sealed.place("edges", Format.key(item))
            do throws(TasteError) {
                let (list, build) = try ItemEdgeList.decode(bytes, item: item)
                if build == summary.build { lists.append(list) }
            } catch {
                throw .corrupt(place: place, reason: "\(error)")
            }
        }
        return ItemEdges(lists, summary: summary)
    }

    /// Replaces the edges: until the header is written, the last transaction, the old build counts
    /// as far as its lists are still there.
    func replaceEdges(_ lists: [ItemEdgeList], summary: EdgeSummary) throws(IndexError) {
        let (edges, environment) = (edges, environment)
        var stale = Set<UInt64>()
        try environment.forEachSealed(edges) { item, _ throws(IndexError) in stale.insert(item) }
        for start in stride(from: 0, to: lists.count, by: Self.listsPerTransaction) {
            let some = lists[start..<min(lists.count, start + Self.listsPerTransaction)]
            try environment.write(failingWith: IndexError.self) {
                transaction throws(IndexError) in
                var writer = ByteWriter()
                for list in some where list.item != Self.headerKey {
                    writer.removeAll()
                    list.encode(build: summary.build, into: &writer)
                    try transaction.putSealed(edges, list.item, writer.bytes)
                }
            }
        }
        for list in lists { stale.remove(list.item) }
        let gone = stale.filter { $0 != Self.headerKey }
        try environment.write(failingWith: IndexError.self) { transaction throws(IndexError) in
            for item in gone { try transaction.remove(edges, item) }
            try transaction.putSealed(edges, Self.headerKey, EdgeSummaryRecord(summary).bytes)
        }
    }
}
