internal import CPalateKernels

/// A query in the form that sketches of links are compared by: scratch, reused from query to query.
package struct SketchQuery: Sendable {
    /// Signs of a link.
    package static let signCount = 4 * Int(pk_sketch_groups)

    /// What a group of four signs counts, in units of `scale` and from the least on; shape
    /// [groups, 16].
    package private(set) var table = [UInt8](repeating: 0, count: 16 * Int(pk_sketch_groups))
    /// What one step in the table is.
    package private(set) var scale: Float = 0
    /// The sum over components and signs where the table's sum is 0.
    package private(set) var offset: Float = 0

    /// For the zero vector.
    package init() {}

    /// Makes a vector the query; allocates nothing.
    ///
    /// The sum of +-u over signs x is `offset + scale * (the table's sum)` within 16 halves of a
    /// step, where a step is a 255th of what the widest group spans.
    ///
    /// - Parameter vector: u, shape [>= `signCount`]; of more, the first are used.
    package mutating func prepare(_ vector: Span<Float>) {
        precondition(vector.count >= Self.signCount, "too few components")
        var widest: Float = 0
        var total: Float = 0
        for group in 0..<Int(pk_sketch_groups) {
            var span: Float = 0
            for place in 0..<4 { span += vector[4 * group + place].magnitude }
            widest = max(widest, span)
            total += span
        }
        offset = -total
        scale = 2 * widest / 255
        let perStep = widest > 0 ? 127.5 / widest : 0
        for group in 0..<Int(pk_sketch_groups) { fill(group, vector, perStep) }
    }

    /// Writes the sixteen sums of one group.
    private mutating func fill(_ group: Int, _ vector: Span<Float>, _ perStep: Float) {
        var sums = InlineArray<16, Float>(repeating: 0)
        for place in 0..<4 {
            let step = 2 * perStep * vector[4 * group + place]
            // From here on the sums are of the least one: a negative step is the absent sign's.
            let (set, clear) = step > 0 ? (step, 0) : (0, -step)
            let bit = 1 << place
            for signs in 0..<bit {
                sums[bit + signs] = sums[signs] + set
                sums[signs] += clear
            }
        }
        for signs in 0..<16 {
            table[16 * group + signs] = UInt8(min(255, sums[signs] + 0.5))
        }
    }
}
