import Dispatch
import Glibc
import PalateModel
import PalateTaste
import Synchronization

/// Who is to be clustered anew, by how much they did since they were.
struct Restlessness {
    /// People whose events are counted; beyond, counting starts again.
    private static let peopleMax = 1 << 20

    private var events: [UserID: Int] = [:]
    private var due: Set<UserID> = []
    private var isRunning = false

    /// Counts a person's events; true where they are the first who wait.
    mutating func count(_ added: Int, of user: UserID, limit: Int) -> Bool {
        if events.count >= Self.peopleMax, events[user] == nil {
            events.removeAll(keepingCapacity: true)
        }
        let total = events[user, default: 0] + added
        events[user] = total < limit ? total : nil
        guard total >= limit else { return false }
        due.insert(user)
        defer { isRunning = true }
        return !isRunning
    }

    /// Nothing is known of somebody any more.
    mutating func forget(_ user: UserID) {
        events[user] = nil
        due.remove(user)
    }

    /// Somebody who waits; nil = nobody does, and whoever counts next is to begin.
    mutating func next() -> UserID? {
        let user = due.popFirst()
        isRunning = user != nil
        return user
    }
}

// Clusters made anew in the background: a person's cosines are compared on a queue of its own while
// events and queries go on, and the result counts where the person likes the same items still.
extension TasteStore {
    /// Of the time, as a share of what was worked, that is rested: a tenth of a core at most.
    private static let rest = 9.0
    /// How long clusters that nobody's events bring to the disk wait for some.
    private static let storeDelay = DispatchTimeInterval.seconds(1)

    /// Counts what people did, and clusters those anew who did enough; on the store's queue.
    func noteActs(_ events: [Event]) {
        let limit = graph.withReadLock { Int($0.settings.reclusterEvents) }
        guard limit > 0 else { return }
        var acts: [UserID: Int] = [:]
        for event in events where event.type != .impression { acts[event.user, default: 0] += 1 }
        let begins = restlessness.withWriteLock { restlessness in
            acts.reduce(false) { begins, acts in
                restlessness.count(acts.value, of: acts.key, limit: limit) || begins
            }
        }
        if begins { reclusterQueue.async { self.reclusterAll() } }
    }

    private func reclusterAll() {
        while !isClosing.load(ordering: .relaxed),
            let user = restlessness.withWriteLock({ $0.next() })
        {
            let start = ContinuousClock.now
            recluster(user)
            let worked = (ContinuousClock.now - start).seconds
            usleep(UInt32(min(worked * Self.rest, 1) * 1e6))
        }
    }

    /// Makes one person's clusters anew.
    private func recluster(_ user: UserID) {
        let (items, threshold) = graph.withReadLock { graph in
            (graph.record(of: user)?.clusteredItems ?? [], graph.settings.clusterSimilarity)
        }
        guard items.count > 1 else { return }
        let (known, cosines) = pairs(of: items)
        // An item whose vector is gone keeps everybody where they are.
        guard known == items else { return }
        let clustering = Reclustering(items, cosines: cosines, threshold: threshold)
        queue.async { self.use(clustering, of: user) }
    }

    /// Takes over a clustering unless the person moved on; on the store's queue.
    ///
    /// It is stored with the next events, or a little later. A failure costs nothing: the clusters
    /// of before are as sound.
    private func use(_ clustering: Reclustering, of user: UserID) {
        let isChanged = graph.withWriteLock { graph in
            graph.take(clustering, of: user) { item, others, similarities in
                cosines(of: item, to: others, into: &similarities)
            }
        }
        guard isChanged else { return }
        let isFirst = unstored.withWriteLock { unstored in
            defer { unstored.insert(user) }
            return unstored.isEmpty
        }
        guard isFirst else { return }
        queue.asyncAfter(deadline: .now() + Self.storeDelay) { [weak self] in
            guard let self, !isClosing.load(ordering: .relaxed) else { return }
            let users = takeUnstored()
            if !users.isEmpty { try? storeRecords(of: users.sorted()) }
        }
    }

    /// People whose clusters the disk does not have yet; they are the caller's to store.
    func takeUnstored() -> Set<UserID> {
        unstored.withWriteLock { unstored in
            defer { unstored = [] }
            return unstored
        }
    }
}
