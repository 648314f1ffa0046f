package import PalateModel

/// Everything one search writes: leased, reused, and never allocated for after the first queries.
package struct SearchScratch: ~Copyable, Sendable {
    /// Rows the running search has seen.
    var visited = VisitedRows()
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
    /// Rows that a filter lets back.
    var eligible = EligibleRows()
    /// Whether there is a filter.
    package private(set) var isFiltered = false
    /// Rows scored by the last search.
    package internal(set) var visitedCount = 0

    /// An empty scratch; it grows to the graphs it is used on.
    package init() {}

    /// Offers the first rows of the scored list to the beam.
    mutating func insertList(count: Int) { pool.insert(&list, count: count) }

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
    package mutating func exclude(_ ordinal: Ordinal) {
        exclusions.insert(ordinal)
        if isFiltered { eligible.remove(ordinal) }
    }

    /// Lets only some rows into the results of the following filtered searches.
    ///
    /// - Parameters:
    ///   - count: how many they are.
    ///   - write: makes the words hold a bit per row; rows beyond them are not eligible.
    package mutating func setEligible(count: Int, _ write: (inout [UInt64]) -> Void) {
        write(&eligible.words)
        eligible.count = count
        isFiltered = true
    }

    /// Forgets the filter.
    package mutating func clearEligible() { isFiltered = false }

    /// Whether `exclude` was called for the row since the last `clearExclusions`.
    package func isExcluded(_ ordinal: Ordinal) -> Bool { exclusions.contains(ordinal) }
}
