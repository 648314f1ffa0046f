package import PalateModel
import Synchronization

// PalateGraph: HNSW links, and nothing about vectors. Start here.
//
//   file                      | job
//   --------------------------|----------------------------------------------------------------
//   LiveGraph.swift           | the graph: counts, entry point, deletion marks
//   LiveGraph+Search.swift    | search: descent, beam, gates
//   LiveGraph+Scan.swift      | every row instead
//   LiveGraph+Estimates.swift | estimates beside lists, which searches pass rows over by
//   SearchScratch.swift       | what a search writes
//   VisitedRows.swift         | the rows it has seen
//   Patience.swift            | when a search that finds nothing more ends
//   ScoredList.swift          | one adjacency list and its distances
//   Exclusions.swift          | rows kept out of a search's results
//   CandidatePool.swift       | the beam, one sorted array
//   BeamKernel.swift          | how lists are taken into it
//   RememberedKeys.swift      | what an insertion scored beside it
//   KeySort.swift             | sorting keys
//   CandidateKey.swift        | a scored row in one word
//   FrontierHeap.swift        | ineligible rows of gated searches
//   GraphBuilder.swift        | inserting rows, on one thread or several
//   ChunkLinker.swift         | inserting a few rows at once
//   RowChunk.swift            | these rows
//   RowLinks.swift            | the links chosen for one of them
//   OffersBack.swift          | the lists that they are offered to
//   BuildWorker.swift         | what one thread works with
//   NeighbourSelection.swift  | which candidates become links
//   BuildScratch.swift        | what an insertion writes
//   GraphRepair.swift         | taking deleted rows out of all lists
//   TreeRepair.swift          | the spanning tree without them
//   ListRepair.swift          | one list without them
//   LonelyRows.swift          | rows that hardly anybody names after that
//   GiveWay.swift             | the core to whoever waits for it
//   LiveGraph+Blocks.swift    | links to checkpoint blocks
//   LiveGraph+Restore.swift   | a graph from checkpoint blocks
//   BlockDecoder.swift        | one block's bytes to links, trusting none
//   RawSpan+Words.swift       | its unsafe reads
//   ListState.swift           | what a list was when it was copied
//   BlockMark.swift           | changed, or as stored
//   GraphInvariants.swift     | what must always hold
//   Link.swift                | one entry of a list
//   LinkOffer.swift           | which links a list keeps when new ones come
//   LinkArena.swift           | the memory under the links, and its publication protocol (unsafe)
//   LinkArena+Estimates.swift | lists of which only some links are read (unsafe)
//   GraphParameters.swift     | M, efConstruction, seed, level draw
//   GraphError.swift          | why stored links were refused

// Deviations from the paper, each with its reason. Figures: one thread of a Zen 4, M = 16,
// efConstruction = 200 and its beam alone (1 to 8 were measured before 9), 100,000 x 128 bytes
// ("clustered") and Fashion-MNIST (60,000 x 784).
//
//   1 Lists are filled to 2M (level 0) and M with the nearest pruned candidates: a hop offers more
//     rows at the same cost per row. Without: 23.6 links on average, recall at beam 10 0.861
//     instead of 0.906 (prototype, 200,000 x 256).
//   2 A new node asks the heuristic for 2M links on level 0, not M, over all efConstruction
//     candidates: far diverse ones matter. Over the nearest 80 alone, recall at beam 16 falls from
//     0.986 to 0.953 (clustered).
//   3 A full list takes a new link by comparing it with its diverse links (`LinkOffer`), instead of
//     the heuristic over 2M + 1 rows: some 45 pairs instead of 300 for each of 2M links back, and
//     2M of them once for all that a chunk offers to the list.
//   4 Level 0 holds a spanning tree whose links are never given up (`ChunkLinker`), so every row
//     can be reached, whatever is inserted or deleted. Without: 163 of 60,000 rows were out of
//     reach.
//   5 All of a node's own lists are published before the first link back: a search that meets the
//     node on an upper level finds its way on.
//   6 Levels are drawn from (seed, ordinal): linking again after a crash repeats the draw.
//   7 One sorted array is the beam; the descent and each level start from the one nearest row.
//   8 Deletion is a mark at first. Deleted rows are traversed, are linked to only where live rows
//     do not fill a list, and are the first to leave one, until `GraphRepair` has taken them out.
//   9 The heuristic chooses from the 8 * efConstruction nearest rows that the search scored (1,600
//     at most), not from its beam alone: the far ones are scored already, and a region's links to
//     other regions are among them (so does Vamana, NeurIPS 2019, with all that it expanded).
//     200,000 x 256 in 2,000 clusters, 4-bit codes refined by 16-bit ones: efConstruction 60
//     reaches recall 0.992 at beam 32 instead of 0.906; from its beam alone it takes 200.
//  10 Up to 256 rows are linked at once, each knowing the graph before them and the rows before it
//     among them, so that threads do not change the result (prefix batches as in ParlayANN, PPoPP
//     2024, whose rows do not know each other). Of rows that lie in an order of space, one for 32
//     of the graph, in that order, each knowing the 256 before it and 128 others: its search meets
//     their rows and lists in the cache.

/// A hierarchical navigable small world graph that is searched while it grows.
///
/// Malkov & Yashunin, arXiv:1603.09320. Searches take no lock and see every list whole; rows are
/// linked by `GraphBuilder`; deletion is a mark.
// SAFETY: @unchecked Sendable: every stored property is immutable, atomic or a mutex.
package final class LiveGraph: @unchecked Sendable {
    /// Nodes per checkpoint block.
    package static let nodesPerBlock = LinkArena.nodesPerBlock

    /// M, efConstruction and seed.
    package let parameters: GraphParameters
    /// The most rows.
    package let capacity: Int

    let arena: LinkArena
    private let published = Atomic<Int>(0)
    private let deleted = Atomic<Int>(0)
    private let vacant = Atomic<Int>(0)
    /// 0 = empty, else (level + 1) in the high half, ordinal in the low half.
    private let entry = Atomic<UInt64>(0)
    /// Scratch of past insertions, kept for the next.
    // Not a Mutex: ThreadSanitizer does not see the one of Synchronization.
    private let idleBuildScratch = ReadWriteLock<[BuildScratchBox]>([])

    /// An empty graph with room for `capacity` rows; nil when the address space is refused.
    package init?(parameters: GraphParameters, capacity: Int) {
        precondition((1...Limits.itemsPerCollection).contains(capacity), "capacity out of limits")
        guard let arena = LinkArena(neighbours: parameters.neighbours, capacity: capacity) else {
            return nil
        }
        self.parameters = parameters
        self.capacity = capacity
        self.arena = arena
    }

    /// Slots: ordinals 0..<count, each with a row that is linked or being linked, or vacant.
    package var count: Int { published.load(ordering: .acquiring) }

    /// Rows marked deleted that lists still name: what is left to repair.
    package var deletedCount: Int { deleted.load(ordering: .acquiring) }

    /// Slots without a row.
    package var vacantCount: Int { vacant.load(ordering: .acquiring) }

    /// Rows that searches may return.
    package var liveCount: Int { count - deletedCount - vacantCount }

    /// Bytes behind the rows: links, upper lists, levels and marks.
    package var byteCount: Int {
        LinkArena.byteCount(
            count: count,
            neighbours: parameters.neighbours,
            upperListCount: arena.upperListCount
        )
    }

    /// What `byteCount` will be of a graph of `count` rows, before it is built: levels are drawn
    /// from seed and ordinal alone.
    package static func byteCount(count: Int, parameters: GraphParameters) -> Int {
        let levels = (0..<Ordinal(count)).reduce(0) { $0 + parameters.level(of: $1) }
        return LinkArena.byteCount(
            count: count,
            neighbours: parameters.neighbours,
            upperListCount: levels
        )
    }

    /// Where searches start; nil when the graph is empty.
    package var entryPoint: Ordinal? { entryAndLevel?.ordinal }

    /// The level of the entry point; nil when the graph is empty.
    package var levelMax: Int? { entryAndLevel?.level }

    /// The highest level of a row.
    package func level(of ordinal: Ordinal) -> Int { arena.level(of: ordinal) }

    /// Whether a slot has no row that searches may return: deleted, or vacant.
    package func isDeleted(_ ordinal: Ordinal) -> Bool { arena.isDeleted(ordinal) }

    /// Whether a slot has no row at all.
    package func isVacant(_ ordinal: Ordinal) -> Bool { arena.isVacant(ordinal) }

    /// Adds vacant slots up to `count`, within the capacity.
    package func extend(to count: Int) {
        precondition(count <= capacity, "the slots exceed the capacity")
        let first = self.count
        guard first < count else { return }
        for slot in Ordinal(first)..<Ordinal(count) {
            let level = parameters.level(of: slot)
            _ = arena.setLevel(level, marks: LinkArena.vacantBits, of: slot)
        }
        vacant.wrappingAdd(count - first, ordering: .acquiringAndReleasing)
        published.store(count, ordering: .releasing)
    }

    /// Lets vacant slots stand for rows that are about to be linked.
    func occupy(_ slots: [Ordinal]) {
        for slot in slots {
            precondition(Int(slot) < count && arena.isVacant(slot), "no vacant slot")
            arena.clearLists(of: slot)
            arena.occupy(slot)
        }
        vacant.wrappingSubtract(slots.count, ordering: .acquiringAndReleasing)
    }

    /// Makes slots vacant whose deleted rows no list names any more.
    ///
    /// Their own lists stay until the next row comes: a search may stand there.
    func vacate(_ slots: [Ordinal]) {
        for slot in slots { arena.markVacant(slot) }
        vacant.wrappingAdd(slots.count, ordering: .acquiringAndReleasing)
        deleted.wrappingSubtract(slots.count, ordering: .acquiringAndReleasing)
    }

    /// Takes a row out of all results at once; searches still pass through it.
    ///
    /// - Returns: false when there is no such row, or it was deleted before.
    package func delete(_ ordinal: Ordinal) -> Bool {
        guard Int(ordinal) < count, arena.markDeleted(ordinal) else { return false }
        deleted.wrappingAdd(1, ordering: .acquiringAndReleasing)
        return true
    }

    /// The links of a row on a level, as they were at one moment; for checks, not for searches.
    package func neighbours(of ordinal: Ordinal, level: Int = 0) -> [Ordinal] {
        list(of: ordinal, level: level).links.map(\.ordinal)
    }

    /// The links of a row on a level, the diverse ones first; none above its level.
    package func list(of ordinal: Ordinal, level: Int) -> (links: [Link], diverseCount: Int) {
        var links = [Link](
            repeating: Link(word: 0),
            count: parameters.degreeMax(level: level)
        )
        let state = arena.copy(ordinal, level: level, into: &links)
        links.removeLast(links.count - (state?.count ?? 0))
        return (links, state?.diverseCount ?? 0)
    }

    /// Takes a scratch for building out of the idle ones, or makes one.
    func takeBuildScratch() -> BuildScratchBox {
        idleBuildScratch.withWriteLock { $0.popLast() }
            ?? BuildScratchBox(neighbours: parameters.neighbours)
    }

    /// Keeps a scratch for the next insertion.
    func returnBuildScratch(_ box: BuildScratchBox) {
        idleBuildScratch.withWriteLock { $0.append(box) }
    }

    // MARK: State that building and restoring publish

    /// The entry point and its level, read together.
    var entryAndLevel: (ordinal: Ordinal, level: Int)? {
        let word = entry.load(ordering: .acquiring)
        return word == 0 ? nil : (Ordinal(truncatingIfNeeded: word), Int(word >> 32) - 1)
    }

    /// Makes a fully linked row the entry point.
    func setEntry(_ ordinal: Ordinal, level: Int) {
        entry.store(UInt64(level + 1) << 32 | UInt64(ordinal), ordering: .releasing)
    }

    /// Leaves the graph without an entry point: it has no row.
    func clearEntry() { entry.store(0, ordering: .releasing) }

    /// Publishes slots whose levels and marks are set.
    func publish(count: Int, deletedCount: Int, vacantCount: Int) {
        deleted.store(deletedCount, ordering: .releasing)
        vacant.store(vacantCount, ordering: .releasing)
        published.store(count, ordering: .releasing)
    }
}
