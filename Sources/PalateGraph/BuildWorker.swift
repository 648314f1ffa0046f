import Dispatch
import PalateModel

/// A `PairScorer` with a selected row, as the query of a search.
struct SelectedRow<P: PairScorer & ~Copyable>: Scorer, ~Copyable {
    /// The scorer.
    var pairs: P
    private var selected: Ordinal?

    init(pairs: consuming P) { self.pairs = pairs }

    /// Makes a row the query, unless it is.
    mutating func select(_ ordinal: Ordinal) {
        guard selected != ordinal else { return }
        pairs.select(ordinal)
        selected = ordinal
    }

    borrowing func score(_ ordinals: Span<Ordinal>, into distances: inout MutableSpan<Float>) {
        pairs.score(ordinals, into: &distances)
    }
}

/// What one thread of a build or a repair works with.
// SAFETY: @unchecked Sendable: one thread at a time uses it.
final class BuildWorker<P: PairScorer & ~Copyable>: @unchecked Sendable {
    /// The scorer and the row it has selected.
    var row: SelectedRow<P>
    /// The thread's memory.
    let box: BuildScratchBox

    init(pairs: consuming P, box: BuildScratchBox) {
        row = SelectedRow(pairs: pairs)
        self.box = box
    }
}

extension LiveGraph {
    /// Runs `body` with `threads` workers, who keep their scratch for the next time.
    func withWorkers<P: PairScorer & SendableMetatype & ~Copyable>(
        _ threads: Int,
        makeScorer: @Sendable () -> P,
        _ body: ([BuildWorker<P>]) -> Void
    ) {
        let team = (0..<threads).map { _ in
            BuildWorker(pairs: makeScorer(), box: takeBuildScratch())
        }
        body(team)
        for worker in team { returnBuildScratch(worker.box) }
    }
}

extension Array {
    /// Lets every worker do its part, each on a thread of its own.
    func work<P: PairScorer & SendableMetatype & ~Copyable>(
        _ part: @Sendable (_ index: Int, _ worker: BuildWorker<P>) -> Void
    ) where Element == BuildWorker<P> {
        guard count > 1 else {
            part(0, self[0])
            return
        }
        DispatchQueue.concurrentPerform(iterations: count) { part($0, self[$0]) }
    }
}
