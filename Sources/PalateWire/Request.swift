package import PalateModel

/// A decoded request, with its limits checked.
package enum Request: Equatable, Sendable {
    /// Opens the connection.
    case hello(Hello)
    /// Says who the client is.
    case authenticate(Authentication)
    /// Gives an earlier request up.
    case cancel(requestID: UInt32)
    /// Asks for the token back.
    case ping(token: UInt64)
    /// Turns a name into a handle.
    case open(name: String)
    /// Makes a collection.
    case createCollection(CollectionSchema)
    /// Removes a collection and all it holds.
    case dropCollection(name: String)
    /// Lists the collections.
    case listCollections
    /// Asks for a collection's figures.
    case collectionStats(name: String)
    /// Makes a backup.
    case backup(BackupRequest)
    /// Checks a candidate, makes it live, or rolls back.
    case swapGeneration(GenerationSwap)
    /// Makes a candidate generation.
    case createGeneration(GenerationCreate)
    /// Removes a generation that is not live.
    case dropGeneration(handle: UInt32, role: GenerationRole)
    /// Lists a collection's generations.
    case listGenerations(name: String)
    /// Adds fields.
    case declareFields(handle: UInt32, fields: [FieldDeclaration])
    /// Lists the fields.
    case listFields(handle: UInt32)
    /// Counts items.
    case count(CountRequest)
    /// Lists items.
    case scroll(ScrollRequest)
    /// Removes the items that pass a filter.
    case deleteMatching(handle: UInt32, filter: Filter, limit: Int)
    /// Searches.
    case query(SearchRequest)
    /// Looks items up.
    case get(GetRequest)
    /// Writes rows.
    case upsert(handle: UInt32, rows: RowBatch)
    /// Removes rows.
    case delete(handle: UInt32, ids: [ItemID])
    /// Changes rows.
    case patch(handle: UInt32, patch: PatchBatch)
    /// Starts or resumes a load.
    case loadBegin(LoadBegin)
    /// Rows of a load.
    case loadData(LoadData)
    /// Ends a load.
    case loadCommit(LoadCommit)
    /// Records what people did.
    case events(handle: UInt32, events: [Event])
    /// Asks what is known of a person.
    case profile(ProfileRequest)
    /// Removes all traces of a person.
    case forget(handle: UInt32, user: UserID)
    /// Reads a person's events.
    case history(HistoryRequest)
    /// Derives item-item edges.
    case refreshTaste(TasteRefresh)
    /// Reads or writes settings, weight profiles, experiments and gauges.
    case tasteNumbers(TasteNumbersRequest)
    /// Adds to a session, merges or ends it.
    case session(SessionRequest)
    /// Makes, fills, lists or drops sandboxes.
    case sandbox(SandboxRequest)

    /// The columns of values that it writes.
    var fieldColumns: [FieldColumn] {
        switch self {
        case .upsert(_, let rows): rows.fields
        case .patch(_, let patch): patch.fields
        case .loadData(let data): data.rows.fields
        default: []
        }
    }

    /// The filter that it has.
    var filter: Filter? {
        switch self {
        case .query(let search): search.filter
        case .count(let count): count.filter
        case .scroll(let scroll): scroll.filter
        case .deleteMatching(_, let filter, _): filter
        default: nil
        }
    }

    /// The opcode that carries it.
    package var opcode: Opcode {
        switch self {
        case .hello: .hello
        case .authenticate: .authenticate
        case .cancel: .cancel
        case .ping: .ping
        case .open: .open
        case .createCollection: .createCollection
        case .dropCollection: .dropCollection
        case .listCollections: .listCollections
        case .collectionStats: .collectionStats
        case .backup: .backup
        case .swapGeneration: .generationSwap
        case .createGeneration: .generationCreate
        case .dropGeneration: .generationDrop
        case .listGenerations: .generationList
        case .declareFields: .fieldsDeclare
        case .listFields: .fieldsList
        case .count: .count
        case .scroll: .scroll
        case .deleteMatching: .deleteMatching
        case .query: .query
        case .get: .get
        case .upsert: .upsert
        case .delete: .delete
        case .patch: .patch
        case .loadBegin: .loadBegin
        case .loadData: .loadData
        case .loadCommit: .loadCommit
        case .events: .event
        case .profile: .profileGet
        case .forget: .profileForget
        case .history: .historyGet
        case .refreshTaste: .tasteRefresh
        case .tasteNumbers: .tasteNumbers
        case .session: .session
        case .sandbox: .sandbox
        }
    }
}
