import PalateGraph
package import PalateModel

// What the check of a generation counts.
extension Collection {
    /// How many rows answer queries.
    package var liveCount: Int { graph.liveCount }

    /// Rows that answer queries, rising.
    package var liveOrdinals: [Ordinal] {
        (0..<Ordinal(graph.count)).filter { !graph.isDeleted($0) }
    }

    /// The items that rows stand for, in their order.
    package func items(of ordinals: [Ordinal]) -> [ItemID] { ordinals.map { items[$0] } }

    /// Broken invariants of the links, unreachable rows among them; true only while nobody writes.
    package var graphProblems: [String] { GraphInvariants.check(graph) }
}
