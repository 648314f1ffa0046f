/// Chooses and orders a few of many candidates so that they are good and unlike each other.
///
/// Contract, tested over the registry: distinct positions, as many as asked for or as there are;
/// diversity 0 is the order of relevance exactly, ties by position; same input, same answer; more
/// diversity does not make a slate of clustered vectors more alike.
package protocol SlateBuilder: Sendable {
    /// The name in requests and in the registry.
    static var name: String { get }

    /// Selects a slate.
    ///
    /// - Parameters:
    ///   - count: k, results wanted.
    ///   - diversity: the knob of `SlateScratch.unlikenessShare`.
    ///   - relevance: shape [n], in any unit; larger is better.
    ///   - vectors: row-major [n, dimensions], unit length.
    ///   - dimensions: of one vector, above 0.
    ///   - scratch: reused memory.
    /// - Returns: positions of the candidates, best first.
    static func select(
        count: Int,
        diversity: Float,
        relevance: Span<Float>,
        vectors: Span<Float>,
        dimensions: Int,
        scratch: inout SlateScratch
    ) -> [Int]
}

/// A slate builder's memory, leased per query and reused.
package struct SlateScratch: Sendable {
    /// The candidates' vectors, padded with zeros: row-major [n, blocks].
    private var rows: [SIMD8<Float>] = []
    private var blocks = 0
    /// Shape [n]: relevance brought to 0...1.
    var relevance: [Float] = []
    /// Shape [n]: cosines of every candidate to the last one chosen.
    var cosines: [Float] = []
    /// Shape [n]: the builder's own state per candidate.
    var state: [Float] = []
    /// The builder's own, ring of [window, n].
    var ring: [Float] = []
    /// Shape [n].
    var isChosen: [Bool] = []

    /// Empty; grows to fit on first use.
    package init() {}

    /// What unlikeness counts beside relevance, both in 0...1: the square of the knob.
    ///
    /// 0 = by relevance alone, 1 = by unlikeness alone. Squared because recall falls off a cliff
    /// between shares of 0.3 and 0.5: on pinterest37k, 20 of 200, sliding spectrum, Recall@20 and
    /// intra-list distance are 0.147 and 0.534 at share 0, 0.148 and 0.570 at 0.2, 0.146 and 0.599
    /// at 0.3, 0.116 and 0.752 at 0.5. So the
    /// middle of the knob costs 0.4 % of recall for 9 % of distance.
    ///
    /// - Parameter diversity: clipped to 0...1; not a number counts as 0.
    /// - Returns: in 0...1.
    static func unlikenessShare(_ diversity: Float) -> Float {
        guard diversity > 0 else { return 0 }
        return min(diversity, 1) * min(diversity, 1)
    }

    /// Copies the candidates in.
    ///
    /// Rows of eight floats at once make the dot products below as fast as the build's baseline
    /// (SSE2) allows, without a reduction order that depends on the compiler.
    mutating func load(relevance: Span<Float>, vectors: Span<Float>, dimensions: Int) {
        let count = relevance.count
        precondition(dimensions > 0, "vectors have components")
        precondition(vectors.count == count * dimensions, "vectors are [n, dimensions]")
        blocks = (dimensions + 7) / 8
        rows.removeAll(keepingCapacity: true)
        rows.reserveCapacity(count * blocks)
        for row in 0..<count {
            let vector = vectors.extracting(row * dimensions..<(row + 1) * dimensions)
            for block in 0..<blocks {
                var lanes = SIMD8<Float>(repeating: 0)
                let start = block * 8
                if start + 8 <= dimensions {
                    let part = vector.extracting(start..<start + 8)
                    for lane in 0..<8 { lanes[lane] = part[lane] }
                } else {
                    for lane in 0..<dimensions - start { lanes[lane] = vector[start + lane] }
                }
                rows.append(lanes)
            }
        }
        self.relevance.removeAll(keepingCapacity: true)
        for index in relevance.indices { self.relevance.append(relevance[index]) }
        self.relevance = TasteScorer.normalised(self.relevance)
        Self.fill(&cosines, with: 0, count: count)
        Self.fill(&state, with: 0, count: count)
        isChosen.removeAll(keepingCapacity: true)
        isChosen.append(contentsOf: repeatElement(false, count: count))
    }

    /// Writes the cosine of every candidate to candidate `chosen` into `cosines`.
    mutating func measure(to chosen: Int) {
        var values = Self.take(&cosines)
        measure(to: chosen, into: &values)
        cosines = values
    }

    private func measure(to chosen: Int, into cosines: inout [Float]) {
        let rows = rows.span
        let query = rows.extracting(chosen * blocks..<(chosen + 1) * blocks)
        var cosine = cosines.mutableSpan
        for candidate in cosine.indices {
            let row = rows.extracting(candidate * blocks..<(candidate + 1) * blocks)
            var sum = SIMD8<Float>(repeating: 0)
            for block in 0..<blocks { sum += query[block] * row[block] }
            cosine[candidate] = sum.sum()
        }
    }

    /// Squared length of one candidate's vector.
    func squaredLength(of candidate: Int) -> Float {
        var sum = SIMD8<Float>(repeating: 0)
        for block in candidate * blocks..<(candidate + 1) * blocks {
            sum += rows[block] * rows[block]
        }
        return sum.sum()
    }

    /// Makes `values` `count` copies of one value, in the same buffer.
    static func fill(_ values: inout [Float], with value: Float, count: Int) {
        values.removeAll(keepingCapacity: true)
        values.append(contentsOf: repeatElement(value, count: count))
    }

    /// Positions by falling relevance, ties by position: the slate of diversity 0.
    static func byRelevance(_ relevance: Span<Float>, count: Int) -> [Int] {
        let values = relevance.indices.map { relevance[$0] }
        let order = values.indices.sorted {
            values[$0] != values[$1] ? values[$0] > values[$1] : $0 < $1
        }
        return Array(order.prefix(max(count, 0)))
    }

    /// Moves an array out, to be put back by the caller.
    static func take(_ values: inout [Float]) -> [Float] {
        var taken: [Float] = []
        swap(&taken, &values)
        return taken
    }
}
