import Glibc
import PalateKernels
import PalateModel
import PalateTaste
import TestKit

/// Candidates of a slate, clustered, with whatever a builder may read.
struct SlatePool {
    var relevance: [Float]
    var vectors: [Float]
    var dimensions: Int
    var seeds: [Float] = []
    var clusters: [Int32] = []
    var targets: [Float] = []
    var groups: [Int32] = []

    /// Rows given one by one, of equal relevance.
    init(rows: [[Float]]) {
        relevance = [Float](repeating: 0, count: rows.count)
        vectors = rows.flatMap { $0 }
        dimensions = rows.first?.count ?? 1
    }

    /// Random rows; the first is the most relevant one and its cluster follows, as a search has it.
    init(_ count: Int, dimensions: Int, clusters: Int = 8, using generator: inout SeededGenerator) {
        let rows = Vectors(
            ClusteredVectors(
                count: count,
                dimensions: dimensions,
                clusters: clusters,
                using: &generator
            )
        )
        vectors = rows.units
        self.dimensions = dimensions
        relevance = (0..<count).map { row in
            count == 0 ? 0 : rows.cosine(0, ItemID(row)) + 0.05 * generator.normal()
        }
        // A cluster = the rows within a cosine of 0.85 of its first, all wanted alike.
        var leaders: [Int] = []
        for row in 0..<count {
            let near = leaders.firstIndex { cosine($0, row) > 0.85 }
            self.clusters.append(Int32(near ?? leaders.count))
            if near == nil { leaders.append(row) }
        }
        targets = [Float](repeating: 1, count: leaders.count)
    }

    var count: Int { relevance.count }

    func row(_ index: Int) -> [Float] {
        Array(vectors[index * dimensions..<(index + 1) * dimensions])
    }

    func cosine(_ left: Int, _ right: Int) -> Double { dot(row(left), row(right)) }

    func select(
        _ builder: any SlateBuilder.Type,
        _ count: Int,
        _ diversity: Float,
        rules: SlateRules = SlateRules()
    ) -> [Int] {
        var scratch = SlateScratch()
        return select(builder, count, diversity, rules: rules, scratch: &scratch)
    }

    func select(
        _ builder: any SlateBuilder.Type,
        _ count: Int,
        _ diversity: Float,
        rules: SlateRules = SlateRules(),
        kernels: KernelTable = .best,
        scratch: inout SlateScratch
    ) -> [Int] {
        let input = SlateInput(
            relevance: relevance.span,
            vectors: vectors.span,
            dimensions: dimensions,
            seeds: seeds.span,
            clusters: clusters.span,
            clusterTargets: targets.span,
            groups: groups.span,
            kernels: kernels
        )
        return builder.select(
            count: count,
            diversity: diversity,
            from: input,
            rules: rules,
            scratch: &scratch
        )
    }

    /// Drops the candidates from `count` on.
    mutating func keepFirst(_ count: Int) {
        relevance.removeLast(self.count - count)
        vectors.removeLast(vectors.count - count * dimensions)
        if !clusters.isEmpty { clusters.removeLast(clusters.count - count) }
    }

    /// Mean of 1 - cosine over all pairs.
    func distance(within slate: [Int]) -> Double {
        var sum = 0.0
        for (rank, one) in slate.enumerated() {
            for other in slate[..<rank] { sum += 1 - cosine(one, other) }
        }
        return sum / Double(slate.count * (slate.count - 1) / 2)
    }

    /// The order of diversity 0.
    var byRelevance: [Int] {
        (0..<count).sorted {
            let left = relevance[$0].isNaN ? -.infinity : relevance[$0]
            let right = relevance[$1].isNaN ? -.infinity : relevance[$1]
            return left != right ? left > right : $0 < $1
        }
    }
}

/// The inner product of two floats vectors, in Double.
func dot(_ left: [Float], _ right: [Float]) -> Double {
    zip(left, right).reduce(0) { $0 + Double($1.0) * Double($1.1) }
}

/// log det of the inner products of `rows`, by elimination with pivots; -infinity when singular.
func logDeterminant(_ rows: [[Float]]) -> Double {
    var matrix = rows.map { left in rows.map { dot(left, $0) } }
    var sum = 0.0
    for step in matrix.indices {
        let pivot = (step..<matrix.count).max { abs(matrix[$0][step]) < abs(matrix[$1][step]) }
        guard let pivot, abs(matrix[pivot][step]) > 1e-14 else { return -.infinity }
        matrix.swapAt(step, pivot)
        sum += log(abs(matrix[step][step]))
        for row in step + 1..<matrix.count {
            let factor = matrix[row][step] / matrix[step][step]
            for column in step..<matrix.count {
                matrix[row][column] -= factor * matrix[step][column]
            }
        }
    }
    return sum
}

extension Double {
    /// The natural logarithm.
    var logarithm: Double { log(self) }
}
