import Dispatch
import Logging
import PalateIndex
import Synchronization

/// Scrubs once a second, on a queue of its own, until it is stopped.
final class ScrubTimer: Sendable {
    /// What a second may read: 100 GB take three and a half hours, and a disk some hundredth of
    /// its time.
    private static let bytesPerSecond = 8 << 20

    /// What is read, and how much of it was damaged.
    let scrubber: Scrubber
    private let queue = DispatchQueue(label: "palate.scrub", qos: .background)
    private let isStopped = Atomic(false)

    init(directory: DataDirectory, logger: Logger) {
        scrubber = Scrubber(directory: directory) { finding in
            logger.critical("damaged", metadata: ["object": "\(finding)"])
        }
        schedule()
    }

    /// Returns when no step runs any more.
    func stop() {
        isStopped.store(true, ordering: .relaxed)
        queue.sync {}
    }

    /// Weakly: what waits for its second must not keep the directory open.
    private func schedule() {
        queue.asyncAfter(deadline: .now() + 1) { [weak self] in
            guard let self, !isStopped.load(ordering: .relaxed) else { return }
            scrubber.step(byteCount: Self.bytesPerSecond)
            schedule()
        }
    }
}
