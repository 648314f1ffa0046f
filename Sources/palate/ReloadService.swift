import Logging
import PalateAccess
import PalateConfiguration
import PalateServer
import ServiceLifecycle
import Synchronization
import UnixSignals

/// SIGHUP: settings, keys and certificates are read anew; what is wrong with them is logged, and
/// what held goes on holding.
struct ReloadService: Service {
    let flags: ServeFlags
    let configuration: Configuration
    let level: LogLevel
    let limits: ServerLimits
    let tls: ServerTLS?
    let gatekeeper: Gatekeeper
    /// SIGHUP, trapped since before the settings were read.
    let hangups: UnixSignalsSequence
    let logger: Logger

    func run() async throws {
        var held = configuration
        for await _ in hangups.cancelOnGracefulShutdown() {
            held = await reload(held)
        }
    }

    /// Everything once.
    ///
    /// - Returns: the settings that hold now.
    private func reload(_ held: Configuration) async -> Configuration {
        do throws(KeyRingError) {
            try await gatekeeper.reload()
        } catch {
            logger.error("keys not reloaded", metadata: ["error": "\(error)"])
        }
        do throws(ServerError) {
            try tls?.reload()
        } catch {
            logger.error("certificate not reloaded", metadata: ["error": "\(error)"])
        }
        let new: Configuration
        do {
            new = try flags.load()
        } catch {
            logger.error("settings not reloaded", metadata: ["error": "\(error)"])
            return held
        }
        level.adopt(new)
        var options = ServerOptions()
        options.adoptLimits(new)
        limits.adopt(options)
        let changes = new.changes(from: held)
        // By what the server was started with: a restart stays needed until it comes or the
        // setting is back.
        let waiting = new.changes(from: configuration).filter { !$0.isReloadable }
        logger.notice(
            "reloaded",
            metadata: [
                "changed": "\(changes.map(\.name).joined(separator: " "))",
                "restart_needed": "\(waiting.map(\.name).joined(separator: " "))",
            ]
        )
        return new
    }
}
