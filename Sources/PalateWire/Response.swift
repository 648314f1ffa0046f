package import PalateModel

/// What the server says: an answer, a failure, or a word about the connection.
package enum Response: Equatable, Sendable {
    /// The connection is open.
    case welcome(Welcome)
    /// What the credential allows.
    case authenticated(AuthenticationReceipt)
    /// The request is given up, or was answered before.
    case cancelled
    /// The token of the PING.
    case pong(token: UInt64)
    /// The collection is there.
    case opened(CollectionInfo)
    /// The collection was made, or was there with the same schema.
    case created(CollectionInfo)
    /// The collection is gone.
    case dropped
    /// Every collection.
    case collections([CollectionInfo])
    /// A collection's figures.
    case stats(CollectionStats)
    /// The backup is durable under its name.
    case backedUp(BackupReceipt)
    /// What the check found, and whether the candidate is live now.
    case generationReport(GenerationReport)
    /// The candidate is there.
    case generationCreated(CollectionInfo)
    /// The generation is gone.
    case generationDropped
    /// Every generation of a collection.
    case generations([GenerationInfo])
    /// The fields, and what rows have in them.
    case fields(opcode: UInt8, [FieldFigures])
    /// How many items.
    case counted(CountResponse)
    /// A page of items.
    case scrolled(ScrollResponse)
    /// Rows that passed the filter are gone.
    case deletedMatching(WriteReceipt)
    /// Search results.
    case results(SearchResponse)
    /// Items.
    case items(GetResponse)
    /// Rows are durable and visible.
    case upserted(WriteReceipt)
    /// Rows are gone.
    case deleted(WriteReceipt)
    /// Rows are changed, durably and visibly.
    case patched(WriteReceipt)
    /// The load may go on from here.
    case loadGranted(LoadGrant)
    /// How far the load is.
    case loadAcknowledged(LoadAcknowledgement)
    /// The load is complete and durable.
    case loadCommitted(WriteReceipt)
    /// Events are durable and count.
    case eventsRecorded(WriteReceipt)
    /// What is known of a person.
    case profile(PersonProfile)
    /// No trace of the person is left in any table.
    case forgotten(WriteReceipt)
    /// A person's events.
    case history(History)
    /// Settings, weights or figures.
    case tasteNumbers(opcode: UInt8, TasteNumbers)
    /// The request with this opcode failed; opcode ERROR on request id 0 is the connection's
    /// failure.
    case failure(opcode: UInt8, ErrorReport)
    /// The server takes no new requests on this connection and closes it when all are answered.
    case goAway(GoAway)

    /// The opcode that carries it.
    package var opcode: UInt8 {
        switch self {
        case .welcome: Opcode.hello.rawValue
        case .authenticated: Opcode.authenticate.rawValue
        case .cancelled: Opcode.cancel.rawValue
        case .pong: Opcode.ping.rawValue
        case .opened: Opcode.open.rawValue
        case .created: Opcode.createCollection.rawValue
        case .dropped: Opcode.dropCollection.rawValue
        case .collections: Opcode.listCollections.rawValue
        case .stats: Opcode.collectionStats.rawValue
        case .backedUp: Opcode.backup.rawValue
        case .generationReport: Opcode.generationSwap.rawValue
        case .generationCreated: Opcode.generationCreate.rawValue
        case .generationDropped: Opcode.generationDrop.rawValue
        case .generations: Opcode.generationList.rawValue
        case .fields(let opcode, _): opcode
        case .counted: Opcode.count.rawValue
        case .scrolled: Opcode.scroll.rawValue
        case .deletedMatching: Opcode.deleteMatching.rawValue
        case .results: Opcode.query.rawValue
        case .items: Opcode.get.rawValue
        case .upserted: Opcode.upsert.rawValue
        case .deleted: Opcode.delete.rawValue
        case .patched: Opcode.patch.rawValue
        case .loadGranted: Opcode.loadBegin.rawValue
        case .loadAcknowledged: Opcode.loadData.rawValue
        case .loadCommitted: Opcode.loadCommit.rawValue
        case .eventsRecorded: Opcode.event.rawValue
        case .profile: Opcode.profileGet.rawValue
        case .forgotten: Opcode.profileForget.rawValue
        case .history: Opcode.historyGet.rawValue
        case .tasteNumbers(let opcode, _): opcode
        case .failure(let opcode, _): opcode
        case .goAway: Opcode.goAway.rawValue
        }
    }
}

/// The server's notice that it will close the connection.
package struct GoAway: Equatable, Sendable {
    /// Milliseconds until the server closes even if requests are unanswered.
    package var drainMilliseconds: UInt32
    /// Why, for a log.
    package var reason: String

    /// A notice.
    package init(drainMilliseconds: UInt32, reason: String) {
        self.drainMilliseconds = drainMilliseconds
        self.reason = reason
    }
}
