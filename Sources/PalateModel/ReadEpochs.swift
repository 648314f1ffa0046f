import Synchronization

/// Tells a writer when every reader that could know of something it took away has ended.
///
/// Epoch-based reclamation (Fraser, Practical lock-freedom, 2004) without a limbo list: a reader
/// announces the epoch it began in, a writer that has taken something out of reach starts a new one
/// and may reuse it once no announced epoch is older. Entering and leaving are a store each.
///
/// One for the process: a long read of one collection delays reuse in others, nothing else.
package final class ReadEpochs: Sendable {
    /// The process's.
    package static let shared = ReadEpochs()

    private let current = Atomic<UInt64>(1)
    private let slots = ReadWriteLock<Slots>(Slots())

    private struct Slots {
        var all: [ReaderSlot] = []
        var idle: [ReaderSlot] = []
    }

    /// Readers of a process of its own, for tests.
    package init() {}

    /// A reader, to be kept by one thread at a time; it costs nothing while it is outside.
    package func makeReader() -> EpochReader {
        let slot = slots.withWriteLock { slots in
            if let idle = slots.idle.popLast() { return idle }
            let slot = ReaderSlot()
            slots.all.append(slot)
            return slot
        }
        return EpochReader(slot: slot, epochs: self)
    }

    /// Starts a new epoch, once something is out of reach of readers that begin now.
    ///
    /// - Returns: what `hasEnded` is to be asked for.
    package func advance() -> UInt64 {
        current.wrappingAdd(1, ordering: .sequentiallyConsistent).oldValue
    }

    /// Whether every reader of `epoch` and of those before has left.
    package func hasEnded(_ epoch: UInt64) -> Bool {
        slots.withReadLock { slots in
            slots.all.allSatisfy { slot in
                let announced = slot.epoch.load(ordering: .sequentiallyConsistent)
                return announced == 0 || announced > epoch
            }
        }
    }

    fileprivate func enter(_ slot: ReaderSlot) {
        // A reader that is held up between the two has read nothing yet: an older epoch than now is
        // cautious, and the writer that missed it took things away before its reads began.
        let epoch = current.load(ordering: .sequentiallyConsistent)
        slot.epoch.store(epoch, ordering: .sequentiallyConsistent)
    }

    fileprivate func giveBack(_ slot: ReaderSlot) {
        slot.epoch.store(0, ordering: .sequentiallyConsistent)
        slots.withWriteLock { $0.idle.append(slot) }
    }
}

/// The epoch a reader is in; 0 = outside.
private final class ReaderSlot: Sendable {
    let epoch = Atomic<UInt64>(0)
}

/// One reader; reads between `enter` and `leave` find nothing reused under them.
package final class EpochReader: Sendable {
    private let slot: ReaderSlot
    private let epochs: ReadEpochs

    fileprivate init(slot: ReaderSlot, epochs: ReadEpochs) {
        self.slot = slot
        self.epochs = epochs
    }

    deinit { epochs.giveBack(slot) }

    /// Begins reading; not while inside.
    package func enter() { epochs.enter(slot) }

    /// Ends reading.
    package func leave() { slot.epoch.store(0, ordering: .sequentiallyConsistent) }
}
