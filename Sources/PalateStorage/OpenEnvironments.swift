import Glibc
import Synchronization

/// The environments this process has open, by directory: LMDB forbids opening one twice, since
/// closing either handle would drop the other's file locks.
enum OpenEnvironments {
    /// A directory, whatever path leads to it.
    struct Identity: Hashable, Sendable {
        let device: UInt64
        let inode: UInt64
    }

    private static let open = Mutex<Set<Identity>>([])
    private static let lastToken = Atomic<UInt64>(0)

    /// A number that no other environment of this process has had.
    static func makeToken() -> UInt64 {
        lastToken.wrappingAdd(1, ordering: .relaxed).newValue
    }

    /// Marks the directory as open.
    static func claim(_ path: String) throws(StorageError) -> Identity {
        var facts = stat()
        // SAFETY: `facts` is ours and the path is copied to C for the call.
        guard unsafe stat(path, &facts) == 0 else {
            throw errno == ENOENT
                ? .notFound(path: path) : StorageError(errno: errno, "look up", at: path)
        }
        let identity = Identity(device: UInt64(facts.st_dev), inode: UInt64(facts.st_ino))
        guard open.withLock({ $0.insert(identity).inserted }) else {
            throw .alreadyOpen(path: path)
        }
        return identity
    }

    /// Marks the directory as closed.
    static func release(_ identity: Identity) {
        _ = open.withLock { $0.remove(identity) }
    }
}
