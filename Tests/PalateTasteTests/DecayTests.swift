import Glibc
import PalateTaste
import TestKit
import Testing

@Suite struct DecayTests {
    @Test(arguments: [Float(3), 69, 180])
    func `a streamed sum equals the sum over all events, in any order`(halfLife: Float) {
        var generator = SeededGenerator(seed: testSeed())
        var times = (0..<200).map { _ in
            testNow - Int64.random(in: 0..<400 * day, using: &generator)
        }
        let exact = times.reduce(0.0) {
            $0 + exp2(-Double(testNow - $1) / Double(day) / Double(halfLife))
        }
        for _ in 0..<5 {
            times.shuffle(using: &generator)
            var sum = DecayedSum(timeMilliseconds: times[0])
            for time in times.dropFirst() {
                sum.add(timeMilliseconds: time, halfLifeDays: halfLife)
            }
            #expect(sum.timeMilliseconds == times.max())
            #expect(agree(sum.value(at: testNow, halfLifeDays: halfLife), Float(exact)))
        }
    }

    @Test func `half is left after one half-life and nothing fades at infinity`() {
        let sum = DecayedSum(timeMilliseconds: testNow)
        #expect(sum.value(at: testNow + 14 * day, halfLifeDays: 14) == 0.5)
        #expect(sum.value(at: testNow + 10_000 * day, halfLifeDays: .infinity) == 1)
    }

    @Test func `an event of the future counts in full`() {
        let sum = DecayedSum(timeMilliseconds: testNow + day)
        #expect(sum.value(at: testNow, halfLifeDays: 1) == 1)
    }

    @Test func `the ends of time do not overflow`() {
        var sum = DecayedSum(timeMilliseconds: .min)
        sum.add(timeMilliseconds: .max, halfLifeDays: 69)
        #expect(sum.mass == 1)
        sum.add(timeMilliseconds: .min, halfLifeDays: 69)
        #expect(sum.mass == 1)
        #expect(sum.value(at: .min, halfLifeDays: 69) == 1)
    }
}
