import PalateGraph
import PalateModel

/// The way of a slot from one row to the next: vacated, resting, free.
///
/// A deleted row's slot is *vacated* when no list names it any more. It *rests* once a checkpoint
/// has stored that: otherwise a crash would bring back links to it, under another row. It is *free*
/// when every search has ended that may have seen the old row.
struct SlotCycle {
    /// No list in memory names them.
    var vacated: [Ordinal] = []
    private var resting: [(epoch: UInt64, slots: [Ordinal])] = []
    /// Ready for other rows.
    var free = FreeSlots()

    /// The cycle of a graph just opened: nobody searches, and what is vacant is stored so, or was
    /// never stored.
    init(of graph: LiveGraph) {
        free.add((0..<Ordinal(graph.count)).filter(graph.isVacant))
    }

    /// After a checkpoint: vacated slots rest.
    mutating func rest() {
        guard !vacated.isEmpty else { return }
        resting.append((ReadEpochs.shared.advance(), vacated))
        vacated = []
    }

    /// Frees the slots whose last reader has gone.
    mutating func collect() {
        let ended = resting.prefix { ReadEpochs.shared.hasEnded($0.epoch) }
        free.add(ended.flatMap(\.slots))
        resting.removeFirst(ended.count)
    }
}
