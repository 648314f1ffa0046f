/// When an answer must be ready; asked between pieces of work, so that late is not later.
package struct Deadline: Sendable {
    private let instant: ContinuousClock.Instant
    private let now: @Sendable () -> ContinuousClock.Instant

    /// An instant, by the time that `now` says.
    package init(
        _ instant: ContinuousClock.Instant,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.instant = instant
        self.now = now
    }

    /// Whether it is over.
    package var isPast: Bool { now() >= instant }
}
