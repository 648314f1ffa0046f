import PalateGraph
import PalateStorage

extension CollectionParts {
    /// Checks that the counters are those of the tables.
    ///
    /// Every value may be sound and yet of another commit: of a page that never reached the disk.
    func checkCounts() throws(IndexError) {
        let store = store
        let (rows, ids) = try store.environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            do throws(StorageError) {
                return (try transaction.count(store.rows), try transaction.count(store.ids))
            } catch {
                throw .storage(error)
            }
        }
        let live = Int(counters.rowCount) - Int(counters.deletedCount)
        let counts = [
            ("rows", rows, Int(counters.rowCount)), ("ids", ids, live),
            ("live rows", graph.liveCount, live),
        ]
        for (name, got, expected) in counts where got != expected {
            throw .corrupt(place: "meta[counters]", reason: "\(got) \(name), expected \(expected)")
        }
    }
}
