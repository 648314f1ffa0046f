import PalateGraph
import PalateIndex
import PalateModel
import TestKit
import Testing

/// What a collection must hold: the oracle, a dictionary.
private struct NaiveMap {
    var rows: [ItemID: (vector: [Float], payload: [UInt8])] = [:]

    mutating func apply(_ batch: RowBatch, dimensions: Int) {
        for (index, item) in batch.ids.enumerated() {
            let vector = Array(batch.vectors[index * dimensions..<(index + 1) * dimensions])
            rows[item] = (vector, batch.payloads.isEmpty ? [] : batch.payloads[index])
        }
    }

    mutating func apply(_ patch: PatchBatch, dimensions: Int) {
        for (index, item) in patch.ids.enumerated() {
            let start = index * dimensions
            if !patch.vectors.isEmpty {
                rows[item]?.vector = Array(patch.vectors[start..<start + dimensions])
            }
            if let payloads = patch.payloads { rows[item]?.payload = payloads[index] }
        }
    }
}

/// Upserts, deletes, replacements, patches, closings and crashes against a dictionary.
@Suite struct RandomProgramTests {
    private static let dimensions = 8

    @Test(arguments: ["float32", "sq8"], ["l2", "cosine"])
    func `a random program leaves what a dictionary would hold`(
        quantizer: String,
        metric: String
    ) throws {
        var generator = SeededGenerator(seed: testSeed())
        let fixture = IndexFixture(
            count: 1,
            dimensions: Self.dimensions,
            metric: metric,
            quantizer: quantizer
        )
        var path = fixture.path
        var map = NaiveMap()
        var directory: DataDirectory? = try fixture.open()
        _ = try directory?.create(fixture.schema)
        for round in 0..<30 {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<8:
                try change(#require(directory).collection(named: "pins"), &map, &generator)
            case 8:
                try directory?.close()
                directory = nil
                try check(map, eventually { try Verification.run(path: path) })
            default:
                // A crash: the files as they are between two commits.
                let next = fixture.temporary.path + "/crashed-\(round)"
                try copyTree(path, to: next)
                path = next
                directory = nil
            }
            if directory == nil { directory = try fixture.open(path: path) }
            try check(map, #require(directory).collection(named: "pins"))
        }
        try directory?.close()
        directory = nil
        try check(map, Verification.run(path: path))
    }

    private func change(
        _ collection: Collection,
        _ map: inout NaiveMap,
        _ generator: inout SeededGenerator
    ) throws {
        switch Int.random(in: 0..<11, using: &generator) {
        case 0..<5:
            let batch = randomBatch(&generator)
            try write(.upsert(batch), to: collection)
            map.apply(batch, dimensions: Self.dimensions)
        case 5..<7:
            let ids = (0..<20).map { _ in ItemID.random(in: 0..<120, using: &generator) }
            let expected = Set(ids).filter { map.rows[$0] != nil }.count
            #expect(try write(.delete(ids), to: collection).changed == UInt64(expected))
            for id in ids { map.rows[id] = nil }
        case 7..<10:
            try patch(collection, &map, &generator)
        default:
            try write(.checkpoint, to: collection)
        }
    }

    /// Patches items that are there, and for good measure one that is not: then none.
    private func patch(
        _ collection: Collection,
        _ map: inout NaiveMap,
        _ generator: inout SeededGenerator
    ) throws {
        let batch = randomBatch(&generator)
        var patch = PatchBatch(ids: batch.ids, vectors: batch.vectors)
        if Bool.random(using: &generator) { patch.vectors = [] }
        if patch.vectors.isEmpty || Bool.random(using: &generator) {
            patch.payloads = patch.ids.map { [UInt8](repeating: 7, count: Int($0 % 5)) }
        }
        if let missing = patch.ids.first(where: { map.rows[$0] == nil }) {
            #expect(throws: RequestError.unknownItem(id: missing)) {
                try write(.patch(patch), to: collection)
            }
            let kept = patch.ids.indices.filter { map.rows[patch.ids[$0]] != nil }
            guard !kept.isEmpty else { return }
            patch.vectors = kept.flatMap { index in
                patch.vectors.isEmpty
                    ? []
                    : Array(patch.vectors[index * Self.dimensions..<(index + 1) * Self.dimensions])
            }
            patch.payloads = patch.payloads.map { payloads in kept.map { payloads[$0] } }
            patch.ids = kept.map { patch.ids[$0] }
        }
        patch.versions = try collection.get(patch.ids, wantsVectors: false).versions
        #expect(try write(.patch(patch), to: collection).changed == UInt64(patch.ids.count))
        map.apply(patch, dimensions: Self.dimensions)
    }

    private func randomBatch(_ generator: inout SeededGenerator) -> RowBatch {
        let count = Int.random(in: 1...40, using: &generator)
        let ids = (0..<count).map { _ in ItemID.random(in: 0..<120, using: &generator) }
        let vectors = (0..<count * Self.dimensions).map { _ in generator.normal() }
        guard Bool.random(using: &generator) else { return RowBatch(ids: ids, vectors: vectors) }
        let payloads = ids.map { id in
            (0..<Int.random(in: 0..<30, using: &generator)).map { offset in
                UInt8(truncatingIfNeeded: Int(id) + offset)
            }
        }
        return RowBatch(ids: ids, vectors: vectors, payloads: payloads)
    }

    private func check(_ map: NaiveMap, _ collection: Collection) throws {
        let ids = (0..<120).map(ItemID.init)
        let got = try collection.get(ids, wantsVectors: true)
        for (index, id) in ids.enumerated() {
            let expected = map.rows[id]
            #expect(got.found[index] == (expected != nil))
            #expect(got.payloads[index] == expected?.payload ?? [])
            let vector = got.vectors[index * Self.dimensions..<(index + 1) * Self.dimensions]
            #expect(
                Array(vector)
                    == expected?.vector ?? [Float](repeating: 0, count: Self.dimensions)
            )
        }
        #expect(collection.graph.liveCount == map.rows.count)
        #expect(try collection.stats().liveItems == UInt64(map.rows.count))
        for (id, row) in map.rows.sorted(by: { $0.key < $1.key }).prefix(12) {
            let found = nearest(row.vector, in: collection)
            #expect(found.contains(id))
            #expect(found.count == map.rows.count)
            #expect(Set(found) == Set(map.rows.keys))
        }
        #expect(GraphInvariants.check(collection.graph) == [])
    }

    private func check(_ map: NaiveMap, _ report: VerificationReport) throws {
        #expect(report.findings == [])
        #expect(report.collections.map(\.liveRows) == [map.rows.count])
        #expect(
            report.collections.map(\.payloads)
                == [map.rows.values.filter { !$0.payload.isEmpty }.count]
        )
    }
}
