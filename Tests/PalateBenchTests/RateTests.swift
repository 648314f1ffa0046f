import PalateBench
import Testing

@Suite struct RateTests {
    private static func points(_ pairs: [(Double, Double)]) -> [OperatingPoint] {
        pairs.enumerated()
            .map {
                OperatingPoint(beamWidth: 10 + $0.offset, recall: $0.element.0, rate: $0.element.1)
            }
    }

    // The examples of tools/tests/test_measures.py, for `rate_at` of benchmarks/recall.py.

    @Test func `interpolates the logarithm of the rate`() throws {
        let points = Self.points([(0.9, 1_000), (1, 100)])
        let middle = try #require(points.rate(atRecall: 0.95))
        #expect(abs(middle.rate - (100_000.0).squareRoot()) < 1e-6)
        #expect(!middle.isLowerBound)
        let end = try #require(points.rate(atRecall: 1))
        #expect(abs(end.rate - 100) < 1e-9)
    }

    @Test func `has no rate beyond the highest recall and a bound below the lowest`() throws {
        let points = Self.points([(0.9, 1_000), (0.95, 500)])
        #expect(points.rate(atRecall: 0.99) == nil)
        #expect(
            points.rate(atRecall: 0.5) == InterpolatedRate(rate: 1_000, isLowerBound: true)
        )
        #expect(
            points.rate(atRecall: 0.9) == InterpolatedRate(rate: 1_000, isLowerBound: false)
        )
        #expect([OperatingPoint]().rate(atRecall: 0.5) == nil)
    }

    @Test func `leaves out points that another beats in both`() {
        let all = Self.points([(0.9, 1_000), (0.91, 300), (0.95, 500)])
        #expect(all.front.map(\.recall) == [0.9, 0.95])
        #expect(
            all.rate(atRecall: 0.91)
                == Self.points([(0.9, 1_000), (0.95, 500)]).rate(atRecall: 0.91)
        )
        let level = Self.points([(0.9, 500), (0.95, 500)])
        #expect(level.front.map(\.recall) == [0.95])
    }

    // MARK: Beams

    @Test func `widens beams by halves and thirds up to the limit`() {
        #expect(BeamSeries.widths(from: 10, limit: 100) == [10, 15, 20, 30, 40, 60, 80, 100])
        #expect(BeamSeries.widths(from: 10, limit: 80) == [10, 15, 20, 30, 40, 60, 80])
        #expect(BeamSeries.widths(from: 1, limit: 9) == [1, 2, 3, 4, 6, 8, 9])
        #expect(BeamSeries.widths(from: 10, limit: 10) == [10])
        #expect(BeamSeries.widths(from: 10, limit: 3) == [10])
    }

    @Test func `stops where enough is found or twice the beam finds no more`() {
        func isOver(_ recalls: [Double]) -> Bool {
            BeamSeries.isOver(
                zip([10, 15, 20, 30, 40], recalls)
                    .map { OperatingPoint(beamWidth: $0, recall: $1, rate: 1) }
            )
        }
        #expect(!isOver([]))
        #expect(!isOver([0.5]))
        #expect(isOver([0.9995]))
        // A beam once and a half as wide does not tell yet.
        #expect(!isOver([0.7, 0.7]))
        #expect(isOver([0.7, 0.7, 0.7]))
        #expect(!isOver([0.7, 0.8, 0.9, 0.9]))
        #expect(isOver([0.7, 0.8, 0.9, 0.9, 0.9004]))
        #expect(!isOver([0.7, 0.8, 0.9, 0.9, 0.9006]))
    }
}
