import PalateIndex
import PalateModel
import PalateQuery
import TestKit
import Testing

/// The diversity knob through the whole pipeline.
@Suite struct SlateQueryTests {
    @Test(arguments: ["ssd", "mmr"])
    func `diversity 0 keeps the order of the scores and 1 spreads the list`(
        method: String
    ) throws {
        let fixture = try QueryFixture(count: 400)
        var (plain, spread) = (0.0, 0.0)
        for row in stride(from: 0, to: 400, by: 40) {
            var request = fixture.request([row], k: 10)
            request.diversity = DiversityRequest(diversity: 0, method: method, pool: 80)
            let byScore = try fixture.answer(request)
            request.diversity = nil
            request.beamWidth = 80
            #expect(try byScore.ids == fixture.answer(request).ids)
            request.diversity = DiversityRequest(diversity: 1, method: method, pool: 80)
            let diverse = try fixture.answer(request)
            #expect(Set(diverse.ids).count == 10)
            plain += fixture.spread(of: byScore.ids)
            spread += fixture.spread(of: diverse.ids)
        }
        #expect(spread > 1.1 * plain)
    }

    @Test(arguments: ["ssd", "mmr"])
    func `a slate comes from its pool and is full`(method: String) throws {
        let fixture = try QueryFixture(count: 200)
        var request = fixture.request([4], k: 30)
        let pool = try fixture.answer(request).ids
        for k in [1, 5, 30] {
            request.k = k
            request.diversity = DiversityRequest(diversity: 0.8, method: method, pool: 30)
            let slate = try fixture.answer(request).ids
            #expect(slate.count == k)
            #expect(Set(slate).count == k)
            #expect(Set(slate).isSubset(of: pool))
        }
    }

    @Test func `an unknown builder is refused with the names there are`() throws {
        let fixture = try QueryFixture(count: 20)
        var request = fixture.request([0], k: 3)
        request.diversity = DiversityRequest(diversity: 0.5, method: "nope")
        #expect {
            try fixture.answer(request)
        } throws: { error in
            guard
                case RequestError.unknownChoice(let field, let got, let expected) = error
            else { return false }
            return field == "diversity method" && got == "nope"
                && Set(expected).isSuperset(of: ["ssd", "mmr"])
        }
    }
}
