import Glibc

/// Gain of a candidate: (1 - share) * relevance - share * divergence of the slate with it.
struct CalibrationGain: MarginalGain, Sendable {
    private var share: Float = 0
    /// Shape [n]: (1 - share) * relevance.
    private var bases: [Float] = []
    /// Shape [n]: cluster + 1, 0 = none.
    private var clusters: [Int32] = []
    /// Shape [c + 1]: p, with 0 for no cluster.
    private var targets: [Float] = []
    /// Shape [c + 1]: results of each cluster so far.
    private var counts: [Int] = []
    /// Shape [c + 1]: -share * divergence of the slate with one more of the cluster.
    private var gains: [Float] = []
    private var largestGain: Float = 0
    private var placed = 0

    init() {}

    /// Starts a slate; parameters as `ResidualGain.load`.
    mutating func load(share: Float, relevance: [Float], from input: SlateInput) {
        self.share = share
        placed = 0
        loadTargets(input.clusterTargets)
        refill(&counts, with: 0, count: targets.count)
        bases.removeAll(keepingCapacity: true)
        clusters.removeAll(keepingCapacity: true)
        for candidate in 0..<input.count {
            let cluster = input.cluster(candidate)
            precondition(cluster >= -1 && cluster + 1 < targets.count, "a cluster without target")
            clusters.append(Int32(cluster + 1))
            bases.append((1 - share) * relevance[candidate])
        }
        measure()
    }

    func bound(of candidate: Int) -> Float { bases[candidate] + gains[Int(clusters[candidate])] }

    func ceiling(of candidate: Int) -> Float { bases[candidate] + largestGain }

    mutating func gain(of candidate: Int, from floor: Float, in input: SlateInput) -> Float? {
        bound(of: candidate)
    }

    mutating func take(_ candidate: Int, from input: SlateInput) {
        counts[Int(clusters[candidate])] += 1
        placed += 1
        measure()
    }

    /// What is negative or not a number counts as 0.
    private mutating func loadTargets(_ given: Span<Float>) {
        refill(&targets, with: 0, count: given.count + 1)
        var total: Float = 0
        for cluster in given.indices where given[cluster] > 0 && given[cluster].isFinite {
            targets[cluster + 1] = given[cluster]
            total += given[cluster]
        }
        for cluster in targets.indices where total > 0 { targets[cluster] /= total }
    }

    /// Fills `gains`: one more of a cluster changes one term of the divergence.
    private mutating func measure() {
        refill(&gains, with: 0, count: targets.count)
        var divergence: Float = 0
        for cluster in targets.indices { divergence += term(cluster, counts[cluster]) }
        for cluster in targets.indices {
            let change = term(cluster, counts[cluster] + 1) - term(cluster, counts[cluster])
            gains[cluster] = -share * (divergence + change)
        }
        largestGain = gains.max() ?? 0
    }

    /// p log(p / q~) of a cluster with `count` of the `placed` + 1 results.
    private func term(_ cluster: Int, _ count: Int) -> Float {
        let target = targets[cluster]
        guard target > 0 else { return 0 }
        let actual = Float(count) / Float(placed + 1)
        let smooth = (1 - Calibration.smoothing) * actual + Calibration.smoothing * target
        return target * log(target / smooth)
    }
}
