/// Row-major vectors around random centres: closer to real embeddings than uniform noise, whose
/// neighbours are all equally far.
package struct ClusteredVectors: Sendable {
    /// Components per row.
    package let dimensions: Int
    /// Rows.
    package let count: Int
    /// Shape [count, dimensions].
    package let values: [Float]

    /// Draws `count` rows around `clusters` centres of unit variance, noise 0.3.
    package init(
        count: Int,
        dimensions: Int,
        clusters: Int = 20,
        using generator: inout SeededGenerator
    ) {
        self.count = count
        self.dimensions = dimensions
        let centres = (0..<clusters * dimensions).map { _ in generator.normal() }
        var values: [Float] = []
        values.reserveCapacity(count * dimensions)
        for _ in 0..<count {
            let centre = Int.random(in: 0..<clusters, using: &generator) * dimensions
            for column in 0..<dimensions {
                values.append(centres[centre + column] + 0.3 * generator.normal())
            }
        }
        self.values = values
    }

    /// Takes vectors that were made otherwise; shape [count, dimensions].
    package init(_ values: [Float], dimensions: Int) {
        self.dimensions = dimensions
        self.values = values
        count = values.count / dimensions
    }

    /// One row.
    package subscript(row: Int) -> ArraySlice<Float> {
        values[row * dimensions..<(row + 1) * dimensions]
    }
}
