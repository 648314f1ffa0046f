import Glibc
import PalateGraph
package import PalateModel
import PalateStorage
import Synchronization

// What a collection says of itself, and what it does about it every few seconds.
extension Collection {
    /// How long linking one batch may take, before rows that are not reached count as lost.
    private static let linkingMicroseconds: UInt32 = 1_000_000

    /// The collection's figures.
    package func stats() throws(IndexError) -> CollectionStats {
        var stats = CollectionStats()
        let counters = try store.environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            try store.counters(transaction)
        }
        stats.liveItems = UInt64(graph.liveCount)
        stats.deletedItems = UInt64(counters.deletedCount)
        stats.appliedVersion = appliedVersion
        stats.tailRows = UInt64(state.tailRows.load(ordering: .relaxed))
        stats.tailMilliseconds = state.tailMilliseconds.load(ordering: .relaxed)
        stats.indexBytes = UInt64(indexBytes)
        stats.repairDebt = UInt64(graph.deletedCount)
        stats.reusableSlots = UInt64(graph.vacantCount)
        let reached = reachability.withReadLock { $0 }
        stats.unreachableItems = UInt64(reached.unreachableCount)
        stats.checkedRows = UInt64(reached.rowCount)
        do {
            stats.add(try store.environment.figures())
        } catch {
            throw .storage(error)
        }
        let (rows, people) = (store.environment.health, taste.environment.health)
        (stats.writeState, stats.tasteWriteState) = (rows.state, people.state)
        // What is wrong now goes before what was wrong once.
        let isPeoples = rows.state == .healthy && people.state != .healthy
        let failures = isPeoples ? [people, rows] : [rows, people]
        stats.lastFailure = failures.compactMap(\.lastFailure).first?.sentence ?? ""
        taste.addFigures(to: &stats)
        return stats
    }

    /// Whether its stores take writes: of items, and of events.
    package var writeStates: [(store: String, state: WriteState)] {
        [("items", store.environment.health.state), ("events", taste.environment.health.state)]
    }

    /// Calls `observer` when one of the stores stops taking writes, or takes them again.
    func observe(_ observer: @escaping @Sendable (StoreChange) -> Void) {
        let name = info.schema.name
        let stores = [
            ("generation \(info.generation)", store.environment), ("taste", taste.environment),
        ]
        for (store, environment) in stores {
            environment.observe { health in
                observer(
                    StoreChange(
                        collection: name,
                        store: store,
                        state: health.state,
                        lastFailure: health.lastFailure?.sentence ?? ""
                    )
                )
            }
        }
    }

    /// Frees dead readers' slots, looks for room where a store is full, and opens again one whose
    /// commit failed.
    ///
    /// A store that stays as it is says so in its figures; the next call tries again.
    @available(*, noasync, message: "blocks the thread")
    package func tend() {
        for environment in [store.environment, taste.environment] {
            _ = try? environment.checkReaders()
            environment.lookForRoom()
            try? environment.recover()
        }
    }

    /// Counts the live rows that no search can reach, unless nothing changed since the last count.
    @available(*, noasync, message: "blocks the thread")
    package func checkReachability() {
        let version = appliedVersion
        guard checkedVersion.exchange(version &+ 1, ordering: .relaxed) != version &+ 1 else {
            return
        }
        let found = Reachability.check(graph) { usleep(Self.linkingMicroseconds) }
        reachability.withWriteLock { $0 = found }
    }
}

extension CollectionStats {
    /// Takes over what the generation's environment says.
    fileprivate mutating func add(_ figures: EnvironmentFigures) {
        storedBytes = UInt64(figures.usedBytes)
        freeBytes = UInt64(figures.freeBytes)
        mapBytes = UInt64(figures.mapBytes)
        mapBytesMax = UInt64(figures.mapBytesMax)
        oldestReaderCommits = figures.oldestReaderLag
        oldestReaderMilliseconds = figures.oldestReaderMilliseconds
    }
}
