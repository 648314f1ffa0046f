import Dispatch
import Glibc
import PalateIndex
import PalateModel
import PalateQuery
import Synchronization
import TestKit
import Testing

/// Whether a generation may become live, and queries while it does.
@Suite struct GenerationQueryTests {
    private static let count = 600
    /// What -O0 has patience for.
    private static let thresholds = CanaryThresholds(samples: 60)

    /// The fixture's live generation (16 components), and vectors of a new model (12 components).
    private struct Models {
        let fixture: QueryFixture
        let renewed: [Float]
        let dimensions = 12

        init() throws {
            fixture = try QueryFixture(count: count, dimensions: 16)
            var generator = SeededGenerator(seed: testSeed())
            let matrix = (0..<16 * dimensions).map { _ in generator.normal() }
            var renewed: [Float] = []
            for row in 0..<count {
                let vector = Array(fixture.vectors[row])
                for column in 0..<dimensions {
                    var sum: Float = 0
                    for index in 0..<16 {
                        sum += vector[index] * matrix[index * dimensions + column]
                    }
                    renewed.append(sum + 0.05 * generator.normal())
                }
            }
            self.renewed = renewed
        }

        /// Loads a candidate: row `rows[i]` of the new model under the id i.
        func load(_ rows: [Int], payloads: Bool = false) throws -> Collection {
            var schema = fixture.collection.info.schema
            schema.dimensions = dimensions
            let handle = fixture.collection.info.handle
            let info = try fixture.directory.createGeneration(
                GenerationCreate(handle: handle, schema: schema)
            )
            let candidate = try fixture.directory.collection(handle: info.handle)
            _ = try candidate.writer.perform(
                .upsert(
                    RowBatch(
                        ids: rows.indices.map(ItemID.init),
                        vectors: rows.flatMap {
                            renewed[$0 * dimensions..<($0 + 1) * dimensions]
                        },
                        payloads: payloads
                            ? rows.indices.map { Array("renewed \($0)".utf8) } : []
                    )
                )
            )
            return candidate
        }

        func check(_ candidate: Collection) throws -> [String: CanaryCheck] {
            var scratch = QueryScratch()
            let checks = try Canary.check(
                candidate,
                against: fixture.collection,
                thresholds,
                scratch: &scratch
            )
            return Dictionary(uniqueKeysWithValues: checks.map { ($0.name, $0) })
        }
    }

    private func failed(_ checks: [String: CanaryCheck]) -> Set<String> {
        Set(checks.values.filter { !$0.isPassed }.map(\.name))
    }

    @Test func `a new model of the same pictures passes`() throws {
        let models = try Models()
        let checks = try models.check(models.load(Array(0..<Self.count)))
        #expect(failed(checks) == [])
        #expect(checks.count == 7)
        #expect(try #require(checks["overlap"]).got > 0.2)
        #expect(try #require(checks["nearer"]).got > 0.9)
    }

    @Test func `vectors under the wrong ids are refused, whatever their recall`() throws {
        let models = try Models()
        var generator = SeededGenerator(seed: testSeed())
        let shuffled = Array(0..<Self.count).shuffled(using: &generator)
        let checks = try models.check(models.load(shuffled))
        #expect(failed(checks) == ["overlap", "nearer"])
        #expect(try #require(checks["recall"]).got > 0.9)
    }

    @Test func `a candidate that lacks items is refused`() throws {
        let models = try Models()
        let checks = try models.check(models.load(Array(0..<Self.count / 2)))
        #expect(failed(checks) == ["rows", "lacking"])
        #expect(try #require(checks["lacking"]).got == 0.5)
    }

    @Test func `an empty candidate is refused, and a first generation has no shift`() throws {
        let models = try Models()
        let candidate = try models.load([])
        let refused = failed(try models.check(candidate))
        #expect(refused.isSuperset(of: ["rows", "recall", "nearer"]))
        var scratch = QueryScratch()
        let checks = try Canary.check(
            models.fixture.collection,
            against: candidate,
            Self.thresholds,
            scratch: &scratch
        )
        #expect(checks.map(\.name) == ["rows", "lacking", "links", "damaged", "recall"])
        #expect(checks.map(\.isPassed) == [true, true, true, true, true])
    }

    @Test func `queries during swaps never fail and never mix generations`() throws {
        let models = try Models()
        let directory = models.fixture.directory
        let handle = models.fixture.collection.info.handle
        let candidate = try models.load(Array(0..<Self.count), payloads: true)
        let isDone = Atomic<Bool>(false)
        let answered = Atomic<Int>(0)
        let generations = ReadWriteLock<Set<UInt64>>([])
        let findings = ReadWriteLock<[String]>([])
        let changes = ReadWriteLock<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 3) { thread in
            if thread == 0 {
                defer { isDone.store(true, ordering: .releasing) }
                do throws(RequestError) {
                    let checked = CheckedCandidate(candidate)
                    // Some answers before each change and after the last.
                    Self.wait(for: 20, answered)
                    _ = try directory.swap(handle, to: checked, isForced: false, now: 1)
                    Self.wait(for: 20, answered)
                } catch {
                    changes.withWriteLock { $0.append("\(error)") }
                }
                return
            }
            var scratch = QueryScratch()
            var step = thread
            while !isDone.load(ordering: .acquiring) {
                step += 1
                let items = (0..<5).map { ItemID((step * 7 + $0) % Self.count) }
                var request = SearchRequest(handle: handle, source: .items(items), k: 8)
                request.parts = .payload
                do throws(RequestError) {
                    let collection = try directory.collection(handle: handle)
                    let response = try Pipeline.answer(
                        request,
                        plan: Planner.plan(request, for: collection),
                        in: collection,
                        now: 0,
                        scratch: &scratch
                    )
                    _ = generations.withWriteLock { $0.insert(response.generation) }
                    // Only the second generation has payloads: a mixed answer would show.
                    let isRenewed = response.generation == 2
                    let isMixed = zip(response.ids, response.payloads).contains { item, payload in
                        payload != (isRenewed ? Array("renewed \(item)".utf8) : [])
                    }
                    if isMixed || response.ids.count != 40 {
                        findings.withWriteLock { $0.append("mixed or short at step \(step)") }
                    }
                } catch {
                    findings.withWriteLock { $0.append("\(error)") }
                }
                answered.wrappingAdd(1, ordering: .relaxed)
            }
        }
        #expect(changes.withReadLock { $0 } == [])
        #expect(findings.withReadLock { $0 } == [])
        #expect(generations.withReadLock { $0 } == [1, 2])
    }

    private static func wait(for count: Int, _ answered: borrowing Atomic<Int>) {
        let target = answered.load(ordering: .relaxed) + count
        while answered.load(ordering: .relaxed) < target { sched_yield() }
    }
}
