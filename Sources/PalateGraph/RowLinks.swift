import PalateModel

/// The links chosen for a new row, from its highest level down.
struct RowLinks: Sendable {
    /// All levels' links, one list after another, the diverse ones of each first.
    private(set) var rows: [Ordinal] = []
    /// Their distances to the new row.
    private(set) var distances: [Float] = []
    /// Where each level's list starts, shape [levels + 1].
    private var starts: [Int] = [0]
    /// Diverse links per level, shape [levels].
    private var diverseCounts: [Int] = []

    /// The row's highest level.
    var level: Int { diverseCounts.count - 1 }

    /// Forgets all links.
    mutating func removeAll() {
        rows.removeAll(keepingCapacity: true)
        distances.removeAll(keepingCapacity: true)
        starts.removeAll(keepingCapacity: true)
        diverseCounts.removeAll(keepingCapacity: true)
        starts.append(0)
    }

    /// Appends what was chosen for the next level down.
    mutating func append(_ selection: NeighbourSelection) {
        rows.append(contentsOf: selection.links)
        distances.append(contentsOf: selection.linkDistances)
        starts.append(rows.count)
        diverseCounts.append(selection.diverseCount)
    }

    /// Where the links of a level stand.
    func range(level: Int) -> Range<Int> {
        let depth = self.level - level
        return starts[depth]..<starts[depth + 1]
    }

    /// Copies a level's links, marking the one to `parent`; returns how many of them are diverse.
    ///
    /// A parent that was not chosen takes the last place of a full list.
    func copyList(
        level: Int,
        parent: Ordinal?,
        degreeMax: Int,
        into list: inout [Link]
    ) -> Int {
        list.removeAll(keepingCapacity: true)
        var hasParent = parent == nil
        for position in range(level: level) {
            let isParent = rows[position] == parent
            list.append(Link(rows[position], isTree: isParent))
            hasParent = hasParent || isParent
        }
        let diverseCount = diverseCounts[self.level - level]
        guard let parent, !hasParent else { return diverseCount }
        if list.count == degreeMax { list.removeLast() }
        list.append(Link(parent, isTree: true))
        return min(diverseCount, list.count - 1)
    }
}
