/// Gain of a candidate: (1 - share) * relevance - share * largest cosine so far.
struct LargestCosineGain: MarginalGain, Sendable {
    private var share: Float = 0
    /// Shape [n]: (1 - share) * relevance.
    private var bases: [Float] = []
    /// Shape [n]: never below the gain.
    private var bounds: [Float] = []
    /// Shape [n]: the largest cosine measured; -1 before anything was.
    private var largest: [Float] = []
    /// Shape [n]: seeds, then results, measured.
    private var measured: [Int32] = []
    /// The slate so far.
    private var slate: [Int] = []

    init() {}

    /// Starts a slate; parameters as `ResidualGain.load`.
    mutating func load(share: Float, relevance: [Float], from input: SlateInput) {
        precondition(input.count == 0 || !input.vectors.isEmpty, "a builder of vectors")
        self.share = share
        slate.removeAll(keepingCapacity: true)
        refill(&largest, with: -1, count: input.count)
        refill(&measured, with: 0, count: input.count)
        bases.removeAll(keepingCapacity: true)
        bounds.removeAll(keepingCapacity: true)
        for value in relevance {
            bases.append((1 - share) * value)
            bounds.append((1 - share) * value + share)
        }
    }

    func bound(of candidate: Int) -> Float { bounds[candidate] }

    func ceiling(of candidate: Int) -> Float { bases[candidate] + share }

    mutating func gain(of candidate: Int, from floor: Float, in input: SlateInput) -> Float? {
        let vector = input.vector(candidate)
        let seedCount = input.seedCount
        let count = seedCount + slate.count
        var next = Int(measured[candidate])
        var bound = bounds[candidate]
        while next < count && bound >= floor {
            let other =
                next < seedCount ? input.seed(next) : input.vector(slate[next - seedCount])
            let cosine = input.cosine(other, vector)
            if cosine > largest[candidate] {
                largest[candidate] = cosine
                bound = bases[candidate] - share * cosine
            }
            next += 1
        }
        bounds[candidate] = bound
        measured[candidate] = Int32(next)
        return next == count ? bound : nil
    }

    mutating func take(_ candidate: Int, from input: SlateInput) { slate.append(candidate) }
}
