import PalateModel
import PalateQuantization
import TestKit
import Testing

@Suite struct RegistryTests {
    private static let quantizers = [
        "float32", "sq8", "f16", "bf16", "sq4", "rq1", "rq2", "sq16", "sq13",
    ]

    @Test func `names and tags find their own entries and no others`() throws {
        for metric in MetricRegistry.all {
            #expect(try MetricRegistry.named(metric.name).tag == metric.tag)
            #expect(try MetricRegistry.tagged(metric.tag).name == metric.name)
        }
        for quantizer in QuantizerRegistry.all {
            #expect(try QuantizerRegistry.named(quantizer.name).base == quantizer)
            #expect(try QuantizerRegistry.tagged(quantizer.tag) == quantizer)
        }
        #expect(Set(MetricRegistry.all.map(\.tag)).count == MetricRegistry.all.count)
        #expect(Set(QuantizerRegistry.all.map { $0.tag }).count == QuantizerRegistry.all.count)
    }

    /// On disk for ever: a changed number here is a changed format.
    @Test func `names and tags are what files hold`() {
        #expect(MetricRegistry.all.map(\.name) == ["l2", "ip", "cosine"])
        #expect(MetricRegistry.all.map(\.tag) == [1, 2, 3])
        #expect(QuantizerRegistry.all.map { $0.name } == Self.quantizers)
        #expect(QuantizerRegistry.all.map { $0.tag } == [1, 2, 3, 4, 5, 6, 7, 8, 9])
    }

    @Test func `an unknown name or tag is an error that lists what there is`() {
        #expect(
            throws: QuantizationError.unknownMetric(
                got: "L2",
                expected: ["l2", "ip", "cosine"]
            )
        ) { _ = try MetricRegistry.named("L2") }
        #expect(throws: QuantizationError.unknownMetricTag(got: 0, expected: [1, 2, 3])) {
            _ = try MetricRegistry.tagged(0)
        }
        #expect(
            throws: QuantizationError.unknownQuantizer(got: "", expected: Self.quantizers)
        ) { _ = try QuantizerRegistry.named("") }
        #expect(
            throws: QuantizationError.unknownQuantizerTag(
                got: 255,
                expected: [1, 2, 3, 4, 5, 6, 7, 8, 9]
            )
        ) { _ = try QuantizerRegistry.tagged(255) }
    }

    @Test func `similarity is larger where the distance is smaller`() {
        for metric in MetricRegistry.all {
            #expect(
                metric.similarity(fromDistance: 0.25) > metric.similarity(fromDistance: 0.5)
            )
        }
        #expect(Cosine().similarity(fromDistance: 0.25) == 0.75)
        #expect(InnerProduct().similarity(fromDistance: -3) == 3)
        #expect(SquaredEuclidean().similarity(fromDistance: 4) == -4)
    }

    @Test(arguments: Pairing.base)
    func `samples no training can use are refused`(pairing: Pairing) {
        let cases: [([Float], Int, Int, QuantizationError)] = [
            ([], 1, 0, .dimensions(got: 0, expected: Limits.dimensions)),
            ([], 1, 16_385, .dimensions(got: 16_385, expected: Limits.dimensions)),
            ([], 0, 4, .emptySample),
            ([1, 2, 3], 1, 4, .sampleShape(got: 3, expected: 4)),
            ([1, 2, 3, .nan], 2, 2, .badComponent(row: 1, column: 1)),
            ([1, .infinity, 3, 4], 2, 2, .badComponent(row: 0, column: 1)),
            ([1, 2, -2e15, 4], 2, 2, .badComponent(row: 1, column: 0)),
        ]
        for (sample, count, dimensions, expected) in cases {
            #expect(throws: expected) {
                _ = try pairing.quantizer.train(
                    sample.span,
                    count: count,
                    dimensions: dimensions,
                    metric: pairing.metric
                )
            }
        }
    }
}
