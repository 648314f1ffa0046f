package import PalateModel

/// How a set of item-item edges came to be.
package struct EdgeSummary: Equatable, Sendable {
    /// A name in the registry of builders; empty = there are none.
    package var builder = ""
    /// Rises with every refresh; a stored list of another build is not one of them.
    package var build: UInt32 = 0
    /// When, milliseconds since 1970 UTC.
    package var timeMilliseconds: Int64 = 0
    /// People whose likes went in.
    package var people = 0
    /// Likes that went in.
    package var likes = 0
    /// What the builder found best on the likes it held out, where it did: Recall@20.
    package var recall: Float = 0

    /// None.
    package init() {}
}

/// The edges of one item, as they are stored.
package struct ItemEdgeList: Equatable, Sendable {
    /// Whose.
    package var item: ItemID
    /// The weight of code 255.
    package var scale: Float
    /// Ends, heaviest first.
    package var neighbours: [ItemID]
    /// Weights as shares of the scale, 1...255, falling.
    package var codes: [UInt8]

    /// Rounds weights to codes; what rounds to nothing is left out.
    ///
    /// - Parameters:
    ///   - item: whose.
    ///   - edges: heaviest first.
    package init(item: ItemID, edges: [ScoredItem]) {
        self.item = item
        scale = edges.first.map { max($0.score, .leastNormalMagnitude) } ?? 1
        neighbours = []
        codes = []
        for edge in edges {
            let code = (edge.score / scale * 255).rounded()
            guard code >= 1 else { break }
            neighbours.append(edge.item)
            codes.append(UInt8(min(code, 255)))
        }
    }
}

/// The stored form of a list, little endian:
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 1 | version, 1 |
/// | 1 | 3 | zero |
/// | 4 | 4 | build |
/// | 8 | 4 | scale, f32 |
/// | 12 | 4 | n, edges |
/// | 16 | 8 n | neighbours, u64 |
/// | | n | codes, u8, 1...255, falling |
extension ItemEdgeList {
    private static let formatVersion: UInt8 = 1
    private static let headerBytes = 16

    /// Appends the stored form.
    package func encode(build: UInt32, into writer: inout ByteWriter) {
        writer.write(Self.formatVersion)
        writer.write([0, 0, 0])
        writer.write(build)
        writer.write(scale)
        writer.write(UInt32(neighbours.count))
        for neighbour in neighbours { writer.write(neighbour) }
        writer.write(codes)
    }

    /// Reads the stored form; every field is checked.
    ///
    /// - Returns: the list and the build it belongs to.
    package static func decode(
        _ bytes: RawSpan,
        item: ItemID
    ) throws(TasteError) -> (list: ItemEdgeList, build: UInt32) {
        var reader = ByteReader(bytes)
        do {
            return try decode(&reader, item: item)
        } catch let error as TasteError {
            throw error
        } catch {
            throw .wrongByteCount(got: bytes.byteCount, expected: headerBytes)
        }
    }

    private static func decode(
        _ reader: inout ByteReader,
        item: ItemID
    ) throws -> (list: ItemEdgeList, build: UInt32) {
        let byteCount = reader.remaining
        let version = try reader.readUInt8()
        guard version == formatVersion else {
            throw TasteError.unsupportedVersion(got: version, expected: formatVersion)
        }
        guard try reader.readBytes(3) == [0, 0, 0] else {
            throw TasteError.badEdge(index: -1, field: "padding")
        }
        let build = try reader.readUInt32()
        var list = ItemEdgeList(item: item, edges: [])
        list.scale = try reader.readFloat()
        guard list.scale.isFinite, list.scale > 0 else {
            throw TasteError.badEdge(index: -1, field: "scale")
        }
        let count = Int(try reader.readUInt32())
        guard count <= TasteLimits.edgesPerItem else {
            throw TasteError.badEdge(index: count, field: "count")
        }
        guard byteCount == headerBytes + 9 * count else {
            throw TasteError.wrongByteCount(got: byteCount, expected: headerBytes + 9 * count)
        }
        for _ in 0..<count { list.neighbours.append(try reader.readUInt64()) }
        for index in 0..<count {
            let code = try reader.readUInt8()
            guard code >= 1, code <= list.codes.last ?? 255 else {
                throw TasteError.badEdge(index: index, field: "code")
            }
            list.codes.append(code)
        }
        return (list, build)
    }
}
