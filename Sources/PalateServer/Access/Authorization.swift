import PalateAccess
import PalateIndex
import PalateModel
import PalateWire

/// What a request needs of a grant: the one table from opcodes to scopes.
enum Authorization {
    /// The scope an opcode needs; nil = any grant at all.
    static func scope(of opcode: Opcode) -> Scopes? {
        switch opcode {
        case .hello, .authenticate, .ping, .cancel, .open, .listCollections, .collectionStats,
            .fieldsList, .goAway, .error:
            nil
        case .query, .get, .count, .scroll, .profileGet, .session: .query
        case .upsert, .delete, .patch, .loadBegin, .loadData, .loadCommit, .deleteMatching: .write
        case .event, .profileForget, .historyGet, .sandbox: .events
        case .createCollection, .dropCollection, .generationSwap, .generationCreate,
            .generationDrop, .generationList, .backup, .fieldsDeclare, .tasteRefresh,
            .tasteNumbers:
            .admin
        }
    }

    /// Refuses what the grant does not allow.
    ///
    /// A collection that is not the grant's is as unknown as one that does not exist: a key sees
    /// only its own.
    ///
    /// - Throws: `forbidden`, `unknownCollection` or `unknownHandle`.
    static func check(
        _ request: Request,
        _ grant: Grant,
        _ directory: DataDirectory
    ) throws(RequestError) {
        if let scope = scope(of: request), !grant.scopes.isSuperset(of: scope) {
            throw .forbidden(needs: "scope \(scope.names)")
        }
        guard case .named = grant.collections else { return }
        switch request.target {
        case .nothing: return
        case .everything: throw .forbidden(needs: "all collections")
        case .name(let name):
            guard grant.collections.allows(name) else { throw .unknownCollection(name: name) }
        case .handle(let handle):
            let name = try directory.collection(handle: handle).info.schema.name
            guard grant.collections.allows(name) else { throw .unknownHandle(got: handle) }
        }
    }

    /// Reading numbers is a query, but for the settings' sake alone it is the administrator's.
    private static func scope(of request: Request) -> Scopes? {
        if case .tasteNumbers(let numbers) = request, numbers.operation.isReading { return .query }
        return scope(of: request.opcode)
    }
}

extension TasteNumbersOperation {
    fileprivate var isReading: Bool { self == .get || self == .list }
}

extension Request {
    /// What a request is about.
    enum Target: Equatable {
        /// No collection.
        case nothing
        /// All of them.
        case everything
        case name(String)
        case handle(UInt32)
    }

    /// The collection that the request reads or changes.
    var target: Target {
        switch self {
        case .hello, .authenticate, .cancel, .ping, .listCollections: .nothing
        case .open(let name), .dropCollection(let name), .collectionStats(let name),
            .listGenerations(let name):
            .name(name)
        case .createCollection(let schema): .name(schema.name)
        case .backup(let backup): backup.collection.isEmpty ? .everything : .name(backup.collection)
        default: handle.map(Target.handle) ?? .everything
        }
    }

    private var handle: UInt32? {
        switch self {
        case .swapGeneration(let swap): swap.handle
        case .createGeneration(let create): create.handle
        case .dropGeneration(let handle, _), .declareFields(let handle, _),
            .listFields(let handle), .deleteMatching(let handle, _, _), .upsert(let handle, _),
            .delete(let handle, _), .patch(let handle, _), .events(let handle, _),
            .forget(let handle, _):
            handle
        case .count(let count): count.handle
        case .scroll(let scroll): scroll.handle
        case .query(let search): search.handle
        case .get(let get): get.handle
        case .loadBegin(let begin): begin.handle
        case .loadData(let data): data.begin.handle
        case .loadCommit(let commit): commit.begin.handle
        case .profile(let profile): profile.handle
        case .history(let history): history.handle
        case .refreshTaste(let refresh): refresh.handle
        case .tasteNumbers(let numbers): numbers.handle
        case .session(let session): session.handle
        case .sandbox(let sandbox): sandbox.handle
        default: nil
        }
    }
}
