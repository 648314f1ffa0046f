import PalateFields
import PalateModel
import TestKit
import Testing

@Suite struct FilterMeaningTests {
    /// Rows, filters, and whether bins are cut anew after the churn.
    private static let sizes: [(rows: Int, filters: Int, settles: Bool)] = [
        (0, 200, true), (1, 800, false), (65, 5_000, true), (130, 3_600, false),
        (2_100, isOptimisedBuild ? 1_000 : 300, true), (2_100, 100, false),
        (isOptimisedBuild ? 70_000 : 66_000, isOptimisedBuild ? 200 : 3, true),
        (isOptimisedBuild ? 70_000 : 3_000, isOptimisedBuild ? 200 : 20, false),
    ]

    private func matches(_ filter: Filter, _ filtered: FilteredTable) -> RowSet {
        filtered.table.matches(filter) { items in RowSet(items.map { Ordinal($0) }) }
    }

    private func members(_ rows: RowSet) -> [Ordinal] {
        var members: [Ordinal] = []
        rows.forEach { members.append($0) }
        return members
    }

    @Test(arguments: sizes)
    func `ten thousand filters of all forms agree with a naive evaluator`(
        size: (rows: Int, filters: Int, settles: Bool)
    ) async throws {
        let seed = testSeed()
        var filtered = FilteredTable(rows: size.rows, seed: seed)
        if size.rows > 0 { filtered.churn(min(size.rows * 3 / 2, 6_000), settles: size.settles) }
        var random = RandomFilters(seed: seed ^ 1)
        let rows = filtered.rows.sorted { $0.key < $1.key }
        for index in 0..<size.filters {
            // Others wait for the threads that tests share.
            if index % 64 == 0 || size.rows > 10_000 { await Task.yield() }
            let filter = random.filter()
            try filtered.table.check(filter)
            let expected = rows.filter { RandomFilters.holds(filter, $0.key, $0.value) }.map(\.key)
            #expect(members(matches(filter, filtered)) == expected, "\(filter)")
        }
    }

    @Test(arguments: [1, 64, 700, 2_100], [false, true])
    func `filters of one meaning find the same rows`(rows: Int, settles: Bool) async {
        let seed = testSeed()
        var filtered = FilteredTable(rows: rows, seed: seed)
        filtered.churn(rows, settles: settles)
        var random = RandomFilters(seed: seed ^ 2)
        for index in 0..<(isOptimisedBuild ? 300 : 60) {
            if index % 64 == 0 { await Task.yield() }
            let (one, other) = (random.filter(depth: 2), random.filter(depth: 2))
            let same: [[Filter]] = [
                [one, .not(.not(one)), .and([one]), .or([one]), .and([one, .all, one])],
                [.not(.and([one, other])), .or([.not(one), .not(other)])],
                [.not(.or([one, other])), .and([.not(one), .not(other)])],
                [.and([one, .not(other)]), .not(.or([.not(one), other]))],
                [.all, .or([one, .not(one)]), .and([])],
                [.or([]), .and([one, .not(one)]), .not(.all)],
            ]
            for filters in same {
                let sets = filters.map { matches($0, filtered) }
                #expect(sets.allSatisfy { $0 == sets[0] }, "\(filters)")
            }
        }
    }

    @Test(arguments: [64, 1_100, isOptimisedBuild ? 5_000 : 1_500], [false, true])
    func `ranges, lists and alternatives of numbers find the same rows`(
        rows: Int,
        settles: Bool
    ) {
        let seed = testSeed()
        var filtered = FilteredTable(rows: rows, seed: seed)
        filtered.churn(rows, settles: settles)
        var random = RandomFilters(seed: seed ^ 3)
        for _ in 0..<(isOptimisedBuild ? 50 : 8) {
            let low = Int64(random.draw(40)) - 20
            let high = low + Int64(random.draw(30))
            for id: FieldID in [3, 6] {
                let numbers = Array(low...high)
                let parts: [Filter] = [
                    .field(id, .integerRange(low...high)), .field(id, .integers(numbers)),
                    .field(id, .integers(numbers.reversed() + numbers)),
                    .or(numbers.map { .field(id, .integers([$0])) }),
                    .or(numbers.map { .field(id, .integerRange($0...$0)) }),
                    .and([
                        .field(id, .integerRange(low...Int64.max)),
                        .field(id, .integerRange(Int64.min...high)),
                    ]),
                    .and([
                        .field(id, .exists), .not(.field(id, .integerRange(Int64.min...(low - 1)))),
                        .not(.field(id, .integerRange((high + 1)...Int64.max))),
                    ]),
                ]
                let sets = parts.map { matches($0, filtered) }
                #expect(sets.allSatisfy { $0 == sets[0] }, "\(id): \(low)...\(high)")
            }
            let words = (0..<random.draw(4)).map { _ in
                FilteredTable.words[random.draw(FilteredTable.words.count)]
            }
            for id: FieldID in [1, 2] {
                let together = matches(.field(id, .keywords(words)), filtered)
                let apart = matches(.or(words.map { .field(id, .keywords([$0])) }), filtered)
                #expect(together == apart, "\(words)")
            }
        }
    }
}
