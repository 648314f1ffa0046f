import PalateGraph
import PalateIndex
import PalateModel
import TestKit
import Testing

/// What becomes of the slots of deleted rows.
@Suite(.serialized) struct SlotReuseTests {
    @Test func `slots of deleted rows are used again, and nothing of them comes back`() throws {
        let fixture = IndexFixture(count: 900)
        try fixture.use { collection in
            try write(.upsert(fixture.batch(0..<600)), to: collection)
            for round in 0..<6 {
                let gone = (round * 100)..<(round * 100 + 100)
                try write(.delete(gone.map(IndexFixture.item)), to: collection)
                #expect(collection.graph.deletedCount == 0)
                // Before a checkpoint has stored that nothing links to them, they rest.
                #expect(collection.graph.vacantCount == 100)
                try write(.checkpoint, to: collection)
                try awaitReaders()
                try write(.upsert(fixture.batch(gone)), to: collection)
                #expect(collection.graph.count == 600)
                #expect(collection.graph.vacantCount == 0)
                #expect(GraphInvariants.check(collection.graph) == [])
                let vector = Array(fixture.vectors[gone.lowerBound])
                #expect(
                    nearest(vector, in: collection).first == IndexFixture.item(gone.lowerBound)
                )
            }
            let crashed = fixture.temporary.path + "/crashed"
            try copyTree(fixture.path, to: crashed)
            try fixture.use(path: crashed) { again in
                #expect(Set(nearest(Array(fixture.vectors[0]), in: again)).count == 600)
                #expect(GraphInvariants.check(again.graph) == [])
            }
            #expect(try fixture.findings(path: crashed) == [])
        }
        #expect(try fixture.findings() == [])
    }

    @Test func `a slot is not used again while a reader may know its row`() throws {
        let fixture = IndexFixture(count: 700)
        try fixture.use { collection in
            try write(.upsert(fixture.batch(0..<600)), to: collection)
            let reader = ReadEpochs.shared.makeReader()
            reader.enter()
            try write(.delete((0..<100).map(IndexFixture.item)), to: collection)
            try write(.checkpoint, to: collection)
            try write(.upsert(fixture.batch(600..<650)), to: collection)
            #expect(collection.graph.count == 650)
            reader.leave()
            // Other suites read meanwhile, too; each for a moment.
            try eventually {
                try write(.upsert(fixture.batch(650..<700)), to: collection)
                guard collection.graph.vacantCount < 100 else { throw StillKnown() }
            }
            #expect(collection.graph.liveCount == 600)
        }
        #expect(try fixture.findings() == [])
    }

    @Test(arguments: [false, true])
    func `a crash at any step of a slot's way loses nothing`(isDeletedAgain: Bool) throws {
        let fixture = IndexFixture(count: 500)
        try fixture.use { collection in
            var copies = 0
            func crash(_ expected: Set<Int>) throws {
                copies += 1
                let crashed = fixture.temporary.path + "/crashed-\(copies)"
                try copyTree(fixture.path, to: crashed)
                try fixture.use(path: crashed) { again in
                    let found = nearest(Array(fixture.vectors[0]), in: again)
                    #expect(Set(found) == Set(expected.map(IndexFixture.item)))
                    #expect(found.count == expected.count)
                    #expect(GraphInvariants.check(again.graph) == [])
                    #expect(again.appliedVersion == collection.appliedVersion)
                    try write(.upsert(fixture.batch(450..<470)), to: again)
                }
                #expect(try fixture.findings(path: crashed) == [])
            }
            try write(.upsert(fixture.batch(0..<400)), to: collection)
            try write(.checkpoint, to: collection)
            try write(.delete((0..<80).map(IndexFixture.item)), to: collection)
            try crash(Set(80..<400))
            try write(.checkpoint, to: collection)
            try crash(Set(80..<400))
            try write(.upsert(fixture.batch(400..<440)), to: collection)
            #expect(collection.graph.count == 400)
            try crash(Set(80..<440))
            if isDeletedAgain {
                try write(.delete((400..<440).map(IndexFixture.item)), to: collection)
                try crash(Set(80..<400))
            }
            try write(.upsert(fixture.batch(440..<450)), to: collection)
            try crash(Set(80..<(isDeletedAgain ? 400 : 440)).union(440..<450))
        }
        #expect(try fixture.findings() == [])
    }

    /// The same operations give the same graph, grouped and threaded as they may be, and after a
    /// crash the same again.
    @Test func `the tail is linked again into the same graph`() throws {
        let fixture = IndexFixture(count: 900)
        try fixture.use { collection in
            try write(.upsert(fixture.batch(0..<520)), to: collection)
            try write(.checkpoint, to: collection)
            for start in stride(from: 520, to: 900, by: 95) {
                try write(.upsert(fixture.batch(start..<start + 95)), to: collection)
            }
            let crashed = fixture.temporary.path + "/crashed"
            try copyTree(fixture.path, to: crashed)
            let reopened = try fixture.open(path: crashed)
            let again = try reopened.collection(named: "pins")
            var different = 0
            for row in 0..<Ordinal(900)
            where again.graph.neighbours(of: row) != collection.graph.neighbours(of: row) {
                different += 1
            }
            #expect(different == 0, "lists that differ")
            try reopened.close()
        }
    }

    @Test func `a quiet moment is used to repair and to checkpoint`() throws {
        let fixture = IndexFixture(count: 300)
        let directory = try fixture.open(quietSeconds: 0.01)
        let collection = try directory.create(fixture.schema)
        try write(.upsert(fixture.batch(0..<300)), to: collection)
        try write(.delete([IndexFixture.item(3)]), to: collection)
        try eventually {
            let stats = try collection.stats()
            guard stats.tailRows == 0, collection.graph.vacantCount == 1 else {
                throw StillKnown()
            }
        }
        #expect(GraphInvariants.check(collection.graph) == [])
        try directory.close()
    }
}

/// Waits for the readers of other suites, which read for moments.
private func awaitReaders() throws {
    let epoch = ReadEpochs.shared.advance()
    try eventually { guard ReadEpochs.shared.hasEnded(epoch) else { throw StillKnown() } }
}

private struct StillKnown: Error {}
