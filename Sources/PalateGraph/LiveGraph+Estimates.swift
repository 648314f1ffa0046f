import Dispatch
package import PalateModel
import Synchronization

extension LiveGraph {
    /// The most links of a list that estimates are made for.
    package static let estimatedLinksMax = UInt64.bitWidth
    /// Nodes that a thread takes at a time.
    private static let nodesPerTurn = 256

    /// Has estimates made for every level-0 list, which searches use from then on where their
    /// scorer knows links.
    ///
    /// A list that is written later is searched without them. Whatever they were written to must
    /// not be written again while searches run.
    ///
    /// - Parameters:
    ///   - threads: workers; 1 = the calling thread alone.
    ///   - makeScratch: called once per worker.
    ///   - write: makes those of a node and its links, shape [n], n at most `estimatedLinksMax`.
    package func estimateLinks<Scratch>(
        threads: Int,
        makeScratch: @Sendable () -> Scratch,
        _ write:
            @Sendable (_ node: Ordinal, _ links: Span<Ordinal>, _ scratch: inout Scratch) -> Void
    ) {
        precondition(2 * parameters.neighbours <= Self.estimatedLinksMax, "lists too long")
        let count = count
        let next = Atomic<Int>(0)
        DispatchQueue.concurrentPerform(iterations: max(1, threads)) { _ in
            var scratch = makeScratch()
            var links = [Link](repeating: Link(word: 0), count: 2 * parameters.neighbours)
            var rows: [Ordinal] = []
            while true {
                let first = next.wrappingAdd(Self.nodesPerTurn, ordering: .relaxed).oldValue
                guard first < count else { return }
                for node in Ordinal(first)..<Ordinal(min(first + Self.nodesPerTurn, count)) {
                    guard let state = arena.copy(node, level: 0, into: &links) else { continue }
                    rows.removeAll(keepingCapacity: true)
                    for position in 0..<state.count { rows.append(links[position].ordinal) }
                    write(node, rows.span, &scratch)
                    _ = arena.markEstimated(node, from: state)
                }
            }
        }
    }
}
