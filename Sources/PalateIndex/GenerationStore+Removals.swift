import PalateModel
import PalateStorage

// Items deleted while another generation stands beside the live one. A candidate is loaded from
// what was exported before; without this list, swapping would bring deleted items back. An item is
// noted in the delete's own transaction, and the list is applied to the generation that takes over.

/// Where deletes are noted, and whether they are.
struct RemovalList: Sendable {
    /// Made with the first candidate: opening a full disk must not need room for it.
    fileprivate(set) var table: Table<UInt64>?
    fileprivate(set) var isKept = false
}

extension GenerationStore {
    /// Entries read in one transaction: some milliseconds.
    private static let removalsPerRead = 65_536

    /// Notes `items` where another generation is to hear of it.
    func noteRemovals(
        _ items: [ItemID],
        _ transaction: inout WriteTransaction
    ) throws(IndexError) {
        let list = removals.withReadLock { $0 }
        guard list.isKept, let table = list.table else { return }
        for item in items { try transaction.putSealed(table, item, []) }
    }

    /// Goes on noting deletes, as before the store was closed.
    func keepRemovals() throws(IndexError) {
        try openRemovals(creating: false)
        removals.withWriteLock { $0.isKept = $0.table != nil }
    }

    /// Finds the table in the file, or makes it.
    func openRemovals(creating: Bool) throws(IndexError) {
        let name = Format.Table.removals.rawValue
        do throws(StorageError) {
            if !creating {
                guard try environment.tableNames().contains(name) else { return }
            }
            let table = try environment.table(name, key: UInt64.self, creates: creating)
            removals.withWriteLock { $0.table = table }
        } catch {
            throw .storage(error)
        }
    }

    /// Empties the list; from now on deletes are noted, or are not any more.
    func restartRemovals(keeping: Bool) throws(IndexError) {
        try openRemovals(creating: keeping)
        removals.withWriteLock { $0.isKept = keeping }
        guard let table = removals.withReadLock({ $0.table }) else { return }
        try environment.write(.shrink, failingWith: IndexError.self) {
            transaction throws(IndexError) in
            do throws(StorageError) {
                try transaction.removeAll(table)
            } catch {
                throw .storage(error)
            }
        }
    }

    /// Every noted item.
    func removedItems() throws(IndexError) -> [ItemID] {
        guard let table = removals.withReadLock({ $0.table }) else { return [] }
        var items: [ItemID] = []
        try environment.forEachSealed(table, chunk: Self.removalsPerRead) {
            item,
            _ throws(IndexError) in
            items.append(item)
        }
        return items
    }
}
