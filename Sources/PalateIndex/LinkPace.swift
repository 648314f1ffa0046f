import Synchronization

/// How many threads link rows of a batch: all while nobody asks, fewer while somebody does.
///
/// Event loops and linking threads compete for the same cores, and the kernel shares them evenly:
/// on two cores, two linking threads leave an event loop two thirds of one. All collections of a
/// directory share one pace. A batch asks for each part of it, some tenths of a second each.
package final class LinkPace: Sendable {
    /// Requests between two questions from which on somebody asks.
    private static let requestsMin: UInt64 = 16

    private let all: Int
    private let beside: Int
    private let requests = Atomic<UInt64>(0)
    private let seen = Atomic<UInt64>(0)

    /// A pace.
    ///
    /// - Parameters:
    ///   - all: threads while nobody asks.
    ///   - reserved: of these, threads that are left to queries while there are any.
    package init(all: Int, reserved: Int) {
        self.all = all
        beside = max(1, all - reserved)
    }

    /// Counts a request that reads.
    package func noteRequest() { requests.wrappingAdd(1, ordering: .relaxed) }

    /// Threads for the next part of a batch.
    package func threads() -> Int {
        let count = requests.load(ordering: .relaxed)
        let before = seen.exchange(count, ordering: .relaxed)
        return count &- before < Self.requestsMin ? all : beside
    }
}
