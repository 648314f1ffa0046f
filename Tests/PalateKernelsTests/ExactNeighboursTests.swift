import PalateKernels
import PalateModel
import TestKit
import Testing

@Suite struct ExactNeighboursTests {
    @Test func `all inner products equal the plain sums`() {
        var generator = SeededGenerator(seed: testSeed())
        let left = randomFloats(7 * 19, using: &generator)
        let right = randomFloats(5 * 19, using: &generator)
        var products = [Float](repeating: .nan, count: 35)
        var span = products.mutableSpan
        Matrix.innerProducts(
            left: left.span,
            leftCount: 7,
            right: right.span,
            rightCount: 5,
            dimensions: 19,
            into: &span
        )
        for one in 0..<7 {
            for other in 0..<5 {
                let row = left[one * 19..<one * 19 + 19]
                let column = right[other * 19..<other * 19 + 19]
                let expected = -BruteForce.distance("ip", row, column)
                let error = (Double(products[one * 5 + other]) - expected).magnitude
                #expect(error <= tolerance(19, magnitude(row, column)))
            }
        }
    }

    /// More rows and queries than one block of 64 x 4,096 holds.
    @Test(arguments: ["l2", "ip"])
    func `blocks give the nearest rows of brute force`(metric: String) {
        var generator = SeededGenerator(seed: testSeed())
        let rows = ClusteredVectors(count: 4_200, dimensions: 8, using: &generator)
        let queries = ClusteredVectors(count: 66, dimensions: 8, using: &generator)
        let found = ExactNeighbours.find(
            10,
            queries: queries.values.span,
            queryCount: queries.count,
            rows: rows.values.span,
            rowCount: rows.count,
            dimensions: 8,
            ranking: metric == "l2" ? .squaredEuclidean : .innerProduct
        )
        #expect(found.count == 660)
        for query in [0, 1, 63, 64, 65] {
            let hits = found[query * 10..<query * 10 + 10]
            let truth = BruteForce.nearest(10, to: queries[query], in: rows, metric: metric)
            // Ties within rounding may swap; the distances may not.
            for (hit, row) in zip(hits, truth) where Int(hit.ordinal) != row {
                let one = BruteForce.distance(metric, queries[query], rows[Int(hit.ordinal)])
                let other = BruteForce.distance(metric, queries[query], rows[row])
                #expect((one - other).magnitude < 1e-4)
            }
            #expect(hits.map(\.distance) == hits.map(\.distance).sorted())
        }
    }
}
