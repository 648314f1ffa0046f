/// One edge of the walk's graph, 8 bytes.
struct WalkEdge: Equatable, Sendable {
    /// Dense number of what is at the other end.
    var neighbour: UInt32
    /// Weight at the edge's newest event, as the upper half of a Float (8 bits of precision).
    private var strengthBits: UInt16
    /// Days since 1970 of the edge's newest event.
    var day: UInt16

    /// Rounds `strength` to the nearest value that fits.
    init(neighbour: UInt32, strength: Float, day: UInt16) {
        self.neighbour = neighbour
        // Strengths are finite and far below the largest Float, so the rounding cannot carry into
        // the infinity pattern.
        strengthBits = UInt16(truncatingIfNeeded: (strength.bitPattern &+ 0x8000) >> 16)
        self.day = day
    }

    /// Weight at the edge's newest event.
    var strength: Float { Float(bitPattern: UInt32(strengthBits) << 16) }
}

/// Adjacency lists of 8-byte edges in one flat array.
///
/// Each list owns a block whose capacity is a power of two; a list that outgrows its block moves to
/// a free or new one and leaves the old block to the next list of that size. Flat because the walk
/// crosses about 1,500 lists: one array each would cost a reference count per list. Expected load:
/// lists of 4 to 1,024 edges, a few writes per event.
struct AdjacencyPool: Sendable {
    /// Where one list lies in `edges`.
    struct List: Sendable {
        /// First edge.
        var start: Int
        /// Edges in use.
        var count: UInt32
        /// log2 of the block's capacity.
        var sizeClass: UInt8

        /// The edges in use.
        var range: Range<Int> { start..<start + Int(count) }
    }

    /// Blocks of all lists; only those inside a list's range mean anything.
    private(set) var edges: [WalkEdge] = []
    /// By dense number.
    private(set) var lists: [List] = []
    /// Starts of unused blocks by size class.
    private var freeBlocks: [[Int]] = Array(repeating: [], count: 33)
    /// log2 of the smallest block.
    private static let smallestSizeClass: UInt8 = 2

    /// Edges of all lists together.
    private(set) var edgeCount = 0

    /// Makes room for lists 0 ..< count.
    mutating func grow(to count: Int) {
        while lists.count < count {
            lists.append(List(start: 0, count: 0, sizeClass: 0))
        }
    }

    /// Adds or replaces the edge to `edge.neighbour`.
    ///
    /// - Parameters:
    ///   - edge: the edge as it shall be.
    ///   - index: whose list.
    ///   - limit: a full list gives up its oldest edge instead of growing beyond this.
    /// - Returns: whether the neighbour was not in the list before.
    @discardableResult
    mutating func set(_ edge: WalkEdge, in index: Int, limit: Int) -> Bool {
        if let position = position(of: edge.neighbour, in: index) {
            edges[position] = edge
            return false
        }
        let list = lists[index]
        if Int(list.count) >= limit {
            edges[oldest(in: list.range)] = edge
            return true
        }
        if list.count == 0 || Int(list.count) == 1 << Int(list.sizeClass) { enlarge(index) }
        edges[lists[index].range.upperBound] = edge
        lists[index].count += 1
        edgeCount += 1
        return true
    }

    /// Removes the edge to `neighbour`, if there is one.
    @discardableResult
    mutating func remove(_ neighbour: UInt32, from index: Int) -> Bool {
        guard let position = position(of: neighbour, in: index) else { return false }
        edges[position] = edges[lists[index].range.upperBound - 1]
        lists[index].count -= 1
        edgeCount -= 1
        if lists[index].count == 0 { release(index) }
        return true
    }

    /// Empties one list.
    mutating func removeAll(from index: Int) {
        edgeCount -= Int(lists[index].count)
        if lists[index].count > 0 { release(index) }
    }

    private func position(of neighbour: UInt32, in index: Int) -> Int? {
        for position in lists[index].range where edges[position].neighbour == neighbour {
            return position
        }
        return nil
    }

    private func oldest(in range: Range<Int>) -> Int {
        var oldest = range.lowerBound
        for position in range where edges[position].day < edges[oldest].day { oldest = position }
        return oldest
    }

    private mutating func enlarge(_ index: Int) {
        let old = lists[index]
        let sizeClass = old.count == 0 ? Self.smallestSizeClass : old.sizeClass + 1
        let start: Int
        if let free = freeBlocks[Int(sizeClass)].popLast() {
            start = free
        } else {
            start = edges.count
            let unused = WalkEdge(neighbour: 0, strength: 0, day: 0)
            edges.append(contentsOf: repeatElement(unused, count: 1 << Int(sizeClass)))
        }
        for offset in 0..<Int(old.count) { edges[start + offset] = edges[old.start + offset] }
        if old.count > 0 { freeBlocks[Int(old.sizeClass)].append(old.start) }
        lists[index] = List(start: start, count: old.count, sizeClass: sizeClass)
    }

    private mutating func release(_ index: Int) {
        freeBlocks[Int(lists[index].sizeClass)].append(lists[index].start)
        lists[index] = List(start: 0, count: 0, sizeClass: 0)
    }
}
