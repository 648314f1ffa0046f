import PalateModel
import Synchronization

// The third unsafe file of this target: lists of which estimates tell the promising links, by the
// protocol of `LinkArena`.

extension LinkArena {
    /// Whether estimates hold for a node's level-0 list as it is.
    @inline(__always)
    func isEstimated(_ node: Ordinal) -> Bool {
        guard let list = unsafe list(node, 0) else { return false }
        // SAFETY: the header of a whole list.
        let header = unsafe list[0].load(ordering: .acquiring)
        return header & (Self.estimatedBit | Self.lockBit) == Self.estimatedBit
    }

    /// The header of a node's level-0 list that has links and no estimates; nil for others, and
    /// while one is written.
    func unestimatedHeader(_ node: Ordinal) -> UInt32? {
        guard let list = unsafe list(node, 0) else { return nil }
        // SAFETY: the header of a whole list.
        let header = unsafe list[0].load(ordering: .acquiring)
        let isTaken = header & (Self.estimatedBit | Self.lockBit) != 0
        return isTaken || header & 0xff == 0 ? nil : header
    }

    /// Says that no estimates hold for a node's level-0 list; where it is being written, none will.
    func forgetEstimates(_ node: Ordinal) {
        guard let list = unsafe list(node, 0) else { return }
        // SAFETY: the header of a whole list.
        let header = unsafe list[0].load(ordering: .acquiring)
        guard header & (Self.estimatedBit | Self.lockBit) == Self.estimatedBit else { return }
        _ = unsafe list[0].compareExchange(
            expected: header,
            desired: header & ~Self.estimatedBit,
            ordering: .acquiringAndReleasing
        )
    }

    /// Says that estimates hold for a node's level-0 list, unless it changed since `state`.
    ///
    /// - Returns: false when it did.
    func markEstimated(_ node: Ordinal, from state: ListState) -> Bool {
        guard let list = unsafe list(node, 0) else { return false }
        // SAFETY: the header of a whole list; releases the estimates to who sees the bit.
        return unsafe list[0].compareExchange(
            expected: state.header,
            desired: state.header | Self.estimatedBit,
            ordering: .acquiringAndReleasing
        ).exchanged
    }

    /// Marks and collects those of a node's promising neighbours that this search has not seen.
    ///
    /// The others are not marked: from another node they may look nearer. Where the list changes
    /// meanwhile, some of its rows are passed over once, unseen.
    ///
    /// - Parameters:
    ///   - node: whose level-0 list.
    ///   - promising: bit i: link i is.
    ///   - first: neighbours of other nodes that are there already.
    ///   - visited: rows beyond its limit are newer than the search and passed over.
    ///   - gathered: shape [`first` + `gatherMax`]; receives the neighbours.
    /// - Returns: rows there are.
    func gatherUnvisited(
        _ node: Ordinal,
        promising: UInt64,
        behind first: Int,
        visited: inout VisitedRows,
        into gathered: inout [Ordinal]
    ) -> Int {
        guard let list = unsafe list(node, 0) else { return first }
        precondition(gathered.count >= first + Self.gatherMax, "no room for the neighbours")
        let limit = visited.limit
        let degreeMax = degreeMax(0)
        return visited.mark(behind: first, of: &gathered) { words, rows in
            // SAFETY: `list` has degreeMax links behind its header; rows are below `limit` where
            // used as a position; there are at most 64.
            let count = min(Int(unsafe list[0].load(ordering: .acquiring) & 0xff), degreeMax)
            var left = count < 64 ? promising & (1 << UInt64(count) - 1) : promising
            var found = first
            while left != 0 {
                let word = unsafe list[left.trailingZeroBitCount + 1].load(ordering: .acquiring)
                left &= left - 1
                let row = Link(word: word).ordinal
                guard Int(row) < limit else { continue }
                let bit = UInt64(1) << UInt64(row & 63)
                let seen = unsafe words[unchecked: Int(row >> 6)]
                unsafe words[unchecked: Int(row >> 6)] = seen | bit
                unsafe rows[unchecked: found] = row
                found += seen & bit == 0 ? 1 : 0
            }
            return found
        }
    }
}
