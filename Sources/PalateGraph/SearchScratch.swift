package import PalateModel

/// Everything one search writes: leased, reused, and never allocated for after the first queries.
///
/// Marks are epoch numbers, so starting a search clears nothing; when the 16 bits run out, once in
/// 65,535 searches, the array is zeroed.
package struct SearchScratch: ~Copyable, Sendable {
    /// Shape [>= count of the graph]: visited in this search where equal to `epoch`.
    var visited: [UInt16] = []
    /// The running search.
    var epoch: UInt16 = 0
    /// The beam.
    var pool = CandidatePool()
    /// Ineligible candidates of a gated search.
    var frontier = FrontierHeap()
    /// One adjacency list, scored.
    var list = ScoredList()
    /// The results of the last search.
    var results: [Hit] = []
    /// Rows kept out of the results.
    private(set) var exclusions = Exclusions()
    /// Rows scored by the last search.
    package internal(set) var visitedCount = 0

    /// An empty scratch; it grows to the graphs it is used on.
    package init() {}

    /// Results of the last search.
    package var count: Int { results.count }

    /// The result at `position`, nearest first.
    package func hit(_ position: Int) -> Hit { results[position] }

    /// The results of the last search, nearest first.
    package var hits: Span<Hit> {
        @_lifetime(borrow self)
        get { results.span }
    }

    /// Rows excluded now.
    package var exclusionCount: Int { exclusions.count }

    /// Makes every row eligible again.
    package mutating func clearExclusions() { exclusions.removeAll() }

    /// Keeps a row out of the results of the following searches; it is still traversed.
    package mutating func exclude(_ ordinal: Ordinal) { exclusions.insert(ordinal) }

    /// Whether `exclude` was called for the row since the last `clearExclusions`.
    package func isExcluded(_ ordinal: Ordinal) -> Bool { exclusions.contains(ordinal) }

    /// Forgets the visited rows and makes room for marks of `count` rows.
    mutating func beginVisit(count: Int) {
        if visited.count < count {
            visited = [UInt16](repeating: 0, count: max(count + count / 4, 1_024))
            epoch = 0
        }
        if epoch == .max {
            for position in visited.indices { visited[position] = 0 }
            epoch = 0
        }
        epoch += 1
    }

    /// Marks a row visited; false when it was, or when it is newer than this search.
    mutating func visit(_ ordinal: Ordinal) -> Bool {
        guard Int(ordinal) < visited.count, visited[Int(ordinal)] != epoch else { return false }
        visited[Int(ordinal)] = epoch
        return true
    }
}
