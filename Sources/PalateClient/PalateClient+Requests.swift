public import NIOCore
public import PalateModel
import PalateWire

// A method per request. Each has the deadline of `ClientOptions.requestTimeout` unless it takes its
// own. All throw `PalateClientError`.
extension PalateClient {
    /// Asks whether the server is there.
    public func ping() async throws(PalateClientError) {
        let token = UInt64.random(in: .min ... .max)
        let response = try await call(.ping(token: token))
        guard case .pong(token) = response else { throw unexpected(response) }
    }

    /// Makes a collection; one that is there with the same schema is no error.
    public func createCollection(
        _ schema: CollectionSchema
    ) async throws(PalateClientError) -> CollectionInfo {
        let response = try await call(.createCollection(schema))
        guard case .created(let info) = response else { throw unexpected(response) }
        return info
    }

    /// Removes a collection and all it holds.
    public func dropCollection(_ name: String) async throws(PalateClientError) {
        let response = try await call(.dropCollection(name: name))
        guard case .dropped = response else { throw unexpected(response) }
    }

    /// Every collection.
    public func collections() async throws(PalateClientError) -> [CollectionInfo] {
        let response = try await call(.listCollections)
        guard case .collections(let infos) = response else { throw unexpected(response) }
        return infos
    }

    /// The figures of a collection.
    public func stats(of name: String) async throws(PalateClientError) -> CollectionStats {
        let response = try await call(.collectionStats(name: name))
        guard case .stats(let stats) = response else { throw unexpected(response) }
        return stats
    }

    /// Turns a name into the handle that the other requests carry.
    public func open(_ name: String) async throws(PalateClientError) -> CollectionInfo {
        let response = try await call(.open(name: name))
        guard case .opened(let info) = response else { throw unexpected(response) }
        return info
    }

    /// Searches; the time budget ends the search early, flagged `isDegraded`.
    public func query(
        _ request: SearchRequest,
        timeout: TimeAmount? = nil
    ) async throws(PalateClientError) -> SearchResponse {
        let response = try await call(.query(request), timeout: timeout)
        guard case .results(let results) = response else { throw unexpected(response) }
        return results
    }

    /// Looks items up by id.
    public func get(_ request: GetRequest) async throws(PalateClientError) -> GetResponse {
        let response = try await call(.get(request))
        guard case .items(let items) = response else { throw unexpected(response) }
        return items
    }

    /// Writes rows; returns when they are durable and searchable.
    public func upsert(
        handle: UInt32,
        rows: RowBatch
    ) async throws(PalateClientError) -> WriteReceipt {
        try check(rows)
        let response = try await call(.upsert(handle: handle, rows: rows))
        guard case .upserted(let receipt) = response else { throw unexpected(response) }
        return receipt
    }

    /// Removes rows; ids that are not there are ignored.
    public func delete(
        handle: UInt32,
        ids: [ItemID]
    ) async throws(PalateClientError) -> WriteReceipt {
        let response = try await call(.delete(handle: handle, ids: ids))
        guard case .deleted(let receipt) = response else { throw unexpected(response) }
        return receipt
    }

    /// Changes vectors, payloads or both of items that are there; all of the patch or nothing.
    public func patch(
        handle: UInt32,
        patch: PatchBatch
    ) async throws(PalateClientError) -> WriteReceipt {
        let response = try await call(.patch(handle: handle, patch: patch))
        guard case .patched(let receipt) = response else { throw unexpected(response) }
        return receipt
    }

    /// Records what people did; returns when it counts.
    public func record(
        handle: UInt32,
        events: [Event]
    ) async throws(PalateClientError) -> WriteReceipt {
        let response = try await call(.events(handle: handle, events: events))
        guard case .eventsRecorded(let receipt) = response else { throw unexpected(response) }
        return receipt
    }

    /// Starts or resumes a load; `BulkLoad` does the rest.
    public func beginLoad(_ begin: LoadBegin) async throws(PalateClientError) -> LoadGrant {
        let response = try await call(.loadBegin(begin))
        guard case .loadGranted(let grant) = response else { throw unexpected(response) }
        return grant
    }

    /// Ends a load.
    public func commitLoad(_ commit: LoadCommit) async throws(PalateClientError) -> WriteReceipt {
        let response = try await call(.loadCommit(commit))
        guard case .loadCommitted(let receipt) = response else { throw unexpected(response) }
        return receipt
    }

    func unexpected(_ response: Response) -> PalateClientError {
        .unexpectedResponse(opcode: response.opcode)
    }

    /// Columns that disagree would leave as a frame that means something else.
    func check(_ rows: RowBatch) throws(PalateClientError) {
        let count = rows.ids.count
        guard count > 0, rows.vectors.count % count == 0 else {
            throw .invalidRequest(
                .unequalColumns(field: "vectors", got: rows.vectors.count, expected: count)
            )
        }
        guard rows.payloads.isEmpty || rows.payloads.count == count else {
            throw .invalidRequest(
                .unequalColumns(field: "payloads", got: rows.payloads.count, expected: count)
            )
        }
    }
}
