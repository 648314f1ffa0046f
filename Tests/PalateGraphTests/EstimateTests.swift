import PalateGraph
import PalateModel
import Synchronization
import TestKit
import Testing

/// Searches that pass over rows by what is kept beside lists.
@Suite struct EstimateTests {
    /// What scorers ask about links.
    private final class Asked: Sendable {
        let nodes = Mutex<Set<Ordinal>>([])
    }

    /// The distances of `FloatScorer`; of links, which are within the bound, exactly.
    private struct OracleScorer: Scorer {
        let base: FloatScorer
        let links: [[Ordinal]]
        let asked: Asked

        var knowsLinks: Bool { true }

        func score(_ ordinals: Span<Ordinal>, into distances: inout MutableSpan<Float>) {
            base.score(ordinals, into: &distances)
        }

        func promisingLinks(of node: Ordinal, at _: Float, within bound: Float) -> UInt64 {
            asked.nodes.withLock { _ = $0.insert(node) }
            var promising: UInt64 = 0
            let list = links[Int(node)]
            var distances = [Float](repeating: 0, count: list.count)
            var span = distances.mutableSpan
            score(list.span, into: &span)
            for (position, distance) in distances.enumerated() where distance <= bound {
                promising |= 1 << UInt64(position)
            }
            return promising
        }
    }

    private func hits(_ scratch: borrowing SearchScratch) -> [Hit] {
        (0..<scratch.count).map { scratch.hit($0) }
    }

    /// Makes estimates of the graph's lists: the lists themselves.
    private func estimate(_ graph: LiveGraph, threads: Int) -> [[Ordinal]] {
        let lists = Mutex([[Ordinal]](repeating: [], count: graph.count))
        graph.estimateLinks(threads: threads, makeScratch: { 0 }) { node, links, made in
            made += 1
            let list = links.indices.map { links[$0] }
            lists.withLock { $0[Int(node)] = list }
        }
        return lists.withLock { $0 }
    }

    @Test(arguments: [1, 3], [2, 8, 32])
    func `are made for every list as it is`(threads: Int, neighbours: Int) throws {
        let fixture = try Fixture(count: 1_500, neighbours: neighbours, seed: testSeed())
        fixture.linkAll()
        let lists = estimate(fixture.graph, threads: threads)
        #expect(lists == (0..<1_500).map { fixture.graph.neighbours(of: $0) })
    }

    @Test(arguments: [0.0, 0.3], [8, 32])
    func `that are exact lose two results in a hundred at most, and fewer rows are scored`(
        deleted: Double,
        neighbours: Int
    ) throws {
        let fixture = try Fixture(count: 3_000, neighbours: neighbours, seed: testSeed())
        fixture.linkAll()
        var generator = SeededGenerator(seed: testSeed())
        for row in 0..<Ordinal(3_000) where Double.random(in: 0..<1, using: &generator) < deleted {
            _ = fixture.graph.delete(row)
        }
        let links = estimate(fixture.graph, threads: 1)
        var plain = SearchScratch()
        var sketched = SearchScratch()
        var (all, promising, found, expected) = (0, 0, 0, 0)
        for query in fixture.queries {
            for (beam, kept) in [(10, 0), (40, 0), (5, 10)] {
                let base = FloatScorer(fixture.rows, query)
                fixture.graph.search(base, beamWidth: beam, keeping: kept, scratch: &plain)
                fixture.graph.search(
                    OracleScorer(base: base, links: links, asked: Asked()),
                    beamWidth: beam,
                    keeping: kept,
                    scratch: &sketched
                )
                // Lists are followed in another order where few of their rows are promising.
                let nearest = Set(hits(plain).map(\.ordinal))
                expected += nearest.count
                found += hits(sketched).filter { nearest.contains($0.ordinal) }.count
                #expect(sketched.count == plain.count)
                all += plain.visitedCount
                promising += sketched.visitedCount
            }
        }
        print("rows scored: \(promising) of \(all), \(found) of \(expected) found")
        #expect(Double(found) >= 0.98 * Double(expected))
        #expect(promising < all * 9 / 10)
    }

    @Test func `end where a list is written again, and the list is searched whole`() throws {
        let fixture = try Fixture(count: 1_200, seed: testSeed())
        fixture.link(upTo: 1_000)
        let before = (0..<Ordinal(1_000)).map { fixture.graph.neighbours(of: $0) }
        let links = estimate(fixture.graph, threads: 1)
        fixture.linkAll()
        let changed = (0..<Ordinal(1_200)).filter {
            $0 >= 1_000 || fixture.graph.neighbours(of: $0) != before[Int($0)]
        }
        #expect(changed.count > 250)
        let asked = Asked()
        var plain = SearchScratch()
        var sketched = SearchScratch()
        var (found, expected) = (0, 0)
        for query in fixture.queries {
            let base = FloatScorer(fixture.rows, query)
            fixture.graph.search(base, beamWidth: 30, scratch: &plain)
            let oracle = OracleScorer(base: base, links: links, asked: asked)
            fixture.graph.search(oracle, beamWidth: 30, scratch: &sketched)
            let nearest = Set(hits(plain).map(\.ordinal))
            found += hits(sketched).filter { nearest.contains($0.ordinal) }.count
            expected += nearest.count
        }
        #expect(Double(found) >= 0.98 * Double(expected))
        let nodes = asked.nodes.withLock { $0 }
        #expect(!nodes.isEmpty)
        #expect(nodes.isDisjoint(with: changed))
    }
}
