package import PalateModel

extension LiveGraph {
    /// Reads a block back, before `restore`; different blocks may be read at the same time.
    ///
    /// Rows and links at or beyond the watermark are left out. Everything else that a graph would
    /// not have written is an error; the graph is then of no use any more.
    ///
    /// - Parameters:
    ///   - block: which one.
    ///   - links: from `encodeBlock`.
    ///   - upper: from `encodeUpper`; may be empty.
    ///   - watermark: rows of the checkpoint.
    /// - Throws: what is wrong with the block, by name.
    package func decodeBlock(
        _ block: Int,
        from links: RawSpan,
        upper: RawSpan,
        watermark: Int
    ) throws(GraphError) {
        guard (0...capacity).contains(watermark) else {
            throw .countOutOfRange(got: watermark, expected: 0...capacity)
        }
        guard count == 0 else { throw .notEmpty(got: count) }
        let blocks = 0..<Self.blockCount(count: watermark)
        guard blocks.contains(block) else { throw .blockOutOfRange(got: block, expected: blocks) }
        guard arena.takeMark(block: block) == 0 else { throw .blockDecodedTwice(block: block) }
        let box = takeBuildScratch()
        defer { returnBuildScratch(box) }
        var decoder = BlockDecoder(graph: self, block: block, watermark: watermark)
        try decoder.decodeLinks(links, &box.scratch)
        try decoder.decodeUpper(upper, &box.scratch)
        arena.mark(block: block, as: decoder.hasDropped ? .changed : .restored)
    }

    /// Publishes the rows that `decodeBlock` read; searches may start.
    ///
    /// Blocks from which links were left out stay dirty, all others are clean.
    ///
    /// - Parameters:
    ///   - count: the watermark the blocks were decoded with.
    ///   - entryPoint: of the checkpoint; nil = the first row of the highest level.
    /// - Throws: when a block is missing, or lists and levels disagree.
    package func restore(count: Int, entryPoint: Ordinal? = nil) throws(GraphError) {
        guard (0...capacity).contains(count) else {
            throw .countOutOfRange(got: count, expected: 0...capacity)
        }
        guard self.count == 0 else { throw .notEmpty(got: self.count) }
        var highest: (ordinal: Ordinal, level: Int)?
        var deletedCount = 0
        var vacantCount = 0
        let hasVacant = (0..<Ordinal(count)).contains(where: isVacant)
        var rows = [Ordinal](repeating: 0, count: parameters.degreeMax(level: 0))
        for node in 0..<Ordinal(count) {
            if isVacant(node) {
                vacantCount += 1
                continue
            }
            let level = level(of: node)
            if level > highest?.level ?? -1 { highest = (node, level) }
            // On level 0 there is nothing to find where no slot is vacant.
            for current in (hasVacant ? 0 : 1)..<level + 1 {
                try checkLinks(of: node, level: current, &rows)
            }
            deletedCount += isDeleted(node) ? 1 : 0
        }
        if let entryPoint, highest != nil {
            guard Int(entryPoint) < count, !isVacant(entryPoint),
                level(of: entryPoint) == highest?.level
            else { throw .badEntryPoint(got: entryPoint) }
            highest?.ordinal = entryPoint
        }
        for block in 0..<Self.blockCount(count: count) {
            let mark = arena.takeMark(block: block)
            guard mark != 0 else { throw .missingBlock(block: block) }
            if mark == BlockMark.changed.rawValue { arena.mark(block: block) }
        }
        if let highest { setEntry(highest.ordinal, level: highest.level) }
        publish(count: count, deletedCount: deletedCount, vacantCount: vacantCount)
    }

    /// Refuses links to vacant slots, and on a level to nodes that do not reach it.
    private func checkLinks(
        of node: Ordinal,
        level: Int,
        _ rows: inout [Ordinal]
    ) throws(GraphError) {
        let found = arena.copyRows(node, level: level, into: &rows)
        for position in 0..<found {
            let flags = arena.nodeByte(of: rows[position])
            guard flags < LinkArena.vacantBits else {
                throw .linkToVacant(ordinal: node, level: level, got: rows[position])
            }
            guard Int(flags & LinkArena.levelMask) >= level else {
                throw .linkAboveLevel(ordinal: node, level: level, got: rows[position])
            }
        }
    }
}
