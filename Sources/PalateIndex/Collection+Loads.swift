package import PalateModel
import PalateStorage

extension Collection {
    /// The load with its epoch, where that was left to the server.
    ///
    /// A restart takes effect with its first durable frame: until then the loader's last epoch is
    /// the one that a resume goes on with.
    package func resolve(_ begin: LoadBegin) throws(IndexError) -> LoadBegin {
        guard begin.start != .given else { return begin }
        let store = store
        let record = try store.environment.read(failingWith: IndexError.self) {
            transaction throws(IndexError) in
            try transaction.record(LoaderRecord.self, store.loaders, begin.loaderID)
        }
        let last = record?.epoch ?? 0
        var resolved = begin
        resolved.start = .given
        resolved.epoch = begin.start == .resume ? max(last, 1) : last + 1
        return resolved
    }
}
