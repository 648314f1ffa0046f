package import PalateModel

/// What shapes a graph; fixed when the collection is created.
package struct GraphParameters: Equatable, Sendable {
    /// M: the most links of a node on an upper level; level 0 holds twice as many.
    package let neighbours: Int
    /// efConstruction: the beam width of the searches that link a new node.
    package let buildBeamWidth: Int
    /// Feeds the level draw; the same seed and ordinal give the same level on every machine.
    package let seed: UInt64

    /// Rows that an insertion's search remembers, and the heuristic chooses from, per place of its
    /// beam (deviation 9 in `LiveGraph.swift`).
    private static let rememberedPerPlace = 8

    /// Parameters within `Limits.neighbours` and `Limits.buildBeamWidth`.
    package init(neighbours: Int = 16, buildBeamWidth: Int = 100, seed: UInt64 = 0) {
        precondition(Limits.neighbours.contains(neighbours), "neighbours out of limits")
        precondition(Limits.buildBeamWidth.contains(buildBeamWidth), "beam width out of limits")
        self.neighbours = neighbours
        self.buildBeamWidth = buildBeamWidth
        self.seed = seed
    }

    /// The candidates for a new node's links on one level.
    package var candidatesMax: Int {
        min(Self.rememberedPerPlace * buildBeamWidth, max(buildBeamWidth, Self.candidatesLimit))
    }
    private static let candidatesLimit = 1_600

    /// Levels are 0 to this; with M = 2 only one node in 32,768 would be drawn higher.
    package static let levelMax = 15

    /// The most links of a node on `level`.
    package func degreeMax(level: Int) -> Int { level == 0 ? 2 * neighbours : neighbours }

    /// The level of a row: P(level >= l) = M^-l, the distribution of section 4.1 of the paper.
    ///
    /// Drawn in integers from SplitMix64 of (seed, ordinal), so that linking a row again after a
    /// crash gives it the same level, whatever the thread and the machine.
    package func level(of ordinal: Ordinal) -> Int {
        let mixed = SplitMix64.number(UInt64(ordinal), seed: seed)
        var level = 0
        var bound = UInt64.max / UInt64(neighbours)
        while mixed < bound, level < Self.levelMax {
            level += 1
            bound /= UInt64(neighbours)
        }
        return level
    }
}
