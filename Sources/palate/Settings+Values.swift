import Glibc
import Logging
import NIOCore
import PalateAccess
import PalateConfiguration
import PalateIndex
import PalateModel
import PalateServer

// Settings as the parts of the server want them: the one place that knows both names.

extension ServerOptions {
    /// What a configuration says of the edge; without keys, which are read apart.
    ///
    /// - Throws: a `CommandFailure` for an address or a certificate that cannot be used.
    init(_ configuration: Configuration) throws {
        self.init()
        let listen = configuration.text("listen") ?? ""
        guard let address = ListenAddress(argument: listen) else {
            throw CommandFailure("listen: got \"\(listen)\", expected HOST:PORT or unix:PATH")
        }
        switch address.kind {
        case .tcp(let host, let port): (self.host, self.port) = (host, port)
        case .unix(let path): unixSocketPath = path
        }
        let cores = availableCores()
        let loops = configuration.number("threads.event-loops")
        let threads = configuration.number("threads.workers")
        eventLoops = loops == 0 ? max(1, cores / 2) : loops
        workers = threads == 0 ? cores : threads
        backupsPath = configuration.text("backups")
        access.anonymous =
            configuration.text("access.anonymous").flatMap(ServerAccess.Anonymous.init)
            ?? .refuse
        if let certificate = configuration.text("tls.certificate"),
            let key = configuration.text("tls.key")
        {
            let authority = configuration.text("tls.client-ca")
            let files = TLSFiles(
                certificate: certificate,
                key: key,
                clientAuthority: authority
            )
            do throws(ServerError) {
                tls = try ServerTLS(files)
            } catch {
                throw CommandFailure("\(error)")
            }
        }
        spinDuration = .microseconds(configuration.number("threads.spin"))
        waitingMax = configuration.number("limits.waiting")
        bodyBytesMax = configuration.number("limits.body")
        timeBudget = .milliseconds(configuration.number("limits.time-budget"))
        stallTimeout = .milliseconds(Int64(configuration.number("limits.stall-timeout")))
        stallBytesPerSecond = configuration.number("limits.stall-rate")
        writeBufferBytes = configuration.number("limits.unread")
        helloTimeout = .milliseconds(Int64(configuration.number("limits.hello-timeout")))
        drainTimeout = .milliseconds(Int64(configuration.number("drain")))
        adoptLimits(configuration)
    }

    /// Takes over what may change while a server runs.
    mutating func adoptLimits(_ configuration: Configuration) {
        connectionsMax = configuration.number("limits.connections")
        connectionsPerAddress = configuration.number("limits.connections-per-address")
        requestsInFlight = configuration.number("limits.requests-in-flight")
        requestsPerSecond = configuration.number("limits.requests-per-second")
        requestsPerSecondPerKey = configuration.number("limits.requests-per-second-per-key")
        memoryBytesMax = configuration.number("limits.memory")
        queryWaitMicroseconds = configuration.number("limits.query-wait")
        slowQueryMicroseconds = configuration.number("slow-query.threshold") * 1_000
    }
}

extension DataDirectoryOptions {
    /// What a configuration says of threads and files.
    init(_ configuration: Configuration, _ options: ServerOptions, _ logger: Logger) {
        self.init()
        let threads = configuration.number("threads.build")
        let cores = availableCores()
        buildThreads = threads == 0 ? cores : threads
        generationMapBytes = configuration.number("storage.map-max")
        writeBacklogBytes = configuration.number("limits.write-backlog")
        eventBacklog = configuration.number("limits.event-backlog")
        sketchedCollections = Set(configuration.texts("search.sketches"))
        reservedThreads = options.eventLoops
        whenHealthChanges = { change in
            logger.log(
                level: change.state == .healthy ? .notice : .error,
                "store \(change.state)",
                metadata: [
                    "collection": "\(change.collection)", "store": "\(change.store)",
                    "last_failure": "\(change.lastFailure)",
                ]
            )
        }
    }
}

extension Gatekeeper {
    /// As a configuration has keys and tokens.
    ///
    /// - Throws: a `CommandFailure` for files that cannot be used.
    convenience init(_ configuration: Configuration, data: String) async throws {
        do throws(KeyRingError) {
            try await self.init(
                keysPath: configuration.text("access.keys") ?? "\(data)/keys",
                tokens: TokenSettings(configuration),
                freeFailures: configuration.number("access.failures")
            )
        } catch {
            throw CommandFailure("\(error)")
        }
    }
}

extension TokenSettings {
    /// Which tokens a configuration takes; nil = none.
    init?(_ configuration: Configuration) {
        let names = configuration.texts("access.tokens.algorithms")
        guard !names.isEmpty else { return nil }
        self.init(
            algorithms: Set(names.compactMap(Algorithm.init)),
            secretFile: configuration.text("access.tokens.hmac-secret"),
            publicKeyFiles: configuration.texts("access.tokens.public-keys"),
            keySetFile: configuration.text("access.tokens.jwks"),
            issuer: configuration.text("access.tokens.issuer"),
            audience: configuration.text("access.tokens.audience"),
            leewaySeconds: configuration.number("access.tokens.leeway") / 1_000
        )
    }
}
