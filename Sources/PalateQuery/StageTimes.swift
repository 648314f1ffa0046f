import PalateModel

/// What the stages of one request took; counted only where somebody wants to know, since every look
/// at the clock costs some 25 ns.
package struct StageTimes: Sendable {
    /// A stage of the pipeline.
    package enum Stage: Int, CaseIterable, Sendable {
        /// The person's record, the walk and the edges.
        case person
        /// Candidates by codes, refined.
        case search
        /// By stored vectors.
        case rescore
        /// Taste, boosts and the slate.
        case rerank
        /// Ids, payloads and reasons.
        case fetch
    }

    /// Whether times are taken.
    package private(set) var isRunning = false
    private var nanoseconds = InlineArray<5, UInt64>(repeating: 0)
    private var began = ContinuousClock.now

    init() {}

    /// Begins anew.
    package mutating func start(_ isRunning: Bool) {
        self.isRunning = isRunning
        guard isRunning else { return }
        nanoseconds = InlineArray(repeating: 0)
        began = .now
    }

    /// Adds the time since the last mark to a stage.
    @inline(__always)
    mutating func mark(_ stage: Stage) {
        guard isRunning else { return }
        let now = ContinuousClock.now
        nanoseconds[stage.rawValue] += UInt64(max(0, (now - began).seconds * 1e9))
        began = now
    }

    /// Microseconds of a stage, all lists together.
    package subscript(_ stage: Stage) -> UInt64 { nanoseconds[stage.rawValue] / 1_000 }
}
