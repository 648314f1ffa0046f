import Dispatch
import Logging
import PalateAccess
import PalateIndex

/// Looks after the stores of a directory while it is served.
struct StoreKeeper: Sendable {
    let directory: DataDirectory
    let options: ServerOptions
    let logger: Logger

    /// Goes round every `tendInterval`, until the task is cancelled.
    func run() async {
        var rounds = 0
        while (try? await Task.sleep(for: options.tendInterval)) != nil {
            rounds += 1
            await tend(checks: rounds % options.tendsPerCheck == 1)
        }
    }

    /// Keys and certificates that were changed hold without a restart.
    private func lookAtCredentials() {
        do {
            if try options.tls?.reloadIfChanged() == true { logger.notice("certificate reloaded") }
        } catch {
            logger.error("certificate not reloaded", metadata: ["error": "\(error)"])
        }
        do {
            if try options.access.gatekeeper?.refreshIfChanged() == true {
                logger.notice("keys reloaded")
            }
        } catch {
            logger.error("keys not reloaded", metadata: ["error": "\(error)"])
        }
    }

    /// One round, on a thread that may block.
    private func tend(checks: Bool) async {
        lookAtCredentials()
        let directory = directory
        await withCheckedContinuation { continuation in
            DispatchQueue.global(qos: .utility).async {
                for collection in directory.collections {
                    collection.tend()
                    if checks { collection.checkReachability() }
                }
                continuation.resume()
            }
        }
    }
}
