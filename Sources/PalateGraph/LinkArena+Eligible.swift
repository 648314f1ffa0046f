import PalateModel
import Synchronization

// The other unsafe file of this target: lists read for a filtered search, by the protocol of
// `LinkArena`.

/// Rows that a filter lets back, a bit each; and a buffer for those it does not.
struct EligibleRows: ~Copyable, Sendable {
    /// Shape [rows / 64, rounded up]; bits of rows beyond are 0.
    var words: [UInt64] = []
    /// Rows, before any was removed.
    var count = 0
    /// Neighbours that are not eligible, of the node being followed.
    var passed: [Ordinal] = Array(repeating: 0, count: LinkArena.gatherMax)
    var passedCount = 0

    /// Whether a row may come back.
    @inline(__always)
    func contains(_ row: Ordinal) -> Bool {
        let word = Int(row >> 6)
        return word < words.count && words[word] >> UInt64(row & 63) & 1 != 0
    }

    /// Keeps a row out.
    mutating func remove(_ row: Ordinal) {
        let word = Int(row >> 6)
        if word < words.count { words[word] &= ~(1 << UInt64(row & 63)) }
    }
}

extension LinkArena {
    /// Marks and collects a node's eligible neighbours that this search has not seen.
    ///
    /// - Parameters:
    ///   - node: whose level-0 list.
    ///   - eligible: which rows count.
    ///   - visited: rows beyond its limit are newer than the search and passed over.
    ///   - first: rows that `gathered` holds already.
    ///   - gathered: shape [`gatherMax`]; receives the neighbours behind them.
    ///   - passed: receives neighbours not seen and not eligible, from its first place on.
    ///   - wantsPassed: whether anybody wants to know those.
    /// - Returns: rows in `gathered`, and rows in `passed`.
    func gatherEligible(
        _ node: Ordinal,
        among eligible: borrowing [UInt64],
        visited: inout VisitedRows,
        behind first: Int,
        into gathered: inout [Ordinal],
        passing passed: inout [Ordinal],
        wantsPassed: Bool
    ) -> (gathered: Int, passed: Int) {
        guard let list = unsafe list(node, 0) else { return (first, 0) }
        let degreeMax = degreeMax(0)
        guard first + degreeMax < gathered.count else { return (first, 0) }
        precondition(passed.count >= Self.gatherMax, "no room for the neighbours")
        let limit = min(visited.limit, eligible.count * 64)
        var passedCount = 0
        let bits = eligible.span
        var others = passed.mutableSpan
        let end = visited.mark(behind: first, of: &gathered) { words, rows in
            var found = first
            for attempt in 0..<Self.gatherAttempts {
                // SAFETY: `list` has degreeMax links behind its header; rows are below `limit`
                // where used as a position, which both sets of words reach; there is room for
                // degreeMax rows per attempt, and none where the attempt could not write all.
                guard attempt == 0 || found + degreeMax < rows.count else { break }
                let header = unsafe list[0].load(ordering: .acquiring)
                let count = min(Int(header & 0xff), degreeMax)
                var position = 1
                if attempt > 0 { passedCount = 0 }
                while position <= count {
                    let row = Link(word: unsafe list[position].load(ordering: .acquiring)).ordinal
                    position += 1
                    guard Int(row) < limit else { continue }
                    let place = Int(row >> 6)
                    let bit = UInt64(1) << UInt64(row & 63)
                    let seen = unsafe words[unchecked: place]
                    guard seen & bit == 0 else { continue }
                    if unsafe bits[unchecked: place] & bit != 0 {
                        unsafe words[unchecked: place] = seen | bit
                        unsafe rows[unchecked: found] = row
                        found += 1
                    } else if wantsPassed {
                        unsafe others[unchecked: passedCount] = row
                        passedCount += 1
                    }
                }
                let after = unsafe list[0].load(ordering: .relaxed)
                if after == header, header & Self.lockBit == 0 { break }
            }
            return found
        }
        return (end, passedCount)
    }
}
