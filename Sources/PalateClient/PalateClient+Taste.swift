public import PalateModel
import PalateWire

// People, and the numbers their taste goes by.
extension PalateClient {
    /// What is known of a person.
    public func profile(
        _ request: ProfileRequest
    ) async throws(PalateClientError) -> PersonProfile {
        let response = try await call(.profile(request))
        guard case .profile(let profile) = response else { throw unexpected(response) }
        return profile
    }

    /// Removes all traces of a person; the receipt counts their events.
    public func forget(
        _ user: UserID,
        in handle: UInt32
    ) async throws(PalateClientError) -> WriteReceipt {
        let response = try await call(.forget(handle: handle, user: user))
        guard case .forgotten(let receipt) = response else { throw unexpected(response) }
        return receipt
    }

    /// A page of a person's events.
    public func history(_ request: HistoryRequest) async throws(PalateClientError) -> History {
        let response = try await call(.history(request))
        guard case .history(let history) = response else { throw unexpected(response) }
        return history
    }

    /// Derives item-item edges again: seconds to minutes.
    ///
    /// - Returns: figures of what was made.
    public func refreshTaste(
        _ refresh: TasteRefresh
    ) async throws(PalateClientError) -> TasteNumbers {
        try await numbers(.refreshTaste(refresh))
    }

    /// Reads or changes settings and weight profiles.
    public func tasteNumbers(
        _ request: TasteNumbersRequest
    ) async throws(PalateClientError) -> TasteNumbers {
        try await numbers(.tasteNumbers(request))
    }

    /// Adds to a session, merges or ends it.
    ///
    /// - Returns: `turns`.
    public func session(
        _ request: SessionRequest
    ) async throws(PalateClientError) -> TasteNumbers {
        try await numbers(.session(request))
    }

    /// Makes, fills, lists or drops sandboxes.
    ///
    /// - Returns: events by sandbox.
    public func sandbox(
        _ request: SandboxRequest
    ) async throws(PalateClientError) -> TasteNumbers {
        try await numbers(.sandbox(request))
    }

    private func numbers(_ request: Request) async throws(PalateClientError) -> TasteNumbers {
        let response = try await call(request)
        guard case .tasteNumbers(_, let numbers) = response else { throw unexpected(response) }
        return numbers
    }
}
