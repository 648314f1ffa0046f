import Glibc
import PalateModel
import PalateTaste
import TestKit
import Testing

@Suite struct ExperimentTests {
    @Test func `everybody has one arm for good, in the shares of the experiment`() throws {
        let arms = [NamedNumber("a", 1), NamedNumber("b", 3), NamedNumber("c", 6)]
        let experiment = try Experiment(name: "feed", arms: arms)
        let again = try Experiment(name: "feed", arms: arms)
        let people = 20_000
        var counts: [String: Int] = [:]
        for user in 0..<UInt64(people) {
            let arm = experiment.arm(of: user)
            #expect(again.arm(of: user) == arm)
            counts[arm, default: 0] += 1
        }
        for arm in arms {
            let share = arm.value / 10
            let reach = 5 * (share * (1 - share) / Double(people)).squareRoot()
            let got = Double(counts[arm.name, default: 0]) / Double(people)
            #expect(abs(got - share) < reach, "\(arm.name): \(got)")
        }
        // The hash is part of the promise: the same people after every upgrade.
        #expect((0..<8).map { experiment.arm(of: $0) }.joined() == Self.firstArms)
    }

    /// Arms of users 0 to 7 of the experiment above.
    private static let firstArms = "cbcbcccb"

    @Test func `experiments split independently of each other`() throws {
        let halves = [NamedNumber("a", 1), NamedNumber("b", 1)]
        let one = try Experiment(name: "one", arms: halves)
        let other = try Experiment(name: "other", arms: halves)
        let both = (0..<10_000).count { one.arm(of: $0) == "a" && other.arm(of: $0) == "a" }
        #expect(abs(both - 2_500) < 250)
    }

    @Test func `arms that cannot be are refused by name`() {
        #expect(throws: RequestError.self) { try Experiment(name: "x", arms: []) }
        for share in [0, -1, .nan, .infinity] as [Double] {
            #expect(throws: RequestError.self) {
                try Experiment(name: "x", arms: [NamedNumber("a", share)])
            }
        }
        let many = (0..<17).map { NamedNumber("p\($0)", 1) }
        #expect(
            throws: RequestError.outOfRange(
                field: "arms of experiment x",
                got: 17,
                expected: Experiment.armsRange
            )
        ) { try Experiment(name: "x", arms: many) }
    }
}

@Suite struct GaugeTests {
    private func event(_ user: UserID, _ item: ItemID, _ type: EventType, _ time: Int64) -> Event {
        Event(user: user, item: item, type: type, timeMilliseconds: time)
    }

    private func figures(
        _ gauges: EngagementGauges,
        _ profile: String
    ) throws -> EngagementGauges.Figures {
        try #require(gauges.figures.first { $0.profile == profile }).figures
    }

    @Test func `impressions and what follows count for the profile that made the list`() throws {
        var gauges = EngagementGauges()
        let hour: Int64 = 3_600_000
        // Before any list nothing counts.
        gauges.count(event(1, 5, .impression, testNow))
        #expect(gauges.figures.isEmpty)
        gauges.serve(1, by: "a", at: testNow)
        gauges.serve(2, by: "b", at: testNow)
        for item in 0..<10 as Range<ItemID> {
            gauges.count(event(1, item, .impression, testNow + 1))
            gauges.count(event(2, item, .impression, testNow + 2))
        }
        gauges.count(event(1, 3, .save, testNow + hour))
        gauges.count(event(1, 3, .save, testNow + 2 * hour))
        gauges.count(event(1, 3, .purchase, testNow + 2 * hour))
        gauges.count(event(2, 4, .save, testNow + 25 * hour))
        gauges.count(event(2, 77, .save, testNow + hour))
        gauges.count(event(3, 3, .save, testNow + hour))
        // A later list by another profile takes over what is shown from then on.
        gauges.serve(1, by: "b", at: testNow + 3 * hour)
        gauges.count(event(1, 50, .impression, testNow + 3 * hour))
        gauges.count(event(1, 51, .impression, testNow + 5 * hour))
        gauges.count(event(1, 50, .save, testNow + 3 * hour))
        let (a, b) = (try figures(gauges, "a"), try figures(gauges, "b"))
        #expect(a.lists == 1 && a.impressions == 10)
        #expect(a.engagements[Int(EventType.save.rawValue)] == 1)
        #expect(a.engagements[Int(EventType.purchase.rawValue)] == 1)
        #expect(b.lists == 2 && b.impressions == 11)
        #expect(b.engagements[Int(EventType.save.rawValue)] == 1)
        #expect(b.engagements.reduce(0, +) == 1)
    }

    @Test func `somebody who is forgotten is not remembered, and stays counted`() throws {
        var gauges = EngagementGauges()
        gauges.serve(1, by: "a", at: testNow)
        gauges.count(event(1, 5, .impression, testNow))
        gauges.forget(1)
        gauges.count(event(1, 6, .impression, testNow))
        gauges.count(event(1, 5, .save, testNow))
        let figures = try figures(gauges, "a")
        #expect(figures.impressions == 1)
        #expect(figures.engagements.allSatisfy { $0 == 0 })
    }

    @Test func `profiles beyond the limit are not counted`() {
        var gauges = EngagementGauges()
        for number in 0..<100 { gauges.serve(1, by: "p\(number)", at: testNow) }
        #expect(gauges.figures.count == EngagementGauges.profilesMax)
        gauges.count(event(1, 1, .impression, testNow))
        #expect(gauges.figures.last?.figures.impressions == 1)
    }

    @Test(arguments: [(0, 0), (0, 50), (50, 50), (7, 90), (600, 1_000)] as [(UInt64, UInt64)])
    func `intervals are Wilson's: their ends are where the share is just not surprising`(
        successes: UInt64,
        tries: UInt64
    ) {
        let interval = RateInterval(successes: successes, of: tries)
        guard tries > 0 else {
            #expect(interval.rate == 0 && interval.low == 0 && interval.high == 0)
            return
        }
        let share = Double(successes) / Double(tries)
        #expect(interval.rate == share)
        #expect(interval.low <= share && share <= interval.high)
        for end in [interval.low, interval.high] where end > 0 && end < 1 && end != share {
            let deviation = (end * (1 - end) / Double(tries)).squareRoot()
            #expect(abs(abs(share - end) / deviation - 1.959964) < 1e-6)
        }
    }

    @Test func `slates are means over lists and shares of results`() {
        var slates = SlateGauges()
        #expect(slates.diversity == 0 && slates.headShare == 0)
        slates.add(distance: 0.2, results: 20, headResults: 5)
        slates.add(distance: 0.4, results: 10, headResults: 1)
        slates.add(distance: .nan, results: 0, headResults: 0)
        #expect(abs(slates.diversity - 0.2) < 1e-6)
        #expect(slates.headShare == 0.2)
    }
}

@Suite struct ValueInterestTests {
    /// The formula as it is written, over all pairs of values.
    private func naive(_ masses: [String: Float], _ value: String, _ spread: Float) -> Float {
        func parent(_ path: String) -> String? {
            let steps = path.split(separator: "/", omittingEmptySubsequences: false)
            return steps.count > 1 ? steps.dropLast().joined(separator: "/") : nil
        }
        return masses.reduce(0) { sum, other in
            let factor: Float =
                if other.key == value {
                    1
                } else if parent(other.key) == value || parent(value) == other.key {
                    spread
                } else if let above = parent(value), above == parent(other.key) {
                    spread * spread
                } else {
                    0
                }
            return sum + factor * other.value
        }
    }

    @Test(arguments: [Float(0), 0.3, 1])
    func `affinities go to parents, children and siblings`(spread: Float) {
        var generator = SeededGenerator(seed: testSeed())
        let names = ["home", "garden", "roses", "tulips", "é"]
        let values = (0..<60).map { _ in
            (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                names[Int.random(in: 0..<names.count, using: &generator)]
            }.joined(separator: "/")
        }
        var interests = ValueInterests(spread: spread)
        #expect(interests.isEmpty)
        var masses: [String: Float] = [:]
        for value in values.prefix(30) {
            let mass = Float.random(in: 0.1...4, using: &generator)
            interests.add(value, mass: mass)
            masses[value, default: 0] += mass
        }
        for value in values + ["", "/", "home/", "nothing"] {
            #expect(agree(interests.affinity(to: value), naive(masses, value, spread)), "\(value)")
        }
    }
}
