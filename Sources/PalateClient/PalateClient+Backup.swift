public import NIOCore
public import PalateModel
import PalateWire

extension PalateClient {
    /// Has the server make a backup in its own directory of backups; returns when it is durable.
    ///
    /// - Parameters:
    ///   - backup: what, and under which name.
    ///   - timeout: a large backup at a low rate takes hours; a day unless told otherwise.
    /// - Returns: its figures.
    /// - Throws: as every request; `.refused` with `backupExists` where the name is taken.
    public func backup(
        _ backup: BackupRequest,
        timeout: TimeAmount = .hours(24)
    ) async throws(PalateClientError) -> BackupReceipt {
        let response = try await call(.backup(backup), timeout: timeout)
        guard case .backedUp(let receipt) = response else { throw unexpected(response) }
        return receipt
    }
}
