import PalateTaste
import TestKit
import Testing

@Suite struct ExplorationTests {
    /// Candidates whose novelty falls as relevance rises, more or less.
    struct Offer {
        var relevance: [Float]
        var novelty: [Float]
        /// Of diversity 0.
        var slate: [Int]

        init(_ count: Int, slate size: Int, using generator: inout SeededGenerator) {
            relevance = (0..<count).map { _ in Float.random(in: 0..<1, using: &generator) }
            novelty = relevance.map { min(max(0.8 - 0.6 * $0 + 0.1 * generator.normal(), 0), 1) }
            let relevance = relevance
            let order = (0..<count).sorted { relevance[$0] > relevance[$1] }
            slate = Array(order.prefix(size))
        }

        func explore(_ surprise: Float, seed: UInt64, pool: [Int]? = nil) -> [ExploredSlot] {
            ExplorationPlan(surprise: surprise).explore(
                slate,
                relevance: relevance.span,
                novelty: novelty.span,
                pool: pool,
                seed: seed
            )
        }
    }

    @Test func `the quota rises from none to half with surprise`() {
        for count in 0...21 {
            var last = 0
            for step in 0...20 {
                let plan = ExplorationPlan(surprise: Float(step) / 20)
                let explored = plan.exploredCount(of: count)
                #expect(explored >= last)
                last = explored
                if step == 0 { #expect(explored == 0) }
                if step > 0 && count > 1 { #expect(explored >= 1) }
            }
            #expect(last == count / 2)
        }
        #expect(ExplorationPlan(surprise: .nan).exploredCount(of: 10) == 0)
        #expect(ExplorationPlan(surprise: -1).exploredCount(of: 10) == 0)
        #expect(ExplorationPlan(surprise: 7).exploredCount(of: 10) == 5)
    }

    @Test func `explored places are spread evenly and never the first`() {
        for count in 2...40 {
            for explored in 1...count / 2 {
                let places = ExplorationPlan.places(explored: explored, of: count)
                #expect(places.count == explored)
                #expect(places.allSatisfy { $0 > 0 && $0 < count })
                for (one, next) in zip(places, places.dropFirst()) {
                    let gap = Double(next - one) - Double(count) / Double(explored)
                    #expect(gap.magnitude < 1)
                }
            }
        }
        #expect(ExplorationPlan.places(explored: 5, of: 10) == [1, 3, 5, 7, 9])
    }

    @Test(arguments: [Float(0), 0.1, 0.25, 0.5, 0.75, 1])
    func `the seed decides the explored slots and nothing else`(surprise: Float) {
        var generator = SeededGenerator(seed: testSeed())
        let offer = Offer(60, slate: 11, using: &generator)
        let plan = ExplorationPlan(surprise: surprise)
        let places = ExplorationPlan.places(explored: plan.exploredCount(of: 11), of: 11)
        let kept = offer.slate.prefix(11 - places.count)
        var seen: Set<[Int]> = []
        for seed in 0..<30 as Range<UInt64> {
            let slots = offer.explore(surprise, seed: seed)
            #expect(slots == offer.explore(surprise, seed: seed))
            #expect(slots.count == 11)
            #expect(Set(slots.map(\.candidate)).count == 11)
            #expect(slots.indices.filter { slots[$0].isExplored } == places)
            #expect(slots.filter { !$0.isExplored }.map(\.candidate) == Array(kept))
            #expect(slots.allSatisfy { $0.isExplored || $0.propensity == 1 })
            #expect(slots.allSatisfy { $0.propensity > 0 && $0.propensity <= 1 })
            seen.insert(slots.map(\.candidate))
        }
        #expect(surprise == 0 ? seen.count == 1 : seen.count > 3)
    }

    @Test func `over 3,000 seeds candidates are shown as often as their propensity says`() {
        var generator = SeededGenerator(seed: testSeed())
        let offer = Offer(20, slate: 6, using: &generator)
        var shown: [Int: (count: Int, propensity: Double)] = [:]
        let rounds = 3_000
        for seed in 0..<UInt64(rounds) {
            for slot in offer.explore(1, seed: seed) {
                let known = shown[slot.candidate]
                if let known { #expect(known.propensity == slot.propensity) }
                shown[slot.candidate] = ((known?.count ?? 0) + 1, slot.propensity)
            }
        }
        // Floors leave nobody out.
        #expect(shown.count == 20)
        #expect((shown.values.reduce(0) { $0 + $1.propensity } - 6).magnitude < 1e-9)
        for (count, propensity) in shown.values {
            let variance = Double(rounds) * propensity * (1 - propensity)
            let error = Double(count) - Double(rounds) * propensity
            #expect(error * error <= 30 * variance + 1e-9)
        }
    }

    @Test func `more surprise is more novelty on average`() {
        var generator = SeededGenerator(seed: testSeed())
        for size in [2, 9, 20] {
            let offer = Offer(150, slate: size, using: &generator)
            let surprises: [Float] = [0, 0.25, 0.5, 0.75, 1]
            let means = surprises.map { surprise in
                (0..<80 as Range<UInt64>).reduce(0.0) { sum, seed in
                    offer.explore(surprise, seed: seed).reduce(sum) {
                        $0 + Double(offer.novelty[$1.candidate])
                    }
                } / Double(80 * size)
            }
            #expect(means[4] > means[0] + 0.05)
            let expected = surprises.map { expectedNovelty(offer, $0) }
            for (less, more) in zip(expected, expected.dropFirst()) { #expect(more > less) }
            for (mean, exact) in zip(means, expected) { #expect((mean - exact).magnitude < 0.15) }
        }
    }

    /// Mean novelty by the probabilities themselves, without drawing.
    private func expectedNovelty(_ offer: Offer, _ surprise: Float) -> Double {
        let plan = ExplorationPlan(surprise: surprise)
        let explored = plan.exploredCount(of: offer.slate.count)
        let kept = offer.slate.dropLast(explored)
        let rest = offer.relevance.indices.filter { !kept.contains($0) }
        let weights = plan.weights(of: rest, offer.relevance.span, offer.novelty.span)
        let sample = SystematicSample(weights: weights, size: explored)
        let sum =
            kept.reduce(0.0) { $0 + Double(offer.novelty[$1]) }
            + rest.indices.reduce(0.0) {
                $0 + sample.probability(of: $1) * Double(offer.novelty[rest[$1]])
            }
        return sum / Double(offer.slate.count)
    }

    @Test func `weights are above 0 and within the floor of each other`() {
        let relevance: [Float] = [.nan, 1, 0.5, -.infinity, .infinity, 0]
        let novelty: [Float] = [1, 0, .nan, 1, 0.5, 2]
        for surprise in [0, 0.5, 1] as [Float] {
            let weights = ExplorationPlan(surprise: surprise)
                .weights(of: Array(0..<6), relevance.span, novelty.span)
            let largest = weights.max() ?? 0
            #expect(weights.allSatisfy { $0 >= 0.01 * largest && $0 > 0 && $0.isFinite })
        }
        let none = [Float](repeating: 0, count: 6)
        let equal = ExplorationPlan(surprise: 1).weights(of: [2, 4], none.span, none.span)
        #expect(equal[0] == equal[1] && equal[0] > 0)
    }

    @Test func `a short pool makes fewer explored slots`() {
        var generator = SeededGenerator(seed: testSeed())
        let offer = Offer(30, slate: 10, using: &generator)
        #expect(offer.explore(1, seed: 1, pool: []).count == 5)
        let spare = (0..<30).filter { !offer.slate.contains($0) }
        let slots = offer.explore(1, seed: 1, pool: Array(spare.prefix(2)))
        #expect(slots.count == 7)
        #expect(slots.filter(\.isExplored).allSatisfy { $0.propensity == 1 })
        var few = offer
        few.slate = []
        #expect(few.explore(1, seed: 3).isEmpty)
        few.slate = [4]
        #expect(few.explore(1, seed: 3).map(\.candidate) == [4])
    }

    @Test func `the recall of the greedy slate is estimated from explored ones`() {
        var generator = SeededGenerator(seed: testSeed())
        let offer = Offer(40, slate: 10, using: &generator)
        let greedy = Set(offer.slate)
        for surprise in [0.3, 1] as [Float] {
            var estimate = InversePropensity()
            var naive = 0.0
            var direct = 0.0
            let rounds = 2_000
            for _ in 0..<rounds {
                // What this visitor would click, whether shown or not.
                let liked = Set(
                    (0..<40).filter {
                        Float.random(in: 0..<1, using: &generator) < 0.5 * offer.relevance[$0]
                    }
                )
                let total = Double(max(liked.count, 1))
                let slots = offer.explore(surprise, seed: generator.next())
                estimate.add(slots, of: greedy) { liked.contains($0) ? 1 / total : 0 }
                direct += Double(greedy.intersection(liked).count) / total
                naive += Double(liked.intersection(slots.map(\.candidate)).count) / total
            }
            #expect(estimate.count == rounds)
            let error = (estimate.mean - direct / Double(rounds)).magnitude
            #expect(error < 5 * estimate.standardError)
            // An interval that says something: what was shown earned visibly less.
            if surprise == 1 {
                #expect(direct / Double(rounds) - naive / Double(rounds) > 0.02)
                #expect(estimate.standardError < 0.05)
            }
        }
    }

    @Test func `novelty is the distance to the nearest medoid, or to the frontier`() {
        let similarities: [Float] = [0.9, 0.2, -0.5, 0.1, 0.6, -0.2]
        let near = Novelty.fromMedoids(similarities.span, count: 3)
        for (value, expected) in zip(near, [0.1, 0.4, 1] as [Float]) {
            #expect((value - expected).magnitude < 1e-6)
        }
        #expect(Novelty.fromMedoids([Float]().span, count: 2) == [1, 1])
        #expect(Novelty.fromMedoids([Float]().span, count: 0).isEmpty)
        #expect(Novelty.fromMedoids([Float.nan, 2].span, count: 2) == [1, 0])
        let clusters: [Int32] = [0, 1, 2, -1]
        let engagements: [Float] = [4, 1, 0]
        #expect(
            Novelty.fromEngagement(clusters: clusters.span, engagements: engagements.span)
                == [0, 0.75, 1, 1]
        )
        #expect(
            Novelty.fromEngagement(clusters: clusters.span, engagements: [0, 0, 0].span)
                == [1, 1, 1, 1]
        )
    }
}
