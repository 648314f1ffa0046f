public import PalateModel
import PalateWire

// Fields, and what can be asked by them alone.
extension PalateClient {
    /// Adds fields to a collection; those that are there as declared are no error.
    ///
    /// Rows that are there are read in the background: until a field `isReady`, filters that name
    /// it are refused with `fieldNotReady`.
    public func declareFields(
        _ fields: [FieldDeclaration],
        in handle: UInt32
    ) async throws(PalateClientError) -> [FieldFigures] {
        try await figures(.declareFields(handle: handle, fields: fields))
    }

    /// The fields of a collection, and what rows have in them.
    public func fields(of handle: UInt32) async throws(PalateClientError) -> [FieldFigures] {
        try await figures(.listFields(handle: handle))
    }

    /// Counts the items that pass a filter, and how often each value is among them.
    public func count(_ request: CountRequest) async throws(PalateClientError) -> CountResponse {
        let response = try await call(.count(request))
        guard case .counted(let counted) = response else { throw unexpected(response) }
        return counted
    }

    /// A page of the items that pass a filter; go on with `next` as the next request's `after`.
    public func scroll(_ request: ScrollRequest) async throws(PalateClientError) -> ScrollResponse {
        let response = try await call(.scroll(request))
        guard case .scrolled(let page) = response else { throw unexpected(response) }
        return page
    }

    /// Removes the items that pass a filter, at most `limit`; all of them in one transaction.
    ///
    /// - Returns: how many went; where it is the limit, there may be more.
    public func delete(
        handle: UInt32,
        matching filter: Filter,
        limit: Int = Limits.idsPerRequest.upperBound
    ) async throws(PalateClientError) -> WriteReceipt {
        let response = try await call(
            .deleteMatching(handle: handle, filter: filter, limit: limit)
        )
        guard case .deletedMatching(let receipt) = response else { throw unexpected(response) }
        return receipt
    }

    private func figures(
        _ request: Request
    ) async throws(PalateClientError) -> [FieldFigures] {
        let response = try await call(request)
        guard case .fields(_, let figures) = response else { throw unexpected(response) }
        return figures
    }
}
