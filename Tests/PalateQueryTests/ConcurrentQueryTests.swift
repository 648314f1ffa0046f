import Dispatch
import Glibc
import PalateIndex
import PalateModel
import PalateQuery
import Synchronization
import TestKit
import Testing

/// Queries beside a writer that replaces, inserts and deletes.
@Suite(.serialized) struct ConcurrentQueryTests {
    /// What readers found wrong, a few of each.
    private final class Findings: Sendable {
        private let texts = ReadWriteLock<[String]>([])

        func note(_ text: @autoclosure () -> String) {
            texts.withWriteLock { if $0.count < 5 { $0.append(text()) } }
        }

        var all: [String] { texts.withWriteLock { $0 } }
    }

    private static let count = 300
    private static let dimensions = 12

    private struct Setting: Sendable {
        let collection: Collection
        let vectors: [Float]

        func vector(_ row: Int) -> [Float] {
            Array(vectors[row * dimensions..<(row + 1) * dimensions])
        }
    }

    /// Runs `reader` on two threads while a third replaces rows, in batches large enough that
    /// linking takes its time.
    private func besideReplacements(
        quantizer: String,
        sketched isSketched: Bool = false,
        rounds: [[Int]] = (0..<12).map { round in
            round % 3 == 0 ? Array(0..<count) : [round * 7, round * 11]
        },
        _ reader: @Sendable (Setting, inout QueryScratch, Int) throws -> Void
    ) throws {
        let fixture = try QueryFixture(
            count: Self.count,
            dimensions: Self.dimensions,
            quantizer: quantizer,
            hasPayloads: true
        ) { options in
            options.sketchedCollections = isSketched ? ["pins"] : []
            options.quietSeconds = 0.01
        }
        let setting = Setting(collection: fixture.collection, vectors: fixture.vectors.values)
        let isDone = Atomic<Bool>(false)
        let failure = ReadWriteLock<String?>(nil)
        DispatchQueue.concurrentPerform(iterations: 3) { thread in
            do {
                if thread == 0 {
                    defer { isDone.store(true, ordering: .releasing) }
                    for rows in rounds {
                        // A search of an unoptimised build takes longer than a write of one row.
                        if rows.count == 1 { usleep(4_000) }
                        _ = try setting.collection.writer.perform(
                            .upsert(
                                RowBatch(
                                    ids: rows.map(ItemID.init),
                                    vectors: rows.flatMap { setting.vector($0) },
                                    payloads: rows.map { QueryFixture.payload(ItemID($0)) }
                                )
                            )
                        )
                    }
                    return
                }
                var scratch = QueryScratch()
                var step = thread
                while !isDone.load(ordering: .acquiring) {
                    try reader(setting, &scratch, step)
                    step += 1
                }
            } catch {
                failure.withWriteLock { $0 = "\(error)" }
            }
        }
        #expect(failure.withWriteLock { $0 } == nil)
    }

    @Test(arguments: ["float32", "sq8"], [false, true])
    func `no item comes twice, none lacks its payload, and lists stay full`(
        quantizer: String,
        isSketched: Bool
    ) throws {
        let findings = Findings()
        try besideReplacements(quantizer: quantizer, sketched: isSketched) {
            setting,
            scratch,
            step in
            let row = step % Self.count
            var request = SearchRequest(
                handle: setting.collection.info.handle,
                source: .vectors(setting.vector(row), count: 1),
                k: 8
            )
            request.parts = .payload
            // More than all rows there will ever be: what is missing is missed by a race alone.
            request.beamWidth = 4_000
            let response = try Pipeline.answer(
                request,
                plan: Planner.plan(request, for: setting.collection),
                in: setting.collection,
                now: 0,
                scratch: &scratch
            )
            if Set(response.ids).count != response.ids.count { findings.note("twice") }
            if response.ids.count != 8 { findings.note("\(response.ids.count) of 8") }
            if response.ids.first != ItemID(row) { findings.note("\(row) is not its own nearest") }
            for (item, payload) in zip(response.ids, response.payloads)
            where payload != QueryFixture.payload(item) {
                findings.note("payload of \(item)")
            }
        }
        #expect(findings.all == [])
    }

    @Test func `excluded items and the asked item stay away while they are replaced`() throws {
        let findings = Findings()
        try besideReplacements(quantizer: "sq8") { setting, scratch, step in
            let row = step % Self.count
            let excluded = (0..<40).map { ItemID((row + $0 * 3 + 1) % Self.count) }
            var request = SearchRequest(
                handle: setting.collection.info.handle,
                source: .items([ItemID(row)]),
                k: 8
            )
            request.excluded = excluded
            let response = try Pipeline.answer(
                request,
                plan: Planner.plan(request, for: setting.collection),
                in: setting.collection,
                now: 0,
                scratch: &scratch
            )
            if response.ids.contains(ItemID(row)) { findings.note("\(row) itself") }
            if !Set(response.ids).isDisjoint(with: excluded) { findings.note("excluded") }
            if response.ids.count != 8 { findings.note("\(response.ids.count) of 8") }
        }
        #expect(findings.all == [])
    }

    @Test func `an item that is replaced over and over is never missing`() throws {
        let findings = Findings()
        let rounds = (0..<300).map { [$0 % 2] }
        try besideReplacements(quantizer: "sq8", rounds: rounds) { setting, scratch, step in
            let row = step % 2
            let request = SearchRequest(
                handle: setting.collection.info.handle,
                source: .vectors(setting.vector(row), count: 1),
                k: 4,
                beamWidth: 64
            )
            let response = try Pipeline.answer(
                request,
                plan: Planner.plan(request, for: setting.collection),
                in: setting.collection,
                now: 0,
                scratch: &scratch
            )
            if response.ids.first != ItemID(row) { findings.note("\(row) is missing") }
        }
        #expect(findings.all == [])
    }

    @Test func `long batches go on while rows they find are committed`() throws {
        let findings = Findings()
        try besideReplacements(quantizer: "sq8") { setting, scratch, step in
            let rows = (0..<60).map { ($0 * 5 + step) % Self.count }
            let sources: [QuerySource] = [
                .vectors(rows.flatMap { setting.vector($0) }, count: rows.count),
                .items(rows.map(ItemID.init)),
            ]
            let request = SearchRequest(
                handle: setting.collection.info.handle,
                source: sources[step % 2],
                k: 3
            )
            let response = try Pipeline.answer(
                request,
                plan: Planner.plan(request, for: setting.collection),
                in: setting.collection,
                now: 0,
                scratch: &scratch
            )
            if response.ids.count != 180 { findings.note("\(response.ids.count) of 180") }
        }
        #expect(findings.all == [])
    }
}
