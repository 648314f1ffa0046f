import PalateKernels
import TestKit
import Testing

@Suite struct EigenvectorTests {
    @Test(arguments: [1, 2, 7, 64], [1, 0])
    func `leading eigenvectors are orthonormal and stretched by the largest values`(
        dimensions: Int,
        fewer: Int
    ) throws {
        var generator = SeededGenerator(seed: testSeed())
        let count = max(1, dimensions - fewer * dimensions / 2)
        let rows = randomFloats(5 * dimensions * dimensions, using: &generator)
        var moments = [Float](repeating: 0, count: dimensions * dimensions)
        var span = moments.mutableSpan
        // In two parts: they are added.
        let part = 2 * dimensions * dimensions
        Matrix.addMoments(rows.span.extracting(0..<part), dimensions: dimensions, into: &span)
        Matrix.addMoments(rows.span.extracting(part...), dimensions: dimensions, into: &span)
        let full = { (row: Int, column: Int) in
            Double(moments[min(row, column) * dimensions + max(row, column)])
        }
        for row in 0..<dimensions {
            for column in row..<dimensions {
                let exact = (0..<rows.count / dimensions).reduce(0.0) { sum, at in
                    sum + Double(rows[at * dimensions + row])
                        * Double(rows[at * dimensions + column])
                }
                #expect((full(row, column) - exact).magnitude < 1e-3 * (1 + exact.magnitude))
            }
        }
        var copy = moments
        var destroyed = copy.mutableSpan
        let vectors = try #require(
            Matrix.leadingEigenvectors(of: &destroyed, dimensions: dimensions, count: count)
        )
        var last = Double.infinity
        for index in 0..<count {
            let vector = vectors[index * dimensions..<(index + 1) * dimensions].map { Double($0) }
            let image = (0..<dimensions).map { row in
                (0..<dimensions).reduce(0) { $0 + full(row, $1) * vector[$1] }
            }
            let value = zip(image, vector).reduce(0) { $0 + $1.0 * $1.1 }
            for (one, other) in zip(image, vector) {
                #expect((one - value * other).magnitude < 1e-3 * (1 + value))
            }
            #expect(value <= last * 1.0001)
            last = value
            for other in 0...index {
                let second = vectors[other * dimensions..<(other + 1) * dimensions]
                let product = zip(vector, second).reduce(0) { $0 + $1.0 * Double($1.1) }
                // Of near eigenvalues single precision gives up to 1.6e-4 (a seed among many).
                #expect((product - (other == index ? 1 : 0)).magnitude < 5e-4)
            }
        }
        // The trace holds what is left for the others, none of it more than the least kept.
        let trace = (0..<dimensions).reduce(0) { $0 + full($1, $1) }
        #expect(last * Double(dimensions) <= trace * 1.001 || count < dimensions)
    }

    @Test func `a matrix that is not finite has none`() {
        var moments: [Float] = [.nan, .nan, .nan, .nan]
        var span = moments.mutableSpan
        #expect(Matrix.leadingEigenvectors(of: &span, dimensions: 2, count: 1) == nil)
    }
}
