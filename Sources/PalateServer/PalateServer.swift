import Dispatch
import Glibc
package import Logging
import NIOCore
import NIOPosix
package import PalateIndex
import PalateModel
import PalateWire
import ServiceLifecycle

// PalateServer: sockets to the core and back. Start here.
//
// | file                    | job                                                             |
// |-------------------------|-----------------------------------------------------------------|
// | PalateServer.swift      | listen, serve, drain, close                                     |
// | ConnectionHandler.swift | one connection: frames in, frames out, back-pressure            |
// | ConnectionHandler+Turns.swift, TurnQueue.swift | when its frames have their turns         |
// | FrameInbox.swift        | bytes received, and the frame at their front                    |
// | FrameOutbox.swift       | answers gathered for one write                                  |
// | StallClock.swift        | until when a connection may keep the server waiting             |
// | ConnectionHandler+Ends.swift | how it ends, and what it is given up for                   |
// | RequestService*.swift   | what each opcode does                                           |
// | BackupQueue.swift       | one backup at a time, beside everything else                    |
// | ScrubTimer.swift        | reads a little every second, and names what is damaged          |
// | SearchWorkers.swift     | threads for what blocks, shared fairly; scratch for all queries |
// | ServerIdentity.swift    | who answers, and the connections there are                      |
// | ServerOptions.swift     | every limit of the edge                                         |
// | ServerError.swift       | why a server does not serve                                     |
// | StoreKeeper.swift       | what stores need every few seconds                              |
// | Access/                 | who is on the other end, and what it may do                     |
// | TLS/                    | the certificate that new connections get                        |
// | Figures/                | what is counted, and queries that took long                     |
// | ServerStatus.swift      | the server as others in its process see it                      |
// | ServerLimits.swift      | the limits that may change while it runs                        |
// | MemoryBudget.swift      | no writes beyond the memory there may be                        |
// | WallClock.swift         | the time, and times as the wire has them                        |

/// A server over one data directory, run by a service group.
package struct PalateServer: Service {
    private let directory: DataDirectory
    private let options: ServerOptions
    /// What may change while it runs.
    package let limits: ServerLimits
    /// How others in the process see it.
    package let status: ServerStatus
    private let logger: Logger
    private let whenListening: @Sendable (_ address: String) -> Void

    /// A server that is not listening yet.
    ///
    /// - Parameters:
    ///   - directory: open; closed by `run` when it ends.
    ///   - options: where and how.
    ///   - logger: for what an operator wants to know.
    ///   - whenListening: called once with HOST:PORT.
    package init(
        directory: DataDirectory,
        options: ServerOptions,
        logger: Logger,
        whenListening: @escaping @Sendable (_ address: String) -> Void
    ) {
        self.directory = directory
        self.options = options
        limits = ServerLimits(options)
        status = ServerStatus(
            directory: directory,
            access: options.access,
            limits: limits
        )
        self.logger = logger
        self.whenListening = whenListening
    }

    /// Serves until the service group shuts down or cancels, then answers what is in flight, says
    /// GOAWAY, checkpoints and closes the directory.
    ///
    /// - Throws: `ServerError.cannotListen`; else what went wrong while closing.
    package func run() async throws {
        // A peer that is gone and a file size limit are errors to handle, not reasons to die.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: options.eventLoops)
        let service = RequestService(
            directory: directory,
            options: options,
            limits: limits,
            metrics: status.metrics,
            logger: logger
        )
        let scrubbing = ScrubTimer(directory: directory, logger: logger)
        let identity = ServerIdentity(
            id: directory.serverID,
            limits: limits
        )
        let listener: any Channel
        do {
            listener = try await bind(group, service, identity)
        } catch {
            await blocking { scrubbing.stop() }
            try? await close(service, group)
            throw ServerError.cannotListen(address: wanted, reason: "\(error)")
        }
        let address = listener.localAddress.flatMap(Self.text) ?? wanted
        logger.info(
            "listening",
            metadata: [
                "address": "\(address)", "event_loops": "\(options.eventLoops)",
                "workers": "\(options.workers)",
            ]
        )
        status.serve(service, identity.connections)
        whenListening(address)
        let keeper = StoreKeeper(directory: directory, options: options, logger: logger)
        let keeping = Task { await keeper.run() }
        try? await gracefulShutdown()
        status.drain()
        keeping.cancel()
        logger.info("shutting down")
        await blocking {
            scrubbing.stop()
            service.backups.close()
        }
        try? await listener.close()
        await identity.connections.drain(within: options.drainTimeout, on: group.next())
        await keeping.value
        status.close()
        try await close(service, group)
        logger.info("closed")
    }

    /// The directory first, so that nothing waits for its durability; the event loops last, since
    /// the writers and workers call them.
    private func close(
        _ service: RequestService,
        _ group: MultiThreadedEventLoopGroup
    ) async throws {
        let closed: Result<Void, any Error>
        do {
            closed = .success(try await closeDirectory())
        } catch {
            closed = .failure(error)
        }
        if let path = options.unixSocketPath { unlink(path) }
        try await service.shutDown()
        try await group.shutdownGracefully()
        try closed.get()
    }

    // MARK: Listening

    private var wanted: String {
        options.unixSocketPath.map { "unix:\($0)" } ?? Self.text(options.host, options.port)
    }

    private static func text(_ address: SocketAddress) -> String? {
        switch address {
        case .v4, .v6: text(address.ipAddress ?? "?", address.port ?? 0)
        case .unixDomainSocket: address.pathname.map { "unix:\($0)" }
        }
    }

    private static func text(_ host: String, _ port: Int) -> String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    private func bind(
        _ group: MultiThreadedEventLoopGroup,
        _ service: RequestService,
        _ identity: ServerIdentity
    ) async throws -> any Channel {
        let (options, logger, metrics) = (options, logger, status.metrics)
        let turns = turnQueues(group)
        var bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1_024)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                .writeBufferWaterMark,
                value: .init(low: options.writeBufferBytes / 4, high: options.writeBufferBytes)
            )
            .childChannelOption(
                .recvAllocator,
                // Channels keep a buffer of that size: what an idle connection costs. It doubles
                // with every read that fills it.
                value: AdaptiveRecvByteBufferAllocator(
                    minimum: 2_048,
                    initial: 2_048,
                    maximum: 1 << 20
                )
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    do throws(ServerError) {
                        try identity.connections.add(channel)
                    } catch {
                        metrics.count(.connectionsRefused)
                        if let limit = error.limit { metrics.refused(by: limit) }
                        throw error
                    }
                    metrics.count(.connectionsAccepted)
                    let pipeline = channel.pipeline.syncOperations
                    if let tls = options.tls { try pipeline.addHandler(tls.makeHandler()) }
                    guard let queue = turns[ObjectIdentifier(channel.eventLoop)]?.value else {
                        throw ServerError.leaving
                    }
                    try pipeline.addHandler(
                        ConnectionHandler(
                            service: service,
                            server: identity,
                            turns: queue,
                            logger: logger
                        )
                    )
                }
            }
        if let path = options.unixSocketPath {
            return try await bootstrap.bind(
                unixDomainSocketPath: path,
                cleanupExistingSocketFile: true
            ).get()
        }
        bootstrap = bootstrap.serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        return try await bootstrap.bind(host: options.host, port: options.port).get()
    }

    /// A queue for each event loop.
    private func turnQueues(
        _ group: MultiThreadedEventLoopGroup
    ) -> [ObjectIdentifier: NIOLoopBoundBox<TurnQueue>] {
        var queues: [ObjectIdentifier: NIOLoopBoundBox<TurnQueue>] = [:]
        for eventLoop in group.makeIterator() {
            queues[ObjectIdentifier(eventLoop)] = NIOLoopBoundBox.makeBoxSendingValue(
                TurnQueue(eventLoop: eventLoop, options: options),
                eventLoop: eventLoop
            )
        }
        return queues
    }

    /// Waits for what blocks, off the cooperative threads.
    private func blocking(_ body: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                body()
                continuation.resume()
            }
        }
    }

    private func closeDirectory() async throws {
        let directory = directory
        let result: Result<Void, IndexError> = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                do throws(IndexError) {
                    try directory.close()
                    continuation.resume(returning: .success(()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        try result.get()
    }
}
