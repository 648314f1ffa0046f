import PalateGraph
import PalateModel
import TestKit
import Testing

/// The oracle takes newcomers by the rules, with sets and sorting.
@Suite struct LinkOfferTests {
    @Test(arguments: [2, 5], [0, 40])
    func `takes several newcomers as it takes one after another`(
        neighbours: Int,
        deleted: Int
    ) throws {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        let fixtures = try (0..<2).map { _ in
            try Fixture(count: 400, neighbours: neighbours, buildBeamWidth: 30, seed: seed)
        }
        let gone = (0..<Ordinal(400)).shuffled(using: &generator).prefix(deleted)
        for fixture in fixtures {
            fixture.linkAll()
            for row in gone { _ = fixture.graph.delete(row) }
        }
        let (together, apart) = (fixtures[0], fixtures[1])
        let scorer = FloatPairScorer(together.rows)
        var offer = LinkOffer(neighbours: neighbours)
        for _ in 0..<300 {
            let owner = Ordinal.random(in: 0..<400, using: &generator)
            let live = (0..<400).filter {
                $0 != Int(owner) && !together.graph.isDeleted(Ordinal($0))
            }
            let rows = live.shuffled(using: &generator)
                .prefix(Int.random(in: 1...6, using: &generator))
            let newcomers = rows.map { row in
                let distance = together.distance(Int(owner), row)
                return Newcomer(link: Link(Ordinal(row), isTree: false), distance: distance)
            }
            var expected = OfferOracle(owner, together)
            for row in rows { expected.take(row) }

            let isHeld = offer.offer(newcomers, to: owner, level: 0, in: together.graph, scorer)
            for newcomer in newcomers {
                _ = offer.offer([newcomer], to: owner, level: 0, in: apart.graph, scorer)
            }
            let list = together.graph.list(of: owner, level: 0)
            #expect(list == apart.graph.list(of: owner, level: 0))
            let found = list.links.map { Int($0.ordinal) }
            #expect(Set(found.prefix(list.diverseCount)) == Set(expected.diverse))
            #expect(Set(found) == Set(expected.diverse + expected.fillers))
            #expect(isHeld == rows.last.map { found.contains($0) })
        }
        #expect(GraphInvariants.check(together.graph) == [])
    }
}

/// One list, and the rules by which it takes a row.
private struct OfferOracle {
    let owner: Int
    let fixture: Fixture
    let tree: Set<Int>
    var diverse: [Int]
    var fillers: [Int]

    init(_ owner: Ordinal, _ fixture: Fixture) {
        let (links, diverseCount) = fixture.graph.list(of: owner, level: 0)
        self.owner = Int(owner)
        self.fixture = fixture
        tree = Set(links.filter(\.isTree).map { Int($0.ordinal) })
        diverse = links.prefix(diverseCount).map { Int($0.ordinal) }
        fillers = links.dropFirst(diverseCount).map { Int($0.ordinal) }
    }

    mutating func take(_ row: Int) {
        guard !(diverse + fillers).contains(row) else { return }
        let before = (diverse, fillers)
        let distance = fixture.distance(owner, row)
        let isHidden = diverse.contains { other in
            fixture.distance(owner, other) <= distance && fixture.distance(row, other) <= distance
        }
        if isHidden {
            fillers.append(row)
        } else {
            let hidden = diverse.filter { other in
                let own = fixture.distance(owner, other)
                return distance < own && fixture.distance(row, other) <= own
            }
            diverse.removeAll { hidden.contains($0) }
            fillers += hidden
            diverse.append(row)
        }
        guard diverse.count + fillers.count > 2 * fixture.graph.parameters.neighbours else {
            return
        }
        let free = (fillers + diverse).filter { !tree.contains($0) }
        let leaving = free.max { rank($0) < rank($1) }
        if leaving == row {
            (diverse, fillers) = before
        } else {
            diverse.removeAll { $0 == leaving }
            fillers.removeAll { $0 == leaving }
        }
    }

    /// Deleted before live, fillers before diverse, then the farthest: who is last leaves.
    private func rank(_ row: Int) -> (Int, Int, Float, Int) {
        (
            fixture.graph.isDeleted(Ordinal(row)) ? 1 : 0, fillers.contains(row) ? 1 : 0,
            fixture.distance(owner, row), row
        )
    }
}

extension Fixture {
    /// Between two rows, as the scorer has it.
    fileprivate func distance(_ left: Int, _ right: Int) -> Float {
        var distances: [Float] = [0]
        var span = distances.mutableSpan
        FloatPairScorer(rows).score(from: Ordinal(left), to: [Ordinal(right)].span, into: &span)
        return distances[0]
    }
}
