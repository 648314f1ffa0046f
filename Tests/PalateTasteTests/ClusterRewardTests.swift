import PalateModel
import PalateTaste
import TestKit
import Testing

@Suite struct ClusterRewardTests {
    /// Somebody who likes one item in each of three directions, the first most.
    private func person() -> UserRecord {
        var record = UserRecord()
        for (item, count) in [(1, 3), (2, 2), (3, 2)] as [(ItemID, Int)] {
            for _ in 0..<count {
                record.apply(
                    Event(user: 1, item: item, type: .save, timeMilliseconds: testNow),
                    settings: TasteSettings(),
                    similarity: apart
                )
            }
        }
        return record
    }

    /// Items are as their last digit says: alike or at right angles.
    private let apart: SimilarityList = { item, others, similarities in
        similarities = others.map { $0 % 10 == item % 10 ? 1 : 0 }
        return true
    }

    private func show(_ item: ItemID, _ count: Int, engages: Bool, in record: inout UserRecord) {
        for place in 0..<count {
            let shown = item + 10 * ItemID(place + 1)
            record.apply(
                Event(user: 1, item: shown, type: .impression, timeMilliseconds: testNow),
                settings: TasteSettings(),
                similarity: apart
            )
            guard engages else { continue }
            // A view is an act, and too faint to move importance past the others.
            record.apply(
                Event(user: 1, item: shown, type: .view, timeMilliseconds: testNow),
                settings: TasteSettings(),
                similarity: apart
            )
        }
    }

    private func order(_ record: UserRecord, reward: Float, at time: Int64 = testNow) -> [ItemID] {
        var settings = TasteSettings()
        settings.clusterReward = reward
        return record.rewardedMedoids(now: time, limit: 3, settings: settings).map { $0.item % 10 }
    }

    @Test func `interests whose results are acted on are searched first, new ones after them`() {
        var record = person()
        #expect(order(record, reward: 2) == [1, 2, 3])
        show(1, 20, engages: false, in: &record)
        show(2, 10, engages: true, in: &record)
        // The third was never shown: better than the first, of which nothing came.
        #expect(order(record, reward: 2) == [2, 3, 1])
        #expect(order(record, reward: 0) == [1, 2, 3])
        // Impressions fade, and what they taught with them.
        let lifts = ClusterReward.lifts(
            of: record.exposures,
            now: testNow + 60 * day,
            settings: TasteSettings()
        )
        #expect(lifts.allSatisfy { abs($0 - 1) < 1e-3 })
    }

    @Test func `lifts are the posterior mean over the person's own rate`() {
        var record = person()
        show(1, 12, engages: false, in: &record)
        show(2, 4, engages: true, in: &record)
        let lifts = ClusterReward.lifts(
            of: record.exposures,
            now: testNow,
            settings: TasteSettings()
        )
        let rate: Float = 5.0 / 18
        let wanted = [10 * rate / 22 / rate, (4 + 10 * rate) / 14 / rate, 1]
        let medoids = record.medoids(now: testNow, limit: 3, settings: TasteSettings())
        for medoid in medoids {
            let expected = wanted[Int(medoid.item % 10) - 1]
            #expect(agree(lifts[medoid.cluster], Float(expected)))
        }
    }

    @Test func `who was shown nothing, or nothing of an interest, is searched by importance`() {
        let none = ClusterReward.lifts(of: [], now: testNow, settings: TasteSettings())
        #expect(none == [Float](repeating: 1, count: TasteLimits.clustersPerUser))
        let record = person()
        for reward in [0, 1, 2, 10] as [Float] {
            #expect(order(record, reward: reward) == [1, 2, 3])
        }
    }
}
