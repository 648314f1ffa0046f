import Hummingbird
import HummingbirdCore
package import Logging
package import NIOCore
package import PalateServer
import ServiceLifecycle

/// What keeps the operator's endpoint small.
package struct OperationsLimits: Sendable {
    /// Connections that may be open: scrapers and balancers are few.
    package var connections = 128
    /// How long a connection may take for its next request: else slow ones keep others out.
    package var idleTimeout = TimeAmount.seconds(60)

    /// The defaults.
    package init() {}

    /// With everything said.
    package init(connections: Int, idleTimeout: TimeAmount) {
        self.connections = connections
        self.idleTimeout = idleTimeout
    }
}

/// HTTP for operators: health, readiness, figures, and what an administrator does.
package struct OperationsServer: Service {
    private let routes: OperationsRoutes
    private let host: String
    private let port: Int
    private let tls: ServerTLS?
    private let limits: OperationsLimits
    private let logger: Logger
    private let whenListening: @Sendable (_ port: Int) -> Void

    /// A server that is not listening yet.
    ///
    /// - Parameters:
    ///   - status: of the server that it tells of.
    ///   - host: a name or an address.
    ///   - port: 0 picks a free one.
    ///   - tls: the certificate; nil = in the clear. Clients need none of their own.
    ///   - limits: of its connections.
    ///   - logger: for requests that fail.
    ///   - reload: what `POST /admin/reload` does.
    ///   - whenListening: called once with the port.
    package init(
        status: ServerStatus,
        host: String,
        port: Int,
        tls: ServerTLS? = nil,
        limits: OperationsLimits = .init(),
        logger: Logger,
        reload: @escaping @Sendable () -> Void,
        whenListening: @escaping @Sendable (_ port: Int) -> Void = { _ in }
    ) {
        routes = OperationsRoutes(
            status: status,
            access: OperationsAccess(access: status.access),
            logger: logger,
            reload: reload
        )
        self.host = host
        self.port = port
        self.tls = tls
        self.limits = limits
        self.logger = logger
        self.whenListening = whenListening
    }

    /// Serves until the service group shuts down.
    package func run() async throws {
        let (tls, limits, logger, whenListening) = (tls, limits, logger, whenListening)
        let application = Application(
            router: routes.router(),
            server: HTTPServerBuilder { responder in
                let channel = HTTP1Channel(
                    responder: responder,
                    configuration: HTTP1Channel.Configuration(
                        additionalChannelHandlers: [RequestPatience(limit: limits.idleTimeout)],
                        idleTimeout: limits.idleTimeout
                    )
                )
                guard let tls else { return channel }
                return SecuredChannel(channel: channel, tls: tls)
            },
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                serverName: "palate",
                availableConnectionsDelegate: MaximumAvailableConnections(limits.connections)
            ),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? 0
                logger.info("operations listening", metadata: ["port": "\(port)"])
                whenListening(port)
            },
            logger: logger
        )
        try await application.run()
    }
}
