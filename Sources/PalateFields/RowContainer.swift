import PalateModel

/// Members among 65,536 rows: a sorted list while they are few, else a bit each.
///
/// The containers of Roaring bitmaps (Lemire and others, arXiv:1709.07821), without runs: rows have
/// no order that values follow, so runs hardly ever occur.
package struct RowContainer: Equatable, Sendable {
    /// Rows of a container.
    static let rowCount = 65_536
    /// Words of the bits.
    static let wordCount = rowCount / 64
    /// From this many members on the bits are the smaller form.
    static let sparseMax = 4_096

    /// Members.
    package private(set) var count = 0
    /// Members, rising, while there are no words.
    private var sparse: [UInt16] = []
    /// Shape [wordCount] or empty.
    private var words: [UInt64] = []

    /// Nobody.
    static let empty = RowContainer()

    private init() {}

    /// Of words that are taken over.
    init(words: [UInt64]) {
        self.words = words
        count = Self.bitCount(words)
        if count == 0 { self.words = [] }
    }

    /// Of members in rising order.
    init(rising members: [UInt16]) {
        count = members.count
        if count <= Self.sparseMax {
            sparse = members
        } else {
            words = Self.bits(of: members)
        }
    }

    /// Those of `candidates` for which a test holds.
    init(_ candidates: RowContainer, where isMember: (UInt16) -> Bool) {
        var members: [UInt16] = []
        candidates.forEach { if isMember($0) { members.append($0) } }
        self.init(rising: members)
    }

    /// Members of all containers.
    init(union containers: [RowContainer]) {
        let total = containers.reduce(0) { $0 + $1.count }
        if total <= Self.sparseMax {
            var members = containers.flatMap { $0.members }
            if containers.count > 1 { members = members.risingUnique() }
            self.init(rising: members)
            return
        }
        var union = [UInt64](repeating: 0, count: Self.wordCount)
        for container in containers { container.unite(into: &union) }
        self.init(words: union)
    }

    private func unite(into union: inout [UInt64]) {
        guard !words.isEmpty else {
            for member in sparse { union[Int(member >> 6)] |= 1 << UInt64(member & 63) }
            return
        }
        for index in 0..<Self.wordCount { union[index] |= words[index] }
    }

    // MARK: Members

    /// Whether `member` is in it.
    func contains(_ member: UInt16) -> Bool {
        if !words.isEmpty { return words[Int(member >> 6)] >> UInt64(member & 63) & 1 != 0 }
        return sparse.containsSorted(member)
    }

    /// All members, rising.
    var members: [UInt16] {
        guard !words.isEmpty else { return sparse }
        var members: [UInt16] = []
        members.reserveCapacity(count)
        forEach { members.append($0) }
        return members
    }

    /// Visits all members, rising.
    @inline(__always)
    func forEach(_ visit: (UInt16) -> Void) {
        guard !words.isEmpty else {
            for member in sparse { visit(member) }
            return
        }
        for index in 0..<Self.wordCount {
            var word = words[index]
            while word != 0 {
                visit(UInt16(truncatingIfNeeded: index << 6 | word.trailingZeroBitCount))
                word &= word &- 1
            }
        }
    }

    /// Adds a member; false when it was one.
    @discardableResult
    mutating func insert(_ member: UInt16) -> Bool {
        if !words.isEmpty {
            let bit = UInt64(1) << UInt64(member & 63)
            guard words[Int(member >> 6)] & bit == 0 else { return false }
            words[Int(member >> 6)] |= bit
            count += 1
            return true
        }
        let place =
            sparse.last.map { $0 < member } ?? true ? sparse.count : sparse.lowerBound(of: member)
        if place < sparse.count, sparse[place] == member { return false }
        sparse.insert(member, at: place)
        count += 1
        if count > Self.sparseMax {
            words = Self.bits(of: sparse)
            sparse = []
        }
        return true
    }

    /// Takes a member away; false when it was none.
    @discardableResult
    mutating func remove(_ member: UInt16) -> Bool {
        guard contains(member) else { return false }
        count -= 1
        if words.isEmpty {
            sparse.remove(at: sparse.lowerBound(of: member))
            return true
        }
        words[Int(member >> 6)] &= ~(1 << UInt64(member & 63))
        // Half of the limit: a set at the limit does not change its form with every write.
        if count <= Self.sparseMax / 2 {
            sparse = members
            words = []
        }
        return true
    }

    // MARK: Algebra

    /// Members of both.
    func intersection(_ other: RowContainer) -> RowContainer {
        if words.isEmpty { return RowContainer(self) { other.contains($0) } }
        if other.words.isEmpty { return RowContainer(other) { contains($0) } }
        var both = words
        for index in 0..<Self.wordCount { both[index] &= other.words[index] }
        return RowContainer(words: both)
    }

    /// Members that the other has not.
    func subtracting(_ other: RowContainer) -> RowContainer {
        if other.count == 0 { return self }
        if words.isEmpty { return RowContainer(self) { !other.contains($0) } }
        var rest = words
        if other.words.isEmpty {
            for member in other.sparse { rest[Int(member >> 6)] &= ~(1 << UInt64(member & 63)) }
        } else {
            for index in 0..<Self.wordCount { rest[index] &= ~other.words[index] }
        }
        return RowContainer(words: rest)
    }

    /// Members of both, counted.
    func intersectionCount(_ other: RowContainer) -> Int {
        if words.isEmpty || other.words.isEmpty { return intersection(other).count }
        var total = 0
        for index in 0..<Self.wordCount {
            total += (words[index] & other.words[index]).nonzeroBitCount
        }
        return total
    }

    /// Writes the members' bits over `target`, from word `first` on, as far as there is room.
    func copyBits(to target: inout [UInt64], at first: Int) {
        let end = min(first + Self.wordCount, target.count)
        guard !words.isEmpty else {
            for index in first..<end { target[index] = 0 }
            for member in sparse where first + Int(member >> 6) < end {
                target[first + Int(member >> 6)] |= 1 << UInt64(member & 63)
            }
            return
        }
        for index in first..<end { target[index] = words[index - first] }
    }

    /// Bytes of memory.
    var byteCount: Int {
        MemoryLayout<RowContainer>.stride + 2 * sparse.capacity + 8 * words.capacity
    }

    private static func bitCount(_ words: [UInt64]) -> Int {
        var total = 0
        for word in words { total &+= word.nonzeroBitCount }
        return total
    }

    private static func bits(of members: [UInt16]) -> [UInt64] {
        var words = [UInt64](repeating: 0, count: wordCount)
        for member in members { words[Int(member >> 6)] |= 1 << UInt64(member & 63) }
        return words
    }

    /// The same members, in whichever form.
    package static func == (left: RowContainer, right: RowContainer) -> Bool {
        left.count == right.count && left.members == right.members
    }
}

extension [UInt16] {
    /// Sorted, each once.
    fileprivate func risingUnique() -> [UInt16] {
        var result: [UInt16] = []
        for value in sorted() where value != result.last { result.append(value) }
        return result
    }
}
