package import PalateModel

/// Why stored links were refused.
package enum GraphError: Error, Equatable, Sendable {
    /// The block lies beyond the watermark or the capacity.
    case blockOutOfRange(got: Int, expected: Range<Int>)
    /// The block was decoded before.
    case blockDecodedTwice(block: Int)
    /// The block's first word names no format we know.
    case unknownFormat(block: Int, got: UInt32, expected: UInt32)
    /// The block was written by a graph of another M.
    case wrongNeighbours(block: Int, got: Int, expected: Int)
    /// The block holds another number of nodes than the watermark asks for.
    case wrongNodeCount(block: Int, got: Int, expected: ClosedRange<Int>)
    /// The bytes end inside a node.
    case truncated(block: Int, got: Int, expected: Int)
    /// Bytes follow the last node.
    case trailingBytes(block: Int, got: Int, expected: Int)
    /// A level above `GraphParameters.levelMax`, or flags we do not know.
    case badNodeByte(ordinal: Ordinal, got: UInt8)
    /// More links than the level can hold, or more diverse ones than links.
    case badDegree(ordinal: Ordinal, level: Int, got: Int, expected: Int)
    /// A link from a node to itself, or the same link twice.
    case badLink(ordinal: Ordinal, level: Int, got: Ordinal)
    /// The upper lists are those of other nodes than the levels say.
    case upperMismatch(block: Int, got: Int, expected: Int)
    /// A link on an upper level to a node that does not reach that level.
    case linkAboveLevel(ordinal: Ordinal, level: Int, got: Ordinal)
    /// A link to a slot without a row.
    case linkToVacant(ordinal: Ordinal, level: Int, got: Ordinal)
    /// The levels ask for more upper lists than the capacity allows.
    case upperArenaFull(block: Int)
    /// The count lies outside the capacity.
    case countOutOfRange(got: Int, expected: ClosedRange<Int>)
    /// The entry point is no node, or not one of the highest level.
    case badEntryPoint(got: Ordinal)
    /// A block below the watermark was not decoded.
    case missingBlock(block: Int)
    /// The graph is in use already.
    case notEmpty(got: Int)
}
