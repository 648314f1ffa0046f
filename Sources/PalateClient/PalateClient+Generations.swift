public import PalateModel
import PalateWire

// A new embedding model: made beside the live generation, loaded, checked, swapped.
extension PalateClient {
    /// Makes a candidate generation; the same schema and model again answer the one that is there.
    ///
    /// - Parameter create: what it is to be.
    /// - Returns: its own handle, to load into, to query and to write to.
    /// - Throws: `refused` where another candidate is there.
    public func createGeneration(
        _ create: GenerationCreate
    ) async throws(PalateClientError) -> CollectionInfo {
        let response = try await call(.createGeneration(create))
        guard case .generationCreated(let info) = response else { throw unexpected(response) }
        return info
    }

    /// Removes the candidate or the previous generation.
    public func dropGeneration(
        _ role: GenerationRole,
        of handle: UInt32
    ) async throws(PalateClientError) {
        let response = try await call(.dropGeneration(handle: handle, role: role))
        guard case .generationDropped = response else { throw unexpected(response) }
    }

    /// The live generation, and those beside it.
    public func generations(
        of name: String
    ) async throws(PalateClientError) -> [GenerationInfo] {
        let response = try await call(.listGenerations(name: name))
        guard case .generations(let generations) = response else { throw unexpected(response) }
        return generations
    }

    /// Checks the candidate, makes it live, or rolls back; a check that is not passed is no error
    /// but a report that says so.
    public func changeGeneration(
        _ swap: GenerationSwap
    ) async throws(PalateClientError) -> GenerationReport {
        let response = try await call(.swapGeneration(swap))
        guard case .generationReport(let report) = response else { throw unexpected(response) }
        return report
    }
}
