import PalateClient
import PalateIndex
import PalateModel
import PalateWire
import TestKit
import Testing

/// Generations over a socket: loaded, checked, swapped under queries, rolled back.
@Suite(.timeLimit(.minutes(5))) struct GenerationServedTests {
    private static let thresholds = CanaryThresholds(samples: 40)

    /// The same pictures by a model of 8 components: every second one of 16.
    private func renewed(_ pins: Pins, order: [Int]) -> RowBatch {
        RowBatch(
            ids: order.indices.map(Pins.id),
            vectors: order.flatMap { row in
                Array(pins.vectors[row]).enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
            }
        )
    }

    private func load(
        _ client: PalateClient,
        _ pins: Pins,
        order: [Int],
        into live: CollectionInfo
    ) async throws -> CollectionInfo {
        var schema = live.schema
        schema.dimensions = 8
        let info = try await client.createGeneration(
            GenerationCreate(handle: live.handle, schema: schema, model: "half")
        )
        var load = try await BulkLoad(
            client,
            LoadBegin(handle: info.handle, loaderID: 5, epoch: 0, start: .restart)
        )
        try await load.append(renewed(pins, order: order))
        _ = try await load.finish()
        return info
    }

    @Test func `shuffled vectors are refused and a new model is swapped in and out`() async throws {
        try await withServer { server in
            let pins = Pins(300)
            let live = try await pins.write(to: server.directory).info
            let client = try await server.connect()
            var generator = SeededGenerator(seed: testSeed())
            let shuffled = Array(0..<300).shuffled(using: &generator)
            let bad = try await load(client, pins, order: shuffled, into: live)
            #expect(bad.generation == 2 && bad.handle != live.handle)
            var swap = GenerationSwap(
                handle: live.handle,
                step: .swap,
                thresholds: Self.thresholds
            )
            let refusal = try await client.changeGeneration(swap)
            #expect(!refusal.isSwapped && !refusal.isPassed && refusal.generation == 1)
            let failed = refusal.checks.filter { !$0.isPassed }.map(\.name)
            #expect(failed == ["overlap", "nearer"])
            #expect(try await client.query(pins.query(live.handle, rows: 3..<4)).generation == 1)
            try await client.dropGeneration(.candidate, of: live.handle)

            let good = try await load(client, pins, order: Array(0..<300), into: live)
            #expect(good.generation == 3)
            // A candidate answers by its own handle before anybody else sees it.
            let byItem = SearchRequest(handle: good.handle, source: .items([Pins.id(3)]), k: 5)
            #expect(try await client.query(byItem).generation == 3)
            swap.step = .check
            let passed = try await client.changeGeneration(swap)
            #expect(passed.isPassed && !passed.isSwapped)
            swap.step = .swap
            let report = try await client.changeGeneration(swap)
            #expect(report.isSwapped && report.generation == 3)
            await expectRefusal(.wrongDimensions) {
                try await client.query(pins.query(live.handle, rows: 3..<4))
            }
            let roles = try await client.generations(of: "pins")
            #expect(roles.map(\.role) == [.live, .previous])
            #expect(roles[0].model == "half" && roles[0].info.handle == live.handle)

            swap.step = .rollback
            let back = try await client.changeGeneration(swap)
            #expect(back.isSwapped && back.generation == 1)
            #expect(try await client.query(pins.query(live.handle, rows: 3..<4)).generation == 1)
            await client.close()
        }
    }

    @Test func `force swaps what the check refuses, and that is remembered`() async throws {
        try await withServer { server in
            let pins = Pins(100)
            let live = try await pins.write(to: server.directory).info
            let client = try await server.connect()
            _ = try await load(client, pins, order: Array(0..<10), into: live)
            let report = try await client.changeGeneration(
                GenerationSwap(
                    handle: live.handle,
                    step: .swap,
                    isForced: true,
                    thresholds: Self.thresholds
                )
            )
            #expect(report.isSwapped && !report.isPassed && report.generation == 2)
            #expect(try await client.generations(of: "pins")[0].isForced)
            await client.close()
        }
    }

    @Test func `a loader that forgot its epoch resumes, restarts, and is told`() async throws {
        try await withServer { server in
            let pins = Pins(40)
            let client = try await server.connect()
            let handle = try await client.createCollection(pins.schema).handle
            func begin(_ start: LoadStart) async throws -> LoadGrant {
                try await client.beginLoad(
                    LoadBegin(handle: handle, loaderID: 7, epoch: 0, start: start)
                )
            }
            #expect(try await begin(.resume).epoch == 1)
            #expect(try await begin(.restart).epoch == 1)
            var first = try await BulkLoad(
                client,
                LoadBegin(handle: handle, loaderID: 7, epoch: 0, start: .restart)
            )
            try await first.append(pins.rows(0..<20))
            try await first.append(pins.rows(20..<30))
            // Killed here; the same batches again, and the rest.
            _ = try await client.stats(of: "pins")
            var second = try await BulkLoad(
                client,
                LoadBegin(handle: handle, loaderID: 7, epoch: 0, start: .resume)
            )
            #expect(second.grant.epoch == 1 && second.begin.epoch == 1)
            for rows in [0..<20, 20..<30, 30..<40] { try await second.append(pins.rows(rows)) }
            #expect(try await second.finish().changed == 40)
            // The commit again: nothing twice.
            var again = try await BulkLoad(
                client,
                LoadBegin(handle: handle, loaderID: 7, epoch: 0, start: .resume)
            )
            #expect(again.grant.durableSequence == 3)
            for rows in [0..<20, 20..<30, 30..<40] { try await again.append(pins.rows(rows)) }
            #expect(try await again.finish().changed == 40)
            let stats = try await client.stats(of: "pins")
            #expect(stats.liveItems == 40 && stats.deletedItems == 0)
            #expect(try await begin(.restart).epoch == 2)
            await client.close()
        }
    }
}
