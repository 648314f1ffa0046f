import PalateIndex
import PalateModel
import PalateQuery
import TestKit
import Testing

/// What must not come back, and that enough comes back all the same.
@Suite struct ExclusionTests {
    @Test func `excluded and deleted items never come back and k results still do`() throws {
        var generator = SeededGenerator(seed: testSeed())
        let fixture = try QueryFixture(count: 240)
        var deleted: Set<ItemID> = []
        for _ in 0..<12 {
            let victims = Set((0..<8).map { _ in ItemID.random(in: 0..<240, using: &generator) })
            _ = try fixture.collection.writer.perform(.delete(victims.sorted()))
            deleted.formUnion(victims)
            let row = Int.random(in: 0..<240, using: &generator)
            let near = BruteForce.nearest(
                30,
                to: fixture.vectors[row],
                in: fixture.vectors,
                metric: "cosine"
            )
            // The nearest of all, strangers, and items that are deleted already.
            let excluded = near.map(ItemID.init) + [5_000, 6_000] + deleted.sorted()
            var request = fixture.request([row], k: 25)
            request.excluded = excluded
            let remaining = 240 - Set(excluded).union(deleted).filter { $0 < 240 }.count
            for (beam, rescored) in [(0, nil), (240, 240), (25, 0)] as [(Int, Int?)] {
                request.beamWidth = beam
                request.rescoreCount = rescored
                let ids = try fixture.answer(request).ids
                #expect(Set(ids).isDisjoint(with: excluded))
                #expect(Set(ids).isDisjoint(with: deleted))
                #expect(ids.count == min(25, remaining))
                #expect(Set(ids).count == ids.count)
            }
            let truth = BruteForce.nearest(
                10,
                to: fixture.vectors[row],
                in: fixture.vectors,
                metric: "cosine",
                where: { !excluded.contains(ItemID($0)) }
            )
            request.k = 10
            request.beamWidth = 240
            request.rescoreCount = 240
            #expect(try fixture.answer(request).ids == truth.map(ItemID.init))
        }
    }

    @Test func `everything excluded leaves an empty list`() throws {
        let fixture = try QueryFixture(count: 50)
        var request = fixture.request([0], k: 5)
        request.excluded = (0..<50).map(ItemID.init)
        #expect(try fixture.answer(request).offsets == [0, 0])
        request.excluded.removeLast(2)
        #expect(Set(try fixture.answer(request).ids) == [48, 49])
    }

    @Test func `exclusions end with their request`() throws {
        let fixture = try QueryFixture(count: 50)
        let before = try fixture.answer(fixture.request([0], k: 5)).ids
        var request = fixture.request([0], k: 5)
        request.excluded = before
        #expect(Set(try fixture.answer(request).ids).isDisjoint(with: before))
        #expect(try fixture.answer(fixture.request([0], k: 5)).ids == before)
    }

    @Test func `hidden and reported items never come back to the person who hid them`() throws {
        let fixture = try QueryFixture(count: 120)
        try fixture.tell(1, .save, [3, 9, 27])
        try fixture.tell(2, .save, [3, 9, 40, 41, 42, 43])
        let top = try fixture.answer(fixture.request([3], k: 6)).ids
        try fixture.tell(1, .hide, Array(top.prefix(3)) + [40])
        try fixture.tell(1, .report, [41])
        let gone = Set(top.prefix(3)).union([40, 41])
        for excludeSeen in [false, true] {
            for source in [
                QuerySource.user, .items([3]), .vectors(Array(fixture.vectors[3]), count: 1),
            ] {
                var request = fixture.request(source, k: 120)
                request.user = 1
                request.taste = TasteRequest(excludeSeen: excludeSeen)
                let ids = Set(try fixture.answer(request).ids)
                #expect(ids.isDisjoint(with: gone))
                if excludeSeen {
                    #expect(ids.isDisjoint(with: [3, 9, 27]))
                } else {
                    #expect(ids.isSuperset(of: [9, 27]))
                }
                if source != .user { #expect(ids.count >= 120 - gone.count - 3 - 1) }
            }
        }
    }

    @Test func `who is unknown has no taste, and taste needs somebody`() throws {
        let fixture = try QueryFixture(count: 50)
        var request = fixture.request(.user, k: 5)
        #expect(throws: RequestError.missingUser) { try fixture.answer(request) }
        request.user = 9
        #expect(throws: RequestError.noTaste(user: 9)) { try fixture.answer(request) }
        try fixture.tell(9, .hide, [1, 2])
        #expect(throws: RequestError.noTaste(user: 9)) { try fixture.answer(request) }
        try fixture.tell(9, .save, [7])
        #expect(try fixture.answer(request).ids.count == 5)
        var byItem = fixture.request(.items([3]), k: 5)
        byItem.taste = TasteRequest()
        #expect(throws: RequestError.missingUser) { try fixture.answer(byItem) }
        // An unknown person's taste adds nothing, but the search stands.
        byItem.user = 404
        #expect(try fixture.answer(byItem).ids.count == 5)
    }
}
