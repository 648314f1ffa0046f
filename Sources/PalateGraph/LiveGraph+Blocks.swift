import PalateModel

// Checkpoint blocks, little endian. A block is `nodesPerBlock` nodes; whoever stores it adds a
// checksum.
//
//   links block                               upper block (empty when no node rises)
//   u32  "PGL1"                               u32  "PGU1"
//   u8   M, u8 0                              u8   M, u8 0
//   u16  nodes                                u16  lists
//   per node:                                 per list, by node, then by level:
//     u8  bits 0-3 level, bit 7 deleted         u8  node within the block, u8 level
//     u8  links, u8 diverse links               u8  links, u8 diverse links
//     u32 per link; bit 31 = tree link          u32 per link

/// The constants of the two block formats.
enum BlockFormat {
    /// "PGL1".
    static let links: UInt32 = 0x314c_4750
    /// "PGU1".
    static let upper: UInt32 = 0x3155_4750
    /// Bytes before the first node or list.
    static let headerByteCount = 8
}

extension LiveGraph {
    /// Blocks that hold rows below `count`.
    package static func blockCount(count: Int) -> Int {
        (count + nodesPerBlock - 1) / nodesPerBlock
    }

    /// Takes the list of blocks changed since the last call.
    ///
    /// A change during encoding is either in the encoded bytes or in the next list.
    package func drainDirtyBlocks() -> [Int] {
        (0..<Self.blockCount(count: count)).filter { arena.takeMark(block: $0) != 0 }
    }

    /// Gives blocks back whose commit failed.
    package func markDirty(blocks: [Int]) {
        for block in blocks { arena.mark(block: block) }
    }

    /// Appends a block's level-0 lists, levels and deletion marks, each list as at one moment.
    package func encodeBlock(_ block: Int, into bytes: inout [UInt8]) {
        let nodes = nodes(in: block, below: count)
        appendHeader(BlockFormat.links, count: nodes.count, &bytes)
        for node in nodes {
            bytes.append(arena.nodeByte(of: node))
            appendList(of: node, level: 0, &bytes)
        }
    }

    /// Appends the upper lists of a block's nodes; nothing when there are none.
    package func encodeUpper(_ block: Int, into bytes: inout [UInt8]) {
        let nodes = nodes(in: block, below: count)
        let lists = nodes.reduce(0) { $0 + level(of: $1) }
        guard lists > 0 else { return }
        appendHeader(BlockFormat.upper, count: lists, &bytes)
        for node in nodes where level(of: node) > 0 {
            for level in 1...level(of: node) {
                bytes.append(UInt8(Int(node) % Self.nodesPerBlock))
                bytes.append(UInt8(level))
                appendList(of: node, level: level, &bytes)
            }
        }
    }

    /// The ordinals of a block's rows below `count`.
    func nodes(in block: Int, below count: Int) -> Range<Ordinal> {
        precondition(block >= 0, "no such block")
        let start = min(block * Self.nodesPerBlock, count)
        return Ordinal(start)..<Ordinal(min(start + Self.nodesPerBlock, count))
    }

    private func appendHeader(_ format: UInt32, count: Int, _ bytes: inout [UInt8]) {
        append(format, &bytes)
        bytes.append(UInt8(parameters.neighbours))
        bytes.append(0)
        bytes.append(UInt8(truncatingIfNeeded: count))
        bytes.append(UInt8(truncatingIfNeeded: count >> 8))
    }

    private func appendList(of node: Ordinal, level: Int, _ bytes: inout [UInt8]) {
        // The lists of a vacant slot wait for the next row.
        let (links, diverseCount) =
            arena.isVacant(node) ? ([], 0) : list(of: node, level: level)
        bytes.append(UInt8(links.count))
        bytes.append(UInt8(diverseCount))
        for link in links { append(link.word, &bytes) }
    }

    private func append(_ word: UInt32, _ bytes: inout [UInt8]) {
        for shift in stride(from: 0, to: 32, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(shift)))
        }
    }
}
