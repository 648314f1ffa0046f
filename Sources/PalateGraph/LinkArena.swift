import CPalatePrefetch
import PalateModel
import Synchronization

// The one unsafe file of this target: all memory that searches read while writers change it.
//
// Workload: tens of millions of list reads a second, tens of thousands of list writes. Readers
// never lock, wait or write; writers of different lists never meet.
//
// Memory. Four arenas of reserved address space; a zero page means: no links, level 0, live.
//   bottom   per node   1 + 2M words   header, links of level 0 (bit 31: of the spanning tree)
//   upper    per list   1 + M words    header, links; the lists of levels 1...L of a node in a row
//   places   per node   1 word         1 + number of its first upper list, 0 = none
//   nodes    per node   1 byte         bits 0-3 level, bit 6 vacant, bit 7 deleted
// A header is: bits 0-7 count, 8-15 diverse count (that many links lead the list), 16 locked,
// 17 estimated (`LiveGraph+Estimates.swift`), 18-31 version. Whoever stores other links clears 17.
//
// Protocol. A list is a seqlock whose lock bit lives in the header.
//   Writer: (1) compare-and-swap the header it planned by -> the same with the lock bit [acquire];
//           (2) store links [release]; (3) store the new header, version + 1, unlocked [release].
//   Reader: (1) load the header [acquire]; (2) load links [acquire]; (3) load the header again.
// If (3) equals (1), unlocked, the links are those of one version:
//   - no later writer's link was read: reading one would synchronise with that writer's release
//     store, which follows its step (1) in its own order, so step (3) would have to see that
//     writer's header or a later one; the version differs (it would have to wrap, 16,384 writes of
//     one list within one read, to be equal);
//   - no older link was read: the header's acquire load makes all of its writer's stores visible.
// Links being release stores and acquire loads, no fence is needed; on x86-64 all of them are plain
// moves. A link's acquire load also publishes what its writer saw before storing it: the linked
// row's code, level byte and lists. So even a mixed read yields only rows that may be scored.
//
// `gatherUnvisited` uses that: it marks and collects while it reads, and on a changed header reads
// again, adding what is new; after `gatherAttempts` it goes on with the union of what it saw rather
// than wait for a writer that may have lost its core. `copy` (checkpoints, planning of writes)
// returns only lists of one version.
//
// Node bytes are atomic words. Dirty marks are set after a change [release] and taken before
// encoding [acquire]: a change is in the encoded block, or its mark is left for the next.

/// Atomic words and bytes of all links, levels and deletion marks.
// SAFETY: @unchecked Sendable by the protocol above; `LiveGraphConcurrencyTests` runs under TSan.
@safe
struct LinkArena: ~Copyable, @unchecked Sendable {
    /// The most rows one `gatherUnvisited` adds, and a spare place for its branch-free stores.
    static let gatherMax = gatherAttempts * 2 * Limits.neighbours.upperBound + 1
    /// Reads of one changing list before the union is taken.
    static let gatherAttempts = 4
    /// Nodes per checkpoint block: 33 KiB of links at M = 16.
    static let nodesPerBlock = 256

    static let lockBit: UInt32 = 1 << 16
    static let estimatedBit: UInt32 = 1 << 17
    private static let versionStep: UInt32 = 1 << 18
    /// The level's bits of a node byte.
    static let levelMask: UInt8 = 0x0f
    /// The deletion mark of a node byte.
    static let deletedBit: UInt8 = 0x80
    /// The marks of a node that no list names, free for another row.
    static let vacantBits: UInt8 = 0xc0

    /// Nodes there is room for.
    let capacity: Int
    /// M.
    let neighbours: Int
    /// Upper lists there is room for.
    let upperCapacity: Int

    private let bottomBytes: ReservedBytes
    private let upperBytes: ReservedBytes
    private let placeBytes: ReservedBytes
    private let nodeBytes: ReservedBytes
    private let dirtyBytes: ReservedBytes

    // SAFETY: bases of the five arenas above, which live as long as this value; zeroed memory is a
    // valid `Atomic` of zero, and is only ever accessed as one.
    private let bottom: UnsafeMutablePointer<Atomic<UInt32>>
    private let upper: UnsafeMutablePointer<Atomic<UInt32>>
    private let places: UnsafeMutablePointer<Atomic<UInt32>>
    private let nodes: UnsafeMutablePointer<Atomic<UInt8>>
    private let dirty: UnsafeMutablePointer<Atomic<UInt8>>

    private let upperUsed = Atomic<Int>(0)

    /// Reserves address space; nil when it is refused.
    init?(neighbours: Int, capacity: Int) {
        // A node has 1 / (M - 1) upper lists on average; twice that and 1,024 is never reached by
        // drawn levels (beyond 30 standard deviations).
        let upperCapacity = 2 * capacity / (neighbours - 1) + 1_024
        let blocks = capacity / Self.nodesPerBlock + 1
        guard
            let bottomBytes = ReservedBytes(capacity: capacity * (1 + 2 * neighbours) * 4),
            let upperBytes = ReservedBytes(capacity: upperCapacity * (1 + neighbours) * 4),
            let placeBytes = ReservedBytes(capacity: capacity * 4),
            let nodeBytes = ReservedBytes(capacity: capacity),
            let dirtyBytes = ReservedBytes(capacity: blocks)
        else { return nil }
        self.capacity = capacity
        self.neighbours = neighbours
        self.upperCapacity = upperCapacity
        self.bottomBytes = bottomBytes
        self.upperBytes = upperBytes
        self.placeBytes = placeBytes
        self.nodeBytes = nodeBytes
        self.dirtyBytes = dirtyBytes
        // SAFETY: mappings are aligned to 4 KiB and zeroed; nothing else uses them.
        unsafe bottom = bottomBytes.base.assumingMemoryBound(to: Atomic<UInt32>.self)
        unsafe upper = upperBytes.base.assumingMemoryBound(to: Atomic<UInt32>.self)
        unsafe places = placeBytes.base.assumingMemoryBound(to: Atomic<UInt32>.self)
        unsafe nodes = nodeBytes.base.assumingMemoryBound(to: Atomic<UInt8>.self)
        unsafe dirty = dirtyBytes.base.assumingMemoryBound(to: Atomic<UInt8>.self)
    }

    /// Bytes behind `count` nodes of so many upper lists: links, places, flags and marks.
    static func byteCount(count: Int, neighbours: Int, upperListCount: Int) -> Int {
        count * ((1 + 2 * neighbours) * 4 + 4 + 1) + upperListCount * (1 + neighbours) * 4
            + (count + nodesPerBlock - 1) / nodesPerBlock
    }

    /// Upper lists handed out.
    var upperListCount: Int { min(upperUsed.load(ordering: .relaxed), upperCapacity) }

    // MARK: Nodes

    /// The highest level of a node.
    func level(of node: Ordinal) -> Int {
        precondition(Int(node) < capacity, "no such node")
        // SAFETY: below capacity.
        return Int(unsafe nodes[Int(node)].load(ordering: .relaxed) & Self.levelMask)
    }

    /// Whether a node is marked deleted.
    func isDeleted(_ node: Ordinal) -> Bool { nodeByte(of: node) & Self.deletedBit != 0 }

    /// Whether a node stands for no row.
    func isVacant(_ node: Ordinal) -> Bool { nodeByte(of: node) >= Self.vacantBits }

    /// Level and marks, as stored.
    @inline(__always)
    func nodeByte(of node: Ordinal) -> UInt8 {
        precondition(Int(node) < capacity, "no such node")
        // SAFETY: below capacity.
        return unsafe nodes[Int(node)].load(ordering: .relaxed)
    }

    /// Marks a node deleted; false when it was.
    func markDeleted(_ node: Ordinal) -> Bool {
        mark(node, Self.deletedBit) & Self.deletedBit == 0
    }

    /// Marks a node vacant.
    func markVacant(_ node: Ordinal) { _ = mark(node, Self.vacantBits) }

    /// Adds marks to a node's byte; returns what it was.
    private func mark(_ node: Ordinal, _ bits: UInt8) -> UInt8 {
        precondition(Int(node) < capacity, "no such node")
        // SAFETY: below capacity.
        let old = unsafe nodes[Int(node)].bitwiseOr(bits, ordering: .acquiringAndReleasing).oldValue
        markDirty(node)
        return old
    }

    /// Takes a node's marks away: it stands for a row now.
    func occupy(_ node: Ordinal) {
        precondition(Int(node) < capacity, "no such node")
        // SAFETY: below capacity.
        _ = unsafe nodes[Int(node)].bitwiseAnd(Self.levelMask, ordering: .acquiringAndReleasing)
        markDirty(node)
    }

    /// Gives a node that no list names yet its level, its marks, and room for its upper lists.
    ///
    /// - Returns: false when the upper arena is full; the node then stays on level 0.
    func setLevel(_ level: Int, marks: UInt8, of node: Ordinal) -> Bool {
        precondition(Int(node) < capacity && level <= GraphParameters.levelMax, "no such node")
        let first = level == 0 ? 0 : upperUsed.wrappingAdd(level, ordering: .relaxed).oldValue
        let fits = first + level <= upperCapacity
        // SAFETY: below capacity; published by the release store of the first link to the node.
        if level > 0, fits {
            unsafe places[Int(node)].store(UInt32(first + 1), ordering: .relaxed)
        }
        unsafe nodes[Int(node)].store(UInt8(fits ? level : 0) | marks, ordering: .relaxed)
        markDirty(node)
        return fits
    }

    // MARK: Lists

    /// The header of a node's list; nil when the node does not reach the level.
    @inline(__always)
    func list(_ node: Ordinal, _ level: Int) -> UnsafeMutablePointer<Atomic<UInt32>>? {
        precondition(Int(node) < capacity, "no such node")
        // SAFETY: node < capacity; a place names `level` whole lists below upperCapacity.
        if level == 0 {
            return unsafe bottom + Int(node) * (1 + 2 * neighbours)
        }
        guard level <= self.level(of: node) else { return nil }
        let place = unsafe places[Int(node)].load(ordering: .relaxed)
        return unsafe upper + (Int(place) - 1 + level - 1) * (1 + neighbours)
    }

    @inline(__always)
    func degreeMax(_ level: Int) -> Int { level == 0 ? 2 * neighbours : neighbours }

    /// Starts loading a node's level-0 list into the cache.
    @inline(__always)
    func prefetch(_ node: Ordinal) {
        precondition(Int(node) < capacity, "no such node")
        // SAFETY: below capacity; a prefetch reads nothing.
        let list = unsafe UnsafeRawPointer(bottom + Int(node) * (1 + 2 * neighbours))
        let byteCount = 4 * (1 + 2 * neighbours)
        var offset = 0
        while offset < byteCount {
            unsafe palate_prefetch(list + offset)
            offset += 64
        }
    }

    /// Marks and collects the neighbours of a node that this search has not seen.
    ///
    /// - Parameters:
    ///   - node: whose list.
    ///   - level: of which level.
    ///   - first: neighbours of other nodes that are there already.
    ///   - visited: rows beyond its limit are newer than the search and passed over.
    ///   - gathered: shape [`first` + `gatherMax`]; receives the neighbours.
    /// - Returns: rows there are.
    func gatherUnvisited(
        _ node: Ordinal,
        level: Int,
        behind first: Int = 0,
        visited: inout VisitedRows,
        into gathered: inout [Ordinal]
    ) -> Int {
        guard let list = unsafe list(node, level) else { return first }
        precondition(gathered.count >= first + Self.gatherMax, "no room for the neighbours")
        let (degreeMax, limit) = (self.degreeMax(level), visited.limit)
        return visited.mark(behind: first, of: &gathered) { words, rows in
            var found = first
            for _ in 0..<Self.gatherAttempts {
                // SAFETY: `list` has degreeMax links behind its header; rows are below `limit`
                // where used as a position; `found` grows by at most degreeMax per attempt.
                let header = unsafe list[0].load(ordering: .acquiring)
                let count = min(Int(header & 0xff), degreeMax)
                var position = 1
                while position <= count {
                    let row = Link(word: unsafe list[position].load(ordering: .acquiring)).ordinal
                    position += 1
                    guard Int(row) < limit else { continue }
                    let bit = UInt64(1) << UInt64(row & 63)
                    let word = unsafe words[unchecked: Int(row >> 6)]
                    unsafe words[unchecked: Int(row >> 6)] = word | bit
                    unsafe rows[unchecked: found] = row
                    found += word & bit == 0 ? 1 : 0
                }
                let after = unsafe list[0].load(ordering: .relaxed)
                if after == header, header & Self.lockBit == 0 { break }
            }
            return found
        }
    }

    /// Copies the rows of a node's list, without waiting for a writer.
    ///
    /// - Parameters:
    ///   - node: whose list.
    ///   - level: of which level.
    ///   - copied: shape [>= 2M]; receives the rows.
    /// - Returns: rows written; none when the node does not reach the level.
    func copyRows(_ node: Ordinal, level: Int, into copied: inout [Ordinal]) -> Int {
        guard let list = unsafe list(node, level) else { return 0 }
        let degreeMax = degreeMax(level)
        precondition(copied.count >= degreeMax, "no room for the links")
        var rows = copied.mutableSpan
        // SAFETY: `list` has degreeMax links behind its header, and so has `rows`.
        let count = min(Int(unsafe list[0].load(ordering: .acquiring) & 0xff), degreeMax)
        for position in 0..<count {
            let word = unsafe list[position + 1].load(ordering: .acquiring)
            unsafe rows[unchecked: position] = Link(word: word).ordinal
        }
        return count
    }

    /// Copies a node's list as it was at one moment.
    ///
    /// - Parameters:
    ///   - node: whose list.
    ///   - level: of which level.
    ///   - links: shape [>= 2M]; receives the links, the diverse ones first.
    /// - Returns: what `replace` needs; nil when the node does not reach the level.
    func copy(
        _ node: Ordinal,
        level: Int,
        into links: inout [Link]
    ) -> ListState? {
        var copied = links.mutableSpan
        guard let list = unsafe list(node, level) else { return nil }
        let degreeMax = degreeMax(level)
        precondition(copied.count >= degreeMax, "no room for the links")
        while true {
            // SAFETY: `list` has degreeMax links behind its header, and so has `copied`.
            let header = unsafe list[0].load(ordering: .acquiring)
            guard header & Self.lockBit == 0 else { continue }
            let count = min(Int(header & 0xff), degreeMax)
            for position in 0..<count {
                let word = unsafe list[position + 1].load(ordering: .acquiring)
                unsafe copied[unchecked: position] = Link(word: word)
            }
            if unsafe list[0].load(ordering: .relaxed) == header {
                return ListState(header: header)
            }
        }
    }

    /// The state of a list that has no other writer now.
    func state(of node: Ordinal, level: Int) -> ListState? {
        // SAFETY: the header of a whole list.
        guard let list = unsafe list(node, level) else { return nil }
        return ListState(header: unsafe list[0].load(ordering: .acquiring))
    }

    /// Tree links in a node's level-0 list; may lag behind a writer.
    func treeDegree(of node: Ordinal) -> Int {
        guard let list = unsafe list(node, 0) else { return 0 }
        // SAFETY: `list` has 2M links behind its header.
        let count = min(Int(unsafe list[0].load(ordering: .acquiring) & 0xff), 2 * neighbours)
        var degree = 0
        for position in 0..<count {
            let word = unsafe list[position + 1].load(ordering: .relaxed)
            degree += Link(word: word).isTree ? 1 : 0
        }
        return degree
    }

    /// Empties the lists of a node that no list names.
    func clearLists(of node: Ordinal) {
        for level in 0...level(of: node) {
            guard let state = state(of: node, level: level) else { continue }
            _ = replace(node, level: level, from: state, with: [Link]().span, diverseCount: 0)
        }
    }

    /// Replaces a node's list, unless it changed since `state` was copied.
    ///
    /// - Parameters:
    ///   - node: whose list.
    ///   - level: of which level; the node reaches it.
    ///   - state: from `copy`.
    ///   - links: shape [n], n at most 2M on level 0 and M above; the diverse ones first.
    ///   - diverseCount: links that the heuristic chose.
    /// - Returns: false when another writer was faster: copy, plan and try again.
    func replace(
        _ node: Ordinal,
        level: Int,
        from state: ListState,
        with links: Span<Link>,
        diverseCount: Int
    ) -> Bool {
        guard let list = unsafe list(node, level) else { return false }
        let count = links.count
        precondition(count <= degreeMax(level) && diverseCount <= count, "too many links")
        // SAFETY: `list` has degreeMax links behind its header; the lock bit makes us its only
        // writer until the header is stored again.
        let (isOurs, _) = unsafe list[0].compareExchange(
            expected: state.header,
            desired: state.header | Self.lockBit,
            successOrdering: .acquiring,
            failureOrdering: .relaxed
        )
        guard isOurs else { return false }
        for position in 0..<count {
            unsafe list[position + 1].store(links[position].word, ordering: .releasing)
        }
        let version = (state.header & ~(Self.versionStep - 1)) &+ Self.versionStep
        let header = version | UInt32(diverseCount) << 8 | UInt32(count)
        unsafe list[0].store(header, ordering: .releasing)
        markDirty(node)
        return true
    }

    // MARK: Dirty blocks

    /// Marks the block of a node as changed since the last checkpoint.
    @inline(__always)
    func markDirty(_ node: Ordinal) { mark(block: Int(node) / Self.nodesPerBlock) }

    /// Marks a block as changed since the last checkpoint, or as just restored.
    func mark(block: Int, as mark: BlockMark = .changed) {
        precondition(block >= 0 && block <= capacity / Self.nodesPerBlock, "no such block")
        // SAFETY: within the blocks of `capacity`.
        unsafe dirty[block].store(mark.rawValue, ordering: .releasing)
    }

    /// Takes a block's mark away; returns it, 0 = none.
    func takeMark(block: Int) -> UInt8 {
        precondition(block >= 0 && block <= capacity / Self.nodesPerBlock, "no such block")
        // SAFETY: within the blocks of `capacity`.
        return unsafe dirty[block].exchange(0, ordering: .acquiringAndReleasing)
    }
}
