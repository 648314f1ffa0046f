import Dispatch
import Logging
import PalateAccess
import PalateIndex
import PalateModel

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

    /// Item-item edges that are due.
    private func refresh(_ collection: Collection) {
        let name = collection.info.schema.name
        collection.taste.refreshEdgesWhenDue(now: nowMilliseconds()) { result in
            switch result {
            case .success(let numbers):
                let edges = "\(Int(numbers["edges"] ?? 0))"
                logger.notice(
                    "item-item edges refreshed",
                    metadata: ["collection": "\(name)", "edges": "\(edges)"]
                )
            case .failure(let error):
                logger.error(
                    "item-item edges not refreshed",
                    metadata: ["collection": "\(name)", "error": "\(error)"]
                )
            }
        }
    }

    /// Events that the settings do not keep.
    private func releaseEvents(of collection: Collection) {
        let name = collection.info.schema.name
        collection.taste.releaseEvents(now: nowMilliseconds()) { result in
            guard case .failure(let error) = result else { return }
            logger.error(
                "old events not let go",
                metadata: ["collection": "\(name)", "error": "\(error)"]
            )
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
                    refresh(collection)
                    releaseEvents(of: collection)
                    if checks { collection.checkReachability() }
                }
                continuation.resume()
            }
        }
    }
}
