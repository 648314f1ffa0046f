/// Why a request was refused: got and expected, in the caller's terms.
///
/// The nouns of failure at the edge. `PalateWire/StatusCode.swift` is the one table from these to
/// the protocol's codes.
public enum RequestError: Error, Equatable, Sendable {
    /// No collection of this name.
    case unknownCollection(name: String)
    /// No open collection behind this handle.
    case unknownHandle(got: UInt32)
    /// The name is taken by a collection with another schema.
    case collectionExists(name: String)
    /// The name breaks the rule of `CollectionSchema.name`.
    case badName(got: String)
    /// The registry has no such entry.
    case unknownChoice(field: String, got: String, expected: [String])
    /// A number outside its limits.
    case outOfRange(field: String, got: Int, expected: ClosedRange<Int>)
    /// A setting or weight outside its limits.
    case badNumber(field: String, got: Double, expected: ClosedRange<Double>)
    /// No sandbox of this name.
    case unknownSandbox(name: String)
    /// No session of this number: it ended, or never began.
    case unknownSession(id: UInt64)
    /// No weight profile of this name.
    case unknownProfile(name: String)
    /// A vector of the wrong length.
    case wrongDimensions(got: Int, expected: Int)
    /// NaN, infinity, or a magnitude above `Limits.componentMagnitude`.
    case badComponent(row: Int, column: Int)
    /// Columns of one request that disagree in length.
    case unequalColumns(field: String, got: Int, expected: Int)
    /// The collection has no such item.
    case unknownItem(id: ItemID)
    /// The collection has no such field, or none that is said to be there.
    case unknownField(name: String)
    /// The field is declared, and rows are still being read for it.
    case fieldNotReady(name: String)
    /// A test or a value that the field's type has not.
    case wrongFieldType(name: String, got: String, expected: String)
    /// The collection has a field of this name that is declared otherwise.
    case fieldExists(name: String, got: String, expected: String)
    /// A field's name or path breaks the rule of `FieldDeclaration`.
    case badField(name: String, reason: String)
    /// The item is of another version than the request expects: it was written meanwhile.
    case versionConflict(id: ItemID, got: UInt64, expected: UInt64)
    /// `.user` or taste without a user.
    case missingUser
    /// The user has no positive events, and nothing else was given to start from.
    case noTaste(user: UserID)
    /// A LOAD_DATA whose sequence is not the next one.
    case loadSequence(got: UInt64, expected: UInt64)
    /// A load with an epoch older than the one stored.
    case staleEpoch(got: UInt64, expected: UInt64)
    /// A load's own count or checksum does not match what is stored.
    case loadMismatch(field: String, got: UInt64, expected: UInt64)
    /// The collection has no generation of this role.
    case noGeneration(role: GenerationRole)
    /// Another candidate is there already, of another schema or model.
    case candidateExists(generation: UInt64)
    /// The candidate was written to while it was checked.
    case candidateChanged(got: UInt64, expected: UInt64)
    /// The answer would have to be newer than what is applied.
    case versionNotReached(got: UInt64, expected: UInt64)
    /// The answer would not fit a frame.
    case answerTooLarge(got: Int, expected: Int)
    /// A backup does not take the place of anything, nor does a restored one.
    case backupExists(path: String)
    /// The frame's bytes are not what its opcode promises.
    case malformed(reason: String, offset: Int)
    /// No such opcode, version or critical section.
    case unsupported(what: String, got: Int)
    /// The server has too much to do: by this limit, whose number is in its unit.
    case overloaded(by: ServerLimit, expected: Int, retryMilliseconds: UInt32)
    /// The server is going away.
    case shuttingDown
    /// The credential is missing, unknown, or no longer holds.
    case notAuthenticated(reason: String)
    /// The credential holds, for less than this.
    case forbidden(needs: String)
    /// The client gave the request up.
    case cancelled
    /// The disk or the map is full; deletes still work.
    case storageFull(reason: String)
    /// A write failed; the collection takes no more until its store was opened again.
    case storageFailed(reason: String)
    /// Stored bytes fail their checksum.
    case corrupt(place: String)
    /// A defect of ours.
    case internalFailure(reason: String)
}
