import Dispatch
package import Logging
import NIOCore
import NIOPosix
package import PalateIndex
import PalateModel
import PalateWire
import ServiceLifecycle
import Synchronization

// PalateServer: sockets to the core and back. Start here.
//
// | file                    | job                                                             |
// |-------------------------|-----------------------------------------------------------------|
// | PalateServer.swift      | listen, serve, drain, close                                     |
// | ConnectionHandler.swift | one connection: frames in, frames out, back-pressure            |
// | RequestService.swift    | what each opcode does                                           |
// | SearchWorkers.swift     | threads for what blocks; scratch for all queries                |
// | ServerIdentity.swift    | who answers, and the connections there are                      |
// | ServerOptions.swift     | every limit of the edge                                         |

/// A server over one data directory, run by a service group.
package struct PalateServer: Service {
    private let directory: DataDirectory
    private let options: ServerOptions
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
        directory: DataDirectory, options: ServerOptions, logger: Logger,
        whenListening: @escaping @Sendable (_ address: String) -> Void
    ) {
        self.directory = directory
        self.options = options
        self.logger = logger
        self.whenListening = whenListening
    }

    /// Serves until the service group shuts down gracefully, then answers what is in flight, says
    /// GOAWAY, checkpoints and closes the directory.
    package func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: options.eventLoops)
        let identity = ServerIdentity(id: directory.serverID)
        let listener = try await bind(group, identity)
        let address = listener.localAddress.map { "\($0.ipAddress ?? options.host):\($0.port ?? 0)" }
        logger.info("listening", metadata: ["address": "\(address ?? "?")"])
        whenListening(address ?? "")
        try? await gracefulShutdown()
        logger.info("shutting down")
        try? await listener.close()
        await identity.connections.drain(within: options.drainTimeout)
        try await group.shutdownGracefully()
        try await closeDirectory()
        logger.info("closed")
    }

    private func bind(
        _ group: MultiThreadedEventLoopGroup, _ identity: ServerIdentity
    ) async throws -> any Channel {
        let service = RequestService(directory: directory, options: options)
        let (options, logger) = (options, logger)
        return try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                .writeBufferWaterMark,
                value: .init(low: options.writeBufferBytes / 4, high: options.writeBufferBytes))
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(
                    minimum: 4_096, initial: 65_536, maximum: 1 << 20))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    identity.connections.add(channel)
                    try channel.pipeline.syncOperations.addHandler(
                        ConnectionHandler(service: service, server: identity, logger: logger))
                }
            }
            .bind(host: options.host, port: options.port).get()
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
