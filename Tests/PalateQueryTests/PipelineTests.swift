import PalateIndex
import PalateModel
import PalateQuery
import TestKit
import Testing

/// The plain path: vectors and items to lists.
@Suite struct PipelineTests {
    @Test(arguments: ["l2", "ip", "cosine"], ["float32", "sq8"])
    func `an exact beam with rescoring finds what brute force finds, and so does a scan`(
        metric: String,
        quantizer: String
    ) throws {
        let fixture = try QueryFixture(count: 200, metric: metric, quantizer: quantizer)
        for row in stride(from: 0, to: 200, by: 20) {
            var request = fixture.request([row], k: 10)
            request.beamWidth = 200
            request.rescoreCount = 200
            let response = try fixture.answer(request)
            let scanned = try fixture.answer(request, isScan: true)
            #expect(scanned.ids == response.ids)
            #expect(scanned.scores == response.scores)
            let truth = BruteForce.nearest(
                10,
                to: fixture.vectors[row],
                in: fixture.vectors,
                metric: metric
            )
            #expect(response.ids == truth.map(ItemID.init))
            for (item, score) in zip(response.ids, response.scores) {
                let distance = BruteForce.distance(
                    metric,
                    fixture.vectors[row],
                    fixture.vectors[Int(item)]
                )
                let expected = metric == "cosine" ? 1 - distance : -distance
                #expect(abs(Double(score) - expected) < 1e-3 * max(1, abs(expected)))
            }
            #expect(response.scores == response.scores.sorted(by: >))
        }
    }

    @Test(arguments: ["l2", "ip", "cosine"])
    func `recall@10 of plain defaults is at least 0_95, and without rescoring 0_8`(
        metric: String
    ) throws {
        let fixture = try QueryFixture(count: 600, dimensions: 24, metric: metric)
        var (rescored, plain) = (0.0, 0.0)
        for row in 0..<60 {
            let truth = BruteForce.nearest(
                10,
                to: fixture.vectors[row],
                in: fixture.vectors,
                metric: metric
            )
            var request = fixture.request([row], k: 10)
            rescored += BruteForce.recall(
                try fixture.answer(request).ids.map(Int.init),
                truth: truth
            )
            request.rescoreCount = 0
            plain += BruteForce.recall(try fixture.answer(request).ids.map(Int.init), truth: truth)
        }
        #expect(rescored / 60 >= 0.95)
        #expect(plain / 60 >= 0.8)
        #expect(rescored >= plain)
    }

    @Test func `the planner scans few rows and walks among many`() throws {
        let fixture = try QueryFixture(count: 640)
        var request = fixture.request([0], k: 10)
        #expect(try Planner.plan(request, for: fixture.collection).isScan)
        request.beamWidth = 63
        #expect(try !Planner.plan(request, for: fixture.collection).isScan)
        request.beamWidth = 64
        #expect(try Planner.plan(request, for: fixture.collection).isScan)
    }

    @Test func `rescoring a part of the candidates still leaves the best first`() throws {
        let fixture = try QueryFixture(count: 200)
        for rescoreCount in [1, 5, 20] {
            var request = fixture.request([3], k: 20)
            request.rescoreCount = rescoreCount
            let scores = try fixture.answer(request).scores
            #expect(scores.count == 20)
            #expect(scores == scores.sorted(by: >))
        }
    }

    @Test func `an item's list never holds the item and equals its vector's list without it`()
        throws
    {
        let fixture = try QueryFixture(count: 150)
        let items = (0..<150).map(ItemID.init)
        let response = try fixture.answer(fixture.request(.items(items), k: 10))
        #expect(response.offsets.count == 151)
        for (index, item) in items.enumerated() {
            let list = response.list(index)
            #expect(list.count == 10)
            #expect(!list.contains(item))
            let byVector = try fixture.answer(fixture.request([index], k: 11)).ids
            #expect(list == Array(byVector.filter { $0 != item }.prefix(10)))
        }
        #expect(throws: RequestError.unknownItem(id: 999)) {
            try fixture.answer(fixture.request(.items([1, 999]), k: 3))
        }
    }

    @Test func `a batch of lists equals as many single queries`() throws {
        let fixture = try QueryFixture(count: 150, hasPayloads: true)
        let rows = Array(0..<40)
        var batch = fixture.request(rows, k: 7)
        batch.parts = .known
        let together = try fixture.answer(batch)
        for (index, row) in rows.enumerated() {
            var single = fixture.request([row], k: 7)
            single.parts = .known
            let alone = try fixture.answer(single)
            let range = Int(together.offsets[index])..<Int(together.offsets[index + 1])
            #expect(Array(together.ids[range]) == alone.ids)
            #expect(Array(together.scores[range]) == alone.scores)
            #expect(Array(together.payloads[range]) == alone.payloads)
            #expect(Array(together.scoreParts[range]) == alone.scoreParts)
            #expect(alone.payloads == alone.ids.map(QueryFixture.payload))
        }
    }

    @Test func `an empty collection answers empty lists`() throws {
        let fixture = try QueryFixture(count: 0)
        let vectors = [Float](repeating: 1, count: 36)
        var request = fixture.request(.vectors(vectors, count: 3), k: 5)
        request.diversity = DiversityRequest(diversity: 0.5)
        let response = try fixture.answer(request)
        #expect(response.offsets == [0, 0, 0, 0])
        #expect(response.ids == [])
        try fixture.tell(1, .save, [5])
        var byUser = fixture.request(.user, k: 5)
        byUser.user = 1
        #expect(try fixture.answer(byUser).offsets == [0, 0])
        // A collection whose rows are all gone answers in the same way.
        let emptied = try QueryFixture(count: 30)
        _ = try emptied.collection.writer.perform(.delete((0..<30).map(ItemID.init)))
        #expect(try emptied.answer(emptied.request([3], k: 5)).offsets == [0, 0])
    }

    @Test func `asking for more than there is answers all there is`() throws {
        let fixture = try QueryFixture(count: 90)
        let response = try fixture.answer(fixture.request([0], k: 1_000))
        #expect(Set(response.ids) == Set((0..<90).map(ItemID.init)))
        #expect(response.ids.count == 90)
    }

    @Test func `zero vectors score as numbers under every metric`() throws {
        for metric in ["l2", "ip", "cosine"] {
            let fixture = try QueryFixture(count: 60, metric: metric)
            let zero = [Float](repeating: 0, count: 12)
            _ = try fixture.collection.writer.perform(
                .upsert(
                    RowBatch(
                        ids: (100..<140).map(ItemID.init),
                        vectors: (0..<40).flatMap { _ in zero }
                    )
                )
            )
            try fixture.tell(1, .save, [1, 2, 100])
            for source in [QuerySource.vectors(zero, count: 1), .items([100])] {
                for taste in [nil, TasteRequest([.popularity: 1])] {
                    for diversity in [nil, DiversityRequest(diversity: 0.7)] {
                        var request = fixture.request(source, k: 99)
                        (request.user, request.taste, request.diversity) = (1, taste, diversity)
                        let response = try fixture.answer(request)
                        #expect(response.scores.allSatisfy { $0.isFinite })
                        #expect(Set(response.ids).count == response.ids.count)
                        // The rest is what the person has seen, and the item itself.
                        #expect(response.ids.count >= 96)
                    }
                }
            }
        }
    }

    @Test func `a score floor keeps what reaches it, before the slate is chosen`() throws {
        let fixture = try QueryFixture(count: 200)
        let all = try fixture.answer(fixture.request([0], k: 40))
        let floor = all.scores[19]
        var request = fixture.request([0], k: 40)
        request.scoreFloor = floor
        #expect(try fixture.answer(request).ids == Array(all.ids.prefix(20)))
        request.diversity = DiversityRequest(diversity: 1)
        request.k = 15
        let diverse = try fixture.answer(request)
        #expect(diverse.ids.count == 15)
        #expect(Set(diverse.ids).isSubset(of: Set(all.ids.prefix(20))))
    }

    @Test func `a passed deadline leaves the lists not begun empty and says so`() throws {
        let fixture = try QueryFixture(count: 100)
        let request = fixture.request(Array(0..<50), k: 5)
        let none = try fixture.answer(request, deadline: Deadline(ContinuousClock.now))
        #expect(none.isDegraded)
        #expect(none.offsets == [UInt32](repeating: 0, count: 51))
        let all = try fixture.answer(
            request,
            deadline: Deadline(ContinuousClock.now + .seconds(60))
        )
        #expect(!all.isDegraded)
        let some = try fixture.answer(
            request,
            deadline: Deadline(ContinuousClock.now + .microseconds(600))
        )
        #expect(some.offsets.count == 51)
        for index in 0..<50 where !some.list(index).isEmpty {
            #expect(some.list(index) == all.list(index))
        }
    }

    @Test func `a deadline that passes within a list leaves further interests out`() throws {
        let fixture = try QueryFixture(count: 400)
        // Far apart: interests of their own.
        let liked: [ItemID] = [3, 120, 250, 390]
        for item in liked { try fixture.tell(1, .save, [item]) }
        var request = fixture.request(.user, k: 300)
        request.user = 1
        let all = try fixture.answer(request)
        #expect(!all.isDegraded)
        // A clock that goes on by a second whenever it is looked at: the list begins in time, the
        // search after the first does not.
        let start = ContinuousClock.now
        let looks = ReadWriteLock(0)
        let deadline = Deadline(start + .seconds(2)) {
            looks.withWriteLock { looks in
                looks += 1
                return start + .seconds(looks)
            }
        }
        let some = try fixture.answer(request, deadline: deadline)
        #expect(some.isDegraded)
        #expect(!some.ids.isEmpty && some.ids.count < all.ids.count)
        #expect(Set(some.ids).isSubset(of: Set(0..<400)))
        let again = try fixture.answer(request)
        #expect(!again.isDegraded && again.ids == all.ids)
    }

    @Test func `an answer is never older than the version asked for`() throws {
        let fixture = try QueryFixture(count: 20)
        let version = fixture.collection.appliedVersion
        var request = fixture.request([0], k: 3)
        request.minimumVersion = version + 1
        #expect(throws: RequestError.versionNotReached(got: version, expected: version + 1)) {
            try fixture.answer(request)
        }
        guard
            case .receipt(let receipt) = try fixture.collection.writer.perform(.delete([0]))
        else {
            Issue.record("no receipt")
            return
        }
        request.minimumVersion = receipt.version
        let response = try fixture.answer(request)
        #expect(response.appliedVersion == receipt.version)
        #expect(!response.ids.contains(0))
    }

    @Test func `vectors of the wrong length are refused`() throws {
        let fixture = try QueryFixture(count: 20)
        let request = fixture.request(.vectors([1, 2, 3], count: 1), k: 3)
        #expect(throws: RequestError.wrongDimensions(got: 3, expected: 12)) {
            try fixture.answer(request)
        }
    }
}
