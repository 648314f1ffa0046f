/// What a frame asks for, or answers.
///
/// Numbers not listed are answered with UNSUPPORTED. Raw values are the wire's and are never
/// reused.
package enum Opcode: UInt8, CaseIterable, Sendable {
    /// Opens a connection.
    case hello = 1
    /// Says who the client is; may be said again on an open connection.
    case authenticate = 2
    /// Asks whether anybody is there.
    case ping = 3
    /// Turns a name into a handle.
    case open = 4
    /// Makes a collection.
    case createCollection = 8
    /// Removes a collection.
    case dropCollection = 9
    /// Lists the collections.
    case listCollections = 10
    /// The figures of a collection.
    case collectionStats = 11
    /// Checks a candidate generation, makes it live, or goes back to the one before.
    case generationSwap = 12
    /// Makes a generation beside the live one.
    case generationCreate = 13
    /// Removes the candidate or the previous generation.
    case generationDrop = 14
    /// Lists a collection's generations.
    case generationList = 15
    /// Copies everything, or a collection, into the server's directory of backups.
    case backup = 20
    /// Adds fields to a collection.
    case fieldsDeclare = 21
    /// Lists a collection's fields.
    case fieldsList = 22
    /// Counts the items that pass a filter.
    case count = 23
    /// Lists the items that pass a filter, page by page.
    case scroll = 24
    /// A search.
    case query = 16
    /// Gives a request up.
    case cancel = 18
    /// Items by id.
    case get = 19
    /// Writes rows.
    case upsert = 32
    /// Removes rows.
    case delete = 33
    /// Changes rows.
    case patch = 34
    /// Starts or resumes a load.
    case loadBegin = 35
    /// Rows of a load.
    case loadData = 36
    /// Ends a load.
    case loadCommit = 37
    /// Removes the rows that pass a filter.
    case deleteMatching = 38
    /// What people did.
    case event = 48
    /// What is known of a person.
    case profileGet = 49
    /// Forgets a person.
    case profileForget = 50
    /// A person's events.
    case historyGet = 51
    /// Derives item-item edges.
    case tasteRefresh = 52
    /// Settings, weight profiles, experiments and gauges.
    case tasteNumbers = 53
    /// A conversation's taste.
    case session = 54
    /// Overlays of events and numbers.
    case sandbox = 55
    /// The server will close; request id 0.
    case goAway = 57
    /// The connection itself failed; request id 0.
    case error = 63

    /// The version of this opcode's body that protocol version 1 speaks.
    package var bodyVersion: UInt8 { 1 }
}
