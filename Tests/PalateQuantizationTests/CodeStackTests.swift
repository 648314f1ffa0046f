import PalateModel
import PalateQuantization
import TestKit
import Testing

/// The ladder as schemas spell it: single rungs, and coarse ones refined by finer ones.
private let stackNames = [
    "float32", "sq8", "sq4", "sq8+f16", "sq4+sq8", "sq4+bf16", "sq4+sq16", "pca24.sq8+f16",
    "sq4+sq13", "sq8+sq13",
]

private struct OutOfAddressSpace: Error {}

/// A trained stack with its sample stored, and queries near it.
private struct StackFixture {
    let stack: CodeStack
    let rows: StackRows
    let sample: ClusteredVectors
    let queries: [[Float]]
    let metric: any Metric

    init(_ name: String, metric: String, count: Int = 600, dimensions: Int = 48) throws {
        var generator = SeededGenerator(seed: testSeed())
        let sample = ClusteredVectors(count: count, dimensions: dimensions, using: &generator)
        self.sample = sample
        self.metric = try MetricRegistry.named(metric)
        stack = try CodeStack.train(
            named: name,
            sample.values.span,
            count: count,
            dimensions: dimensions,
            metric: self.metric
        )
        guard let rows = stack.makeRows(capacity: count) else { throw OutOfAddressSpace() }
        self.rows = rows
        stack.store(sample.values.span, from: 0, into: rows)
        var queries: [[Float]] = []
        for _ in 0..<20 {
            let source = Int.random(in: 0..<count, using: &generator)
            queries.append(sample[source].map { $0 + 0.1 * generator.normal() })
        }
        self.queries = queries
    }

    /// The stack that these parameters make.
    func reading(_ parameters: [UInt8]) throws -> CodeStack {
        try CodeStack(
            named: stack.name,
            parameters: parameters.span.rawBytes,
            dimensions: sample.dimensions,
            metric: metric
        )
    }

    /// All rows by the codes, nearest first: what a search over the whole graph would find.
    func hits(_ query: [Float]) -> [Hit] {
        let ordinals = (0..<Ordinal(sample.count)).map { $0 }
        var prepared = PreparedQuery()
        stack.codes.prepare(query.span, into: &prepared)
        var distances = [Float](repeating: 0, count: ordinals.count)
        var span = distances.mutableSpan
        stack.makeScorer(prepared, over: rows).score(ordinals.span, into: &span)
        return zip(ordinals, distances).map { Hit(ordinal: $0, distance: $1) }
            .sorted { ($0.distance, $0.ordinal) < ($1.distance, $1.ordinal) }
    }

    /// The same by the finest codes alone: the oracle of refining.
    func exhaustive(_ query: [Float]) throws -> [Hit] {
        let finestRows = rows.finer ?? rows.codes
        let ordinals = (0..<Ordinal(sample.count)).map { $0 }
        var prepared = PreparedQuery()
        stack.finest.prepare(query.span, into: &prepared)
        var distances = [Float](repeating: 0, count: ordinals.count)
        var span = distances.mutableSpan
        stack.finest.makeScorer(prepared, over: finestRows).score(ordinals.span, into: &span)
        return zip(ordinals, distances).map { Hit(ordinal: $0, distance: $1) }
            .sorted { ($0.distance, $0.ordinal) < ($1.distance, $1.ordinal) }
    }
}

@Suite struct CodeStackTests {
    @Test(arguments: stackNames, ["l2", "ip", "cosine"])
    func `refining by the margin finds what the finest codes alone would`(
        name: String,
        metric: String
    ) throws {
        let fixture = try StackFixture(name, metric: metric)
        var scratch = RefineScratch()
        var agreed = 0
        for query in fixture.queries {
            var hits = fixture.hits(query)
            fixture.stack.refine(&hits, for: query.span, k: 10, rows: fixture.rows, &scratch)
            #expect(hits.count == fixture.sample.count)
            let truth = Set(try fixture.exhaustive(query).prefix(10).map(\.ordinal))
            agreed += hits.prefix(10).count { truth.contains($0.ordinal) }
        }
        #expect(agreed >= 198, "of 200")
    }

    @Test(arguments: [0, 1, 10, 37, 600])
    func `refines exactly as many hits as it is told`(count: Int) throws {
        let fixture = try StackFixture("sq4+f16", metric: "l2")
        var scratch = RefineScratch()
        let query = fixture.queries[0]
        let before = fixture.hits(query)
        var after = before
        fixture.stack.refine(
            &after,
            for: query.span,
            k: 10,
            count: count,
            rows: fixture.rows,
            &scratch
        )
        let fine = Dictionary(
            uniqueKeysWithValues: try fixture.exhaustive(query)
                .map { ($0.ordinal, $0.distance) }
        )
        let refined = after.prefix(count)
        #expect(Set(refined.map(\.ordinal)) == Set(before.prefix(count).map(\.ordinal)))
        #expect(refined.allSatisfy { fine[$0.ordinal] == $0.distance })
        #expect(zip(refined, refined.dropFirst()).allSatisfy { $0.distance <= $1.distance })
        #expect(after.dropFirst(count) == before.dropFirst(count))
    }

    @Test(arguments: stackNames)
    func `reads back the parameters it wrote`(name: String) throws {
        let fixture = try StackFixture(name, metric: "cosine", count: 200)
        let parameters = fixture.stack.parameters
        let read = try fixture.reading(parameters)
        #expect(read.parameters == parameters)
        #expect(read.margin == fixture.stack.margin)
        #expect(read.codeBytes == fixture.stack.codeBytes)
        for end in 0..<min(parameters.count, 64) {
            let cut = Array(parameters[..<end])
            #expect(throws: QuantizationError.self) {
                _ = try fixture.reading(cut)
            }
        }
    }

    @Test(arguments: ["", "+", "sq8+", "+sq8", "sq8+f16+f16", "sq9", "sq8 + f16"])
    func `refuses names it does not know`(name: String) {
        #expect(throws: QuantizationError.self) { _ = try CodeStack.recipes(named: name) }
    }

    @Test func `a margin that no training writes is damage`() throws {
        let fixture = try StackFixture("sq4+sq8", metric: "l2", count: 100)
        for bits: UInt32 in [0x7fc0_0000, 0x7f80_0000, 0xbf80_0000] {
            var parameters = fixture.stack.parameters
            for byte in 0..<4 { parameters[byte] = UInt8(truncatingIfNeeded: bits >> (8 * byte)) }
            let damaged = parameters
            #expect(throws: QuantizationError.corruptParameter(name: "margin", bits: bits)) {
                _ = try fixture.reading(damaged)
            }
        }
    }

    @Test func `preparing and refining keep no byte of the heap after warming up`() throws {
        for name in stackNames {
            let fixture = try StackFixture(name, metric: "l2", count: 300)
            let heap = try #require(HeapReport())
            var prepared = PreparedQuery()
            var scratch = RefineScratch()
            let found = fixture.hits(fixture.queries[0])
            var hits = found
            var isQuiet = false
            for round in 0..<2_000 where !isQuiet {
                if round > 0 { heap.take() }
                for query in fixture.queries.prefix(5) {
                    hits.replaceSubrange(0..<hits.count, with: found)
                    fixture.stack.codes.prepare(query.span, into: &prepared)
                    fixture.stack.refine(
                        &hits,
                        for: query.span,
                        k: 10,
                        rows: fixture.rows,
                        &scratch
                    )
                }
                isQuiet = round > 0 && heap.takeIsUnchanged()
            }
            #expect(isQuiet, "\(name)")
        }
    }
}
