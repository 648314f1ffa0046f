import Dispatch
import Glibc
import PalateGraph
import PalateModel
import Synchronization
import TestKit
import Testing

/// Run under ThreadSanitizer too: `FloatRows` are written just before they are linked, so a list
/// that is read before it was published would be a reported race.
@Suite struct LiveGraphConcurrencyTests {
    @Test(.timeLimit(.minutes(5)))
    func `answers while a writer inserts, deletes, repairs and takes checkpoints`() throws {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        let count = 1_500
        let vectors = ClusteredVectors(count: count, dimensions: 8, using: &generator)
        let rows = FloatRows(capacity: count, dimensions: 8)
        let graph = try emptyGraph(seed: seed, capacity: count)
        let isDone = Flag()
        let searches = Counter()
        let failures = Failures()
        let epochs = ReadEpochs()
        let deletions = Counter()

        // Serial queues have threads of their own, however few cores there are.
        let group = DispatchGroup()
        for worker in 1...3 {
            DispatchQueue(label: "reader \(worker)").async(group: group) {
                let reader = Reader(
                    reader: epochs.makeReader(),
                    deletions: deletions,
                    searches: searches,
                    failures: failures
                )
                reader.read(rows, graph, seed: seed &+ UInt64(worker), isDone)
            }
        }
        while searches.count.load(ordering: .relaxed) < 100 { sched_yield() }
        write(vectors, rows, graph, seed: seed, epochs, deletions)
        isDone.value.store(true, ordering: .releasing)
        group.wait()
        #expect(failures.list.withLock { $0.prefix(5) } == [])
        #expect(graph.count == count)
        #expect(GraphInvariants.check(graph) == [])
    }

    private func write(
        _ vectors: ClusteredVectors,
        _ rows: FloatRows,
        _ graph: LiveGraph,
        seed: UInt64,
        _ epochs: ReadEpochs,
        _ deletions: Counter
    ) {
        var random = SeededGenerator(seed: seed &+ 99)
        var bytes: [UInt8] = []
        var resting: [(epoch: UInt64, slots: [Ordinal])] = []
        while graph.count < vectors.count {
            let end = min(vectors.count, graph.count + Int.random(in: 1...40, using: &random))
            for row in graph.count..<end { rows.store(vectors[row], at: row) }
            GraphBuilder.insert(
                Ordinal(graph.count)..<Ordinal(end),
                into: graph,
                threads: 2,
                makeScorer: { FloatPairScorer(rows) }
            )
            for _ in 0..<5 {
                deletions.count.wrappingAdd(1, ordering: .sequentiallyConsistent)
                _ = graph.delete(Ordinal.random(in: 0..<Ordinal(end), using: &random))
            }
            let slots = GraphRepair.run(
                limit: Int.random(in: 0...10, using: &random),
                in: graph,
                threads: 2,
                makeScorer: { FloatPairScorer(rows) }
            )
            resting.append((epochs.advance(), slots))
            while let oldest = resting.first, epochs.hasEnded(oldest.epoch) {
                for slot in oldest.slots {
                    let vector = vectors[Int.random(in: 0..<vectors.count, using: &random)]
                    rows.store(vector, at: Int(slot))
                }
                GraphBuilder.insert(
                    oldest.slots,
                    into: graph,
                    threads: 2,
                    makeScorer: { FloatPairScorer(rows) }
                )
                resting.removeFirst()
            }
            for block in graph.drainDirtyBlocks() {
                bytes.removeAll(keepingCapacity: true)
                graph.encodeBlock(block, into: &bytes)
                graph.encodeUpper(block, into: &bytes)
            }
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `makes one whole graph of rows inserted by four threads at once`() throws {
        let fixture = try Fixture(count: 2_000, queryCount: 20, seed: testSeed())
        fixture.linkAll(threads: 4)
        #expect(GraphInvariants.check(fixture.graph) == [])
        #expect(fixture.recall(k: 10, beamWidth: 60) >= 0.95)
    }
}

private struct Reader: Sendable {
    let reader: EpochReader
    let deletions: Counter
    let searches: Counter
    let failures: Failures

    func read(_ rows: FloatRows, _ graph: LiveGraph, seed: UInt64, _ isDone: Flag) {
        var scratch = SearchScratch()
        var random = SeededGenerator(seed: seed)
        while !isDone.value.load(ordering: .acquiring) {
            let query = (0..<8).map { _ in random.normal() }
            reader.enter()
            let before = graph.liveCount
            let deletionsBefore = deletions.count.load(ordering: .sequentiallyConsistent)
            graph.search(FloatScorer(rows, query), beamWidth: 20, scratch: &scratch)
            let after = graph.count
            for position in 0..<scratch.count {
                let hit = scratch.hit(position)
                let exact = query.withUnsafeBufferPointer { rows.distance($0, rows[hit.ordinal]) }
                if hit.distance != exact || Int(hit.ordinal) >= after {
                    failures.add("\(hit) of \(after), not \(exact)")
                }
            }
            reader.leave()
            // At first few rows are linked; later, only what is deleted meanwhile is missing.
            let deleted =
                deletions.count.load(ordering: .sequentiallyConsistent) - deletionsBefore
            if before > 500, scratch.count + deleted < 20 {
                failures.add("\(scratch.count) results of \(before), \(deleted) deleted")
            }
            searches.count.wrappingAdd(1, ordering: .relaxed)
        }
    }
}

private final class Flag: Sendable {
    let value = Atomic<Bool>(false)
}

private final class Counter: Sendable {
    let count = Atomic<Int>(0)
}

private final class Failures: Sendable {
    let list = Mutex<[String]>([])

    func add(_ failure: String) { list.withLock { $0.append(failure) } }
}
