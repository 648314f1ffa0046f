import PalateModel

/// Reads one checkpoint block into a graph, trusting none of its bytes.
struct BlockDecoder {
    private let graph: LiveGraph
    private let block: Int
    private let watermark: Int
    private let nodes: Range<Ordinal>
    /// Whether a link or row beyond the watermark was left out.
    private(set) var hasDropped = false

    init(graph: LiveGraph, block: Int, watermark: Int) {
        self.graph = graph
        self.block = block
        self.watermark = watermark
        nodes = graph.nodes(in: block, below: watermark)
    }

    /// Reads levels, marks and level-0 lists.
    mutating func decodeLinks(_ bytes: RawSpan, _ scratch: inout BuildScratch) throws(GraphError) {
        var reader = BlockReader(bytes, block: block)
        let stored = try readHeader(&reader, format: BlockFormat.links)
        let expected = nodes.count...LiveGraph.nodesPerBlock
        guard expected.contains(stored) else {
            throw .wrongNodeCount(block: block, got: stored, expected: expected)
        }
        for offset in 0..<stored {
            let node = Ordinal(block * LiveGraph.nodesPerBlock + offset)
            let flags = try reader.byte()
            let level = Int(flags & LinkArena.levelMask)
            let marks = flags & ~LinkArena.levelMask
            guard [0, LinkArena.deletedBit, LinkArena.vacantBits].contains(marks) else {
                throw .badNodeByte(ordinal: node, got: flags)
            }
            let isKept = nodes.contains(node)
            if isKept {
                guard graph.arena.setLevel(level, marks: marks, of: node) else {
                    throw .upperArenaFull(block: block)
                }
            }
            try decodeList(of: node, level: 0, isKept: isKept, &reader, &scratch)
        }
        try reader.finish()
    }

    /// Reads the upper lists, which must be those the levels ask for.
    mutating func decodeUpper(_ bytes: RawSpan, _ scratch: inout BuildScratch) throws(GraphError) {
        let expected = nodes.reduce(0) { $0 + graph.level(of: $1) }
        var read = 0
        if bytes.byteCount > 0 {
            var reader = BlockReader(bytes, block: block)
            let stored = try readHeader(&reader, format: BlockFormat.upper)
            var previous = (node: -1, level: 0)
            for _ in 0..<stored {
                let offset = Int(try reader.byte())
                let level = Int(try reader.byte())
                let node = Ordinal(block * LiveGraph.nodesPerBlock + offset)
                let isKept = nodes.contains(node)
                // In order and without gaps, so that no list comes twice.
                let isNext =
                    offset == previous.node ? level == previous.level + 1 : level == 1
                guard offset >= previous.node, isNext, level <= GraphParameters.levelMax,
                    !isKept || level <= graph.level(of: node)
                else { throw .upperMismatch(block: block, got: read, expected: expected) }
                previous = (offset, level)
                try decodeList(of: node, level: level, isKept: isKept, &reader, &scratch)
                read += isKept ? 1 : 0
            }
            try reader.finish()
        }
        guard read == expected else {
            throw .upperMismatch(block: block, got: read, expected: expected)
        }
    }

    /// Reads format, M and count.
    private func readHeader(_ reader: inout BlockReader, format: UInt32) throws(GraphError) -> Int {
        let got = try reader.word()
        guard got == format else {
            throw .unknownFormat(block: block, got: got, expected: format)
        }
        let neighbours = Int(try reader.byte())
        let reserved = try reader.byte()
        guard neighbours == graph.parameters.neighbours, reserved == 0 else {
            throw .wrongNeighbours(
                block: block,
                got: neighbours | Int(reserved) << 8,
                expected: graph.parameters.neighbours
            )
        }
        return Int(try reader.byte()) | Int(try reader.byte()) << 8
    }

    private mutating func decodeList(
        of node: Ordinal,
        level: Int,
        isKept: Bool,
        _ reader: inout BlockReader,
        _ scratch: inout BuildScratch
    ) throws(GraphError) {
        let count = Int(try reader.byte())
        let diverse = Int(try reader.byte())
        let isVacant = isKept && graph.arena.isVacant(node)
        let degreeMax = isVacant ? 0 : graph.parameters.degreeMax(level: level)
        guard count <= degreeMax, diverse <= count else {
            throw .badDegree(
                ordinal: node,
                level: level,
                got: max(count, diverse),
                expected: degreeMax
            )
        }
        if !isKept { hasDropped = true }
        scratch.published.removeAll(keepingCapacity: true)
        scratch.search.visited.begin(count: watermark)
        var diverseCount = 0
        for position in 0..<count {
            let link = Link(word: try reader.word())
            guard isKept else { continue }
            guard Int(link.ordinal) < watermark else {
                hasDropped = true
                continue
            }
            guard link.ordinal != node, level == 0 || !link.isTree,
                scratch.search.visited.insert(link.ordinal)
            else { throw .badLink(ordinal: node, level: level, got: link.ordinal) }
            scratch.published.append(link)
            diverseCount += position < diverse ? 1 : 0
        }
        guard isKept, let state = graph.arena.state(of: node, level: level) else { return }
        _ = graph.arena.replace(
            node,
            level: level,
            from: state,
            with: scratch.published.span,
            diverseCount: diverseCount
        )
    }
}

/// A cursor over a block's bytes.
private struct BlockReader: ~Escapable {
    private let bytes: RawSpan
    private let block: Int
    private var offset = 0

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan, block: Int) {
        self.bytes = bytes
        self.block = block
    }

    @_lifetime(self: copy self)
    mutating func byte() throws(GraphError) -> UInt8 {
        guard let byte = bytes.byte(at: offset) else { throw truncated(1) }
        offset += 1
        return byte
    }

    @_lifetime(self: copy self)
    mutating func word() throws(GraphError) -> UInt32 {
        guard let word = bytes.word(at: offset) else { throw truncated(4) }
        offset += 4
        return word
    }

    func finish() throws(GraphError) {
        guard offset == bytes.byteCount else {
            throw .trailingBytes(block: block, got: bytes.byteCount, expected: offset)
        }
    }

    private func truncated(_ byteCount: Int) -> GraphError {
        .truncated(block: block, got: bytes.byteCount, expected: offset + byteCount)
    }
}
