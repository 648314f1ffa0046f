import ArgumentParser
import Glibc
import Logging
import NIOCore
import PalateAccess
import PalateConfiguration
import PalateIndex
import PalateKernels
import PalateModel
import PalateOperations
import PalateServer
import ServiceLifecycle
import UnixSignals

/// `palate serve`.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve the collections of a data directory.",
        discussion: """
            Prints `palate: listening on HOST:PORT` on standard output once it is ready; the log \
            goes to standard error. SIGTERM and SIGINT answer what is in flight, write a \
            checkpoint and exit with 0. SIGHUP reads configuration, keys and certificates anew. \
            Settings: flags, then variables PALATE_..., then the file; `palate config schema` \
            lists them.
            """
    )

    @OptionGroup var flags: ServeFlags

    func run() async throws {
        // From here on: one that comes while the data are opened would end the process.
        let hangups = await UnixSignalsSequence(trapping: .sighup)
        let configuration = try flags.load()
        guard let data = configuration.text("data") else {
            throw CommandFailure("the data directory is not given: --data DIR")
        }
        let level = LogLevel(configuration)
        LogLines.bootstrap(configuration, level)
        let logger = Logger(label: "palate")
        // A file size limit is a full disk to handle, not a reason to die; opening writes already.
        signal(SIGXFSZ, SIG_IGN)
        var options = try ServerOptions(configuration)
        let gatekeeper = try await Gatekeeper(configuration, data: data)
        guard !gatekeeper.isOpen || configuration.text("access.anonymous") != nil else {
            throw CommandFailure(
                "there are no keys and no tokens: make a key with `palate keys create`, or choose "
                    + "who may come without, such as this machine: --anonymous loopback"
            )
        }
        options.access.gatekeeper = gatekeeper
        let directory = try Self.openDirectory(data, configuration, options, logger)
        let server = PalateServer(directory: directory, options: options, logger: logger) {
            print("palate: listening on \($0)")
            fflush(nil)
        }
        let reload = ReloadService(
            flags: flags,
            configuration: configuration,
            level: level,
            limits: server.limits,
            tls: options.tls,
            gatekeeper: gatekeeper,
            hangups: hangups,
            logger: logger
        )
        var services: [any Service] = [reload]
        if let operations = try Self.operations(
            configuration,
            server.status,
            options.tls,
            logger
        ) {
            services.append(operations)
        }
        // The last one is shut down first: operators see the server drain.
        let group = ServiceGroup(
            services: services + [server],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        try await group.run()
    }

    private static func operations(
        _ configuration: Configuration,
        _ status: ServerStatus,
        _ tls: ServerTLS?,
        _ logger: Logger
    ) throws -> OperationsServer? {
        guard let listen = configuration.text("http.listen") else { return nil }
        guard let address = ListenAddress(argument: listen),
            case .tcp(let host, let port) = address.kind
        else { throw CommandFailure("http.listen: got \"\(listen)\", expected HOST:PORT") }
        return OperationsServer(
            status: status,
            host: host,
            port: port,
            tls: configuration.text("http.tls") == "on" ? tls : nil,
            limits: OperationsLimits(
                connections: configuration.number("http.connections"),
                idleTimeout: .milliseconds(Int64(configuration.number("http.idle-timeout")))
            ),
            logger: logger,
            reload: { kill(getpid(), SIGHUP) }
        )
    }

    private static func openDirectory(
        _ data: String,
        _ configuration: Configuration,
        _ options: ServerOptions,
        _ logger: Logger
    ) throws -> DataDirectory {
        let kernels = try KernelTable.selected()
        let storage = DataDirectoryOptions(configuration, options, logger)
        let started = ContinuousClock.now
        let directory: DataDirectory
        do throws(IndexError) {
            directory = try DataDirectory(path: data, options: storage)
        } catch {
            throw CommandFailure("cannot open \(data): \(error)")
        }
        logger.info(
            "opened",
            metadata: [
                "data": "\(data)", "collections": "\(directory.collections.count)",
                "seconds": "\((ContinuousClock.now - started).seconds)",
                "kernels": "\(kernels.name)",
            ]
        )
        return directory
    }
}

/// A failure that is the user's to read: its text is all that is printed.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
