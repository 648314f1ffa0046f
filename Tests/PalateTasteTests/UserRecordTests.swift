import PalateModel
import PalateTaste
import TestKit
import Testing

@Suite struct UserRecordTests {
    private func randomRecord(_ generator: inout SeededGenerator, events: Int = 60) -> UserRecord {
        let vectors = Vectors(
            ClusteredVectors(count: 40, dimensions: 8, clusters: 5, using: &generator)
        )
        var graph = TasteGraph()
        for event in randomEvents(events, users: 1, items: 40, using: &generator) {
            graph.apply(event, similarity: vectors.similarity)
        }
        return graph.record(of: 0) ?? UserRecord()
    }

    @Test func `what is written is read back`() throws {
        var generator = SeededGenerator(seed: testSeed())
        for events in [0, 1, 2, 60, 600] {
            let record = randomRecord(&generator, events: events)
            var writer = ByteWriter()
            record.encode(into: &writer)
            #expect(writer.bytes.count == record.byteCount)
            #expect(try UserRecord(bytes: writer.bytes.span.bytes) == record)
        }
    }

    @Test func `a record cut at any byte is refused`() {
        var generator = SeededGenerator(seed: testSeed())
        var writer = ByteWriter()
        randomRecord(&generator).encode(into: &writer)
        for length in 0..<writer.bytes.count {
            let cut = Array(writer.bytes.prefix(length))
            #expect(throws: TasteError.self) { try UserRecord(bytes: cut.span.bytes) }
        }
        let long = writer.bytes + [0]
        #expect(
            throws: TasteError.wrongByteCount(got: long.count, expected: long.count - 1)
        ) { try UserRecord(bytes: long.span.bytes) }
    }

    @Test func `a flipped bit is refused or gives another valid record`() {
        var generator = SeededGenerator(seed: testSeed())
        var writer = ByteWriter()
        randomRecord(&generator, events: 12).encode(into: &writer)
        var graph = TasteGraph()
        for bit in 0..<writer.bytes.count * 8 {
            var bytes = writer.bytes
            bytes[bit / 8] ^= 1 << (bit % 8)
            guard let record = try? UserRecord(bytes: bytes.span.bytes) else { continue }
            var again = ByteWriter()
            record.encode(into: &again)
            #expect(again.bytes == bytes)
            graph.load(record, for: 1)
            #expect(graph.record(of: 1) == record)
        }
    }

    @Test func `damage is named`() {
        func read(_ change: (inout [UInt8]) -> Void) -> TasteError? {
            var graph = TasteGraph()
            for item in [UInt64(1), 2] {
                graph.apply(
                    Event(user: 0, item: item, type: .save, timeMilliseconds: testNow),
                    similarity: noVectors
                )
            }
            var writer = ByteWriter()
            graph.record(of: 0)?.encode(into: &writer)
            var bytes = writer.bytes
            change(&bytes)
            do {
                _ = try UserRecord(bytes: bytes.span.bytes)
                return nil
            } catch {
                return error
            }
        }
        #expect(read { _ in } == nil)
        #expect(read { $0[0] = 3 } == .unsupportedVersion(got: 3, expected: 2))
        #expect(
            read { $0[7] = 1 }
                == .tooManySignals(got: 1 << 24 + 2, expected: TasteLimits.signalsPerUser)
        )
        #expect(read { $0[8] = 2 } == .badSignal(index: 1, field: "order"))
        #expect(
            read {
                $0[27] = 0x7f; $0[26] = 0x80
            } == .badSignal(index: 0, field: "mass")
        )
        #expect(
            read {
                $0[31] = 0x7f; $0[30] = 0x80
            } == .badSignal(index: 0, field: "affinity")
        )
        #expect(
            read {
                $0[32] = 64; $0[33] = 0
            } == .badSignal(index: 0, field: "cluster")
        )
        #expect(read { $0[34] = 0 } == .badSignal(index: 0, field: "type"))
        #expect(read { $0[34] = 13 } == .badSignal(index: 0, field: "type"))
        #expect(read { $0[35] = 1 } == .badSignal(index: 0, field: "padding"))
        #expect(read { $0[1] = 1 } == .badSignal(index: -1, field: "padding"))
        #expect(
            read { $0[3] = 2 }
                == .tooManyExposures(got: 512, expected: TasteLimits.exposuresPerUser)
        )
    }
}
