import PalateModel

/// What must hold whenever no insertion is running.
package enum GraphInvariants {
    /// Violations are listed up to this many.
    package static let listedMax = 20

    /// Checks every list and the reachability of every row; empty = all is well.
    ///
    /// Degrees within bounds; no link to oneself, twice, beyond the count, to a vacant slot, or
    /// above a level; tree links on both ends; the entry point on the highest level; and every row
    /// reachable from the entry point on level 0, deleted ones included.
    package static func check(_ graph: LiveGraph) -> [String] {
        var found: [String] = []
        let count = graph.count
        var highest = -1
        for node in 0..<Ordinal(count) where !graph.isVacant(node) {
            let level = graph.level(of: node)
            highest = max(highest, level)
            for current in 0...level {
                checkList(of: node, level: current, count: count, graph, &found)
            }
            if found.count >= listedMax { return found }
        }
        checkEntry(highest: highest, graph, &found)
        checkCounts(graph, &found)
        let rows = count - graph.vacantCount
        let unreachable = rows - reachableCount(graph)
        if unreachable != 0 { found.append("\(unreachable) of \(rows) rows are not reachable") }
        return found
    }

    /// Rows that level-0 links lead to from the entry point.
    package static func reachableCount(_ graph: LiveGraph) -> Int {
        reachable(graph).count { $0 }
    }

    /// Whether level-0 links lead to a row from the entry point, shape [>= count]; rows may be
    /// linked meanwhile.
    package static func reachable(_ graph: LiveGraph) -> [Bool] {
        var isSeen = [Bool](repeating: false, count: graph.count)
        guard let entry = graph.entryPoint, Int(entry) < isSeen.count else { return isSeen }
        var open = [entry]
        isSeen[Int(entry)] = true
        while let node = open.popLast() {
            for next in graph.neighbours(of: node)
            where Int(next) < isSeen.count && !isSeen[Int(next)] {
                isSeen[Int(next)] = true
                open.append(next)
            }
        }
        return isSeen
    }

    private static func checkList(
        of node: Ordinal,
        level: Int,
        count: Int,
        _ graph: LiveGraph,
        _ found: inout [String]
    ) {
        let (links, diverseCount) = graph.list(of: node, level: level)
        let place = "row \(node), level \(level)"
        if links.count > graph.parameters.degreeMax(level: level) || diverseCount > links.count {
            found.append("\(place): \(links.count) links, \(diverseCount) diverse")
        }
        if Set(links.map(\.ordinal)).count != links.count {
            found.append("\(place): a link stands twice")
        }
        for link in links {
            if link.ordinal == node {
                found.append("\(place): links to itself")
            } else if Int(link.ordinal) >= count {
                found.append("\(place): links to \(link.ordinal) beyond \(count)")
            } else if graph.isVacant(link.ordinal) {
                found.append("\(place): links to \(link.ordinal), a vacant slot")
            } else if graph.level(of: link.ordinal) < level {
                found.append("\(place): links to \(link.ordinal), which is not on this level")
            } else if link.isTree {
                let back = graph.list(of: link.ordinal, level: 0).links
                if level > 0 || !back.contains(Link(node, isTree: true)) {
                    found.append("\(place): tree link to \(link.ordinal) has no other end")
                }
            }
        }
    }

    private static func checkEntry(highest: Int, _ graph: LiveGraph, _ found: inout [String]) {
        guard let entry = graph.entryAndLevel else {
            if graph.count > graph.vacantCount { found.append("no entry point") }
            return
        }
        if entry.level != highest || graph.level(of: entry.ordinal) != entry.level {
            found.append("entry point \(entry) is not on level \(highest)")
        }
    }

    private static func checkCounts(_ graph: LiveGraph, _ found: inout [String]) {
        let slots = 0..<Ordinal(graph.count)
        let vacant = slots.count(where: graph.isVacant)
        if vacant != graph.vacantCount {
            found.append("\(vacant) slots are vacant, \(graph.vacantCount) counted")
        }
        let deleted = slots.count(where: graph.isDeleted) - vacant
        if deleted != graph.deletedCount {
            found.append("\(deleted) rows are deleted, \(graph.deletedCount) counted")
        }
    }
}
