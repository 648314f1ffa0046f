import PalateTaste
import TestKit
import Testing

@Suite struct ClusterRewardTests {
    private static let prior = RewardPrior(rate: 0.1, strength: 10)

    private func counter(_ impressions: Float, _ engagements: Float) -> ClusterCounter {
        ClusterCounter(
            impressions: impressions,
            engagements: engagements,
            timeMilliseconds: testNow
        )
    }

    @Test func `a cluster without record has the prior mean`() {
        let none = ClusterReward.mean(ClusterCounter(), prior: Self.prior, now: testNow)
        #expect((none - 0.1).magnitude < 1e-9)
        let good = ClusterReward.mean(counter(90, 39), prior: Self.prior, now: testNow)
        #expect((good - 0.4).magnitude < 1e-6)
        // Engagements beyond the impressions are believed, misses are not invented.
        let odd = ClusterReward.mean(counter(1, 11), prior: Self.prior, now: testNow)
        #expect((odd - 12.0 / 21).magnitude < 1e-6)
        for rate in [-1, 0, 2, .nan] as [Double] {
            let mean = ClusterReward.mean(
                ClusterCounter(),
                prior: RewardPrior(rate: rate),
                now: testNow
            )
            #expect(mean > 0 && mean < 1)
        }
    }

    @Test(arguments: [(0, 0), (3, 1), (200, 150)] as [(Float, Float)])
    func `drawn rates have the mean and spread of the posterior`(shown: Float, engaged: Float) {
        let record = counter(shown, engaged)
        let base = testSeed()
        let rounds = 3_000
        let rates = (0..<UInt64(rounds)).map {
            ClusterReward.sample(record, prior: Self.prior, now: testNow, seed: base &+ $0)
        }
        #expect(rates.allSatisfy { $0 >= 0 && $0 <= 1 })
        let mean = ClusterReward.mean(record, prior: Self.prior, now: testNow)
        let shapes = 10 + Double(max(shown, engaged))
        let variance = mean * (1 - mean) / (shapes + 1)
        let drawn = rates.reduce(0, +) / Double(rounds)
        #expect((drawn - mean).magnitude < 5.5 * (variance / Double(rounds)).squareRoot())
        let spread = rates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rounds)
        #expect((spread / variance - 1).magnitude < 0.3)
        #expect(
            rates[0]
                == ClusterReward.sample(record, prior: Self.prior, now: testNow, seed: base)
        )
    }

    @Test func `counters fade by half in 14 days, whatever the order of arrival`() {
        var early = ClusterCounter()
        early.add(impressions: 4, engagements: 2, timeMilliseconds: testNow)
        early.add(impressions: 2, engagements: 0, timeMilliseconds: testNow + 14 * day)
        var late = ClusterCounter()
        late.add(impressions: 2, engagements: 0, timeMilliseconds: testNow + 14 * day)
        late.add(impressions: 4, engagements: 2, timeMilliseconds: testNow)
        #expect(early == late)
        #expect(early.impressions == 4 && early.engagements == 1)
        let faded = early.counts(at: testNow + 28 * day)
        #expect(faded.impressions == 2 && faded.engagements == 0.5)
        // The past has not faded yet.
        #expect(early.counts(at: 0).impressions == 4)
        let mean = ClusterReward.mean(early, prior: Self.prior, now: .max)
        #expect((mean - 0.1).magnitude < 1e-6)
        #expect(MemoryLayout<ClusterCounter>.size == 16)
    }

    @Test func `clusters are chosen by importance and reward, new ones included`() {
        let seed = testSeed()
        let offers = [
            ClusterOffer(importance: 1, counter: counter(100, 60)),
            ClusterOffer(importance: 1, counter: counter(100, 1)),
            ClusterOffer(importance: 1),
            ClusterOffer(importance: 9, counter: counter(100, 1)),
            ClusterOffer(importance: 0, counter: counter(100, 90)),
        ]
        var counts = [Int](repeating: 0, count: 5)
        for round in 0..<1_000 as Range<UInt64> {
            let chosen = ClusterReward.choose(
                2,
                of: offers,
                prior: Self.prior,
                now: testNow,
                seed: seed &+ round
            )
            #expect(chosen.count == 2)
            #expect(Set(chosen.map(\.cluster)).count == 2)
            #expect(chosen.allSatisfy { $0.probability > 0 && $0.probability <= 1 })
            #expect(chosen[0].probability >= chosen[1].probability)
            for one in chosen { counts[one.cluster] += 1 }
        }
        #expect(counts[0] > 900)
        #expect(counts[4] == 0)
        #expect(counts[2] > counts[1])
        #expect(counts[3] > counts[1])
        #expect(counts[1] > 0)
    }

    @Test func `as many clusters are chosen as there are`() {
        let offers = (0..<3).map { ClusterOffer(importance: Float($0)) }
        for size in [-1, 0, 1, 3, 9] {
            let chosen = ClusterReward.choose(
                size,
                of: offers,
                prior: Self.prior,
                now: testNow,
                seed: 4
            )
            #expect(chosen.count == max(0, min(size, 3)))
        }
        #expect(
            ClusterReward.choose(2, of: [], prior: Self.prior, now: testNow, seed: 4).isEmpty
        )
    }
}
