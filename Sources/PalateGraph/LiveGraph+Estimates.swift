import Dispatch
package import PalateModel
import Synchronization

/// A level-0 list that no estimates hold for, as it was when somebody looked.
package struct UnestimatedList: Sendable {
    /// Whose it is.
    package let node: Ordinal
    fileprivate let header: UInt32
}

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
        forgetEstimates()
        let count = count
        let next = Atomic<Int>(0)
        DispatchQueue.concurrentPerform(iterations: max(1, threads)) { _ in
            var scratch = makeScratch()
            while true {
                let first = next.wrappingAdd(Self.nodesPerTurn, ordering: .relaxed).oldValue
                guard first < count else { return }
                let nodes = Ordinal(first)..<Ordinal(min(first + Self.nodesPerTurn, count))
                estimate(unestimatedLists(of: nodes)) { write($0, $1, &scratch) }
            }
        }
    }

    /// Those level-0 lists of some nodes that have links and no estimates.
    ///
    /// Once every search that runs now has ended, none reads what estimates of theirs there were.
    package func unestimatedLists(of nodes: Range<Ordinal>) -> [UnestimatedList] {
        nodes.compactMap { node in
            arena.unestimatedHeader(node).map { UnestimatedList(node: node, header: $0) }
        }
    }

    /// Has estimates made for lists, which searches use from then on; not for those that changed.
    ///
    /// - Parameters:
    ///   - lists: no search reads estimates of theirs.
    ///   - write: makes those of a node and its links, shape [n], n at most `estimatedLinksMax`.
    package func estimate(
        _ lists: [UnestimatedList],
        _ write: (_ node: Ordinal, _ links: Span<Ordinal>) -> Void
    ) {
        var links = [Link](repeating: Link(word: 0), count: 2 * parameters.neighbours)
        var rows: [Ordinal] = []
        for list in lists {
            guard let state = arena.copy(list.node, level: 0, into: &links),
                state.header == list.header
            else { continue }
            rows.removeAll(keepingCapacity: true)
            for position in 0..<state.count { rows.append(links[position].ordinal) }
            write(list.node, rows.span)
            _ = arena.markEstimated(list.node, from: state)
        }
    }

    /// Has every list searched without estimates again.
    package func forgetEstimates() {
        for node in 0..<Ordinal(count) { arena.forgetEstimates(node) }
    }
}
