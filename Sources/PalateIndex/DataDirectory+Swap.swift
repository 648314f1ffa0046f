import Glibc
package import PalateModel
import PalateStorage

/// A candidate as it was when it passed its check, or did not.
package struct CheckedCandidate: Equatable, Sendable {
    /// Its number.
    package var generation: UInt64
    /// Its last write when the check began.
    package var version: UInt64

    /// The candidate as it is now; before its check.
    package init(_ candidate: Collection) {
        generation = candidate.info.generation
        version = candidate.appliedVersion
    }
}

// Another generation in the live one's place. One catalog transaction decides; what comes before it
// can be done again, what comes after is in memory.
extension DataDirectory {
    /// Attempts to open a previous generation while its last queries end, 10 ms apart.
    private static let reopenAttempts = 500

    /// Makes the candidate live; queries in flight finish on the generation they began on.
    ///
    /// - Parameters:
    ///   - handle: the collection's.
    ///   - checked: which candidate, and up to which write it was checked.
    ///   - isForced: whether the check failed; remembered in the catalog.
    ///   - now: milliseconds since 1970 UTC, remembered too.
    /// - Returns: the collection as it is now.
    /// - Throws: `candidateChanged` where it was written to since.
    @discardableResult
    package func swap(
        _ handle: UInt32,
        to checked: CheckedCandidate,
        isForced: Bool,
        now: Int64
    ) throws(RequestError) -> CollectionInfo {
        try changing(handle) { old, entry throws(IndexError) in
            let next = try openedCandidate(of: entry)
            guard let stored = entry.candidate, stored.generation == checked.generation else {
                throw .request(.noGeneration(role: .candidate))
            }
            let version = next.appliedVersion
            guard version == checked.version else {
                throw .request(.candidateChanged(got: version, expected: checked.version))
            }
            let change = GenerationChange(
                generation: stored.generation,
                time: now,
                kind: isForced ? .forced : .checked
            )
            return try replace(old, by: next, stored, entry, change)
        }
    }

    /// Makes the previous generation live again, and the live one the previous.
    ///
    /// - Throws: `noGeneration` where there is none.
    @discardableResult
    package func rollBack(_ handle: UInt32, now: Int64) throws(RequestError) -> CollectionInfo {
        try changing(handle) { old, entry throws(IndexError) in
            guard let stored = entry.previous else {
                throw .request(.noGeneration(role: .previous))
            }
            let next = try open(stored, reopenStore(stored, of: entry), taste: old.taste)
            let change = GenerationChange(
                generation: stored.generation,
                time: now,
                kind: .rolledBack
            )
            return try replace(old, by: next, stored, entry, change)
        }
    }

    /// Opens the store of a generation whose last queries may not have ended yet.
    private func reopenStore(
        _ stored: StoredGeneration,
        of entry: CatalogEntry
    ) throws(IndexError) -> GenerationStore {
        for _ in 0..<Self.reopenAttempts {
            do throws(IndexError) {
                return try openStore(stored, of: entry)
            } catch .storage(.alreadyOpen) {
                usleep(10_000)
            }
        }
        return try openStore(stored, of: entry)
    }

    private func replace(
        _ old: Collection,
        by next: Collection,
        _ stored: StoredGeneration,
        _ entry: CatalogEntry,
        _ change: GenerationChange
    ) throws(IndexError) -> CollectionInfo {
        // Who writes now is asked to try again, and then writes to the next generation: an
        // acknowledged write is never one that the swap left behind unseen.
        old.writer.suspend()
        let rows = UInt64(old.liveCount)
        let replaced = entry.replaced(by: stored, rows: rows, change)
        do throws(IndexError) {
            try catchUp(next, with: old)
            try catalog.put(replaced)
        } catch {
            old.writer.resume()
            throw error
        }
        let info = CollectionInfo(
            handle: entry.id,
            generation: stored.generation,
            schema: stored.schema
        )
        let current = Collection(next, as: info)
        live.withWriteLock { live in
            _ = live.removeCandidate(entry.schema.name)
            live.add(replaced, current)
        }
        current.taste.follow(
            CodeSimilarity(directory: current.directory, state: current.state)
        )
        // Without this checkpoint a rollback would link the tail again, no more.
        try? old.writer.close()
        return info
    }

    /// Brings the next generation up to the old one's deletes and version, durably.
    private func catchUp(_ next: Collection, with old: Collection) throws(IndexError) {
        let gone = try old.store.removedItems().filter { old.directory.ordinal(of: $0) == nil }
        do throws(RequestError) {
            let step = Limits.idsPerRequest.upperBound
            for first in stride(from: 0, to: gone.count, by: step) {
                let part = Array(gone[first..<min(first + step, gone.count)])
                _ = try next.writer.perform(.delete(part))
            }
            _ = try next.writer.perform(.advance(version: old.appliedVersion))
        } catch {
            throw .request(error)
        }
        try next.store.restartRemovals(keeping: true)
    }
}
