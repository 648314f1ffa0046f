import ArgumentParser
import Glibc
import Logging
import PalateBench
import PalateIndex
import PalateKernels
import PalateModel
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
            checkpoint and exit with 0.
            """
    )

    @Option(help: "The data directory; made when it is not there.")
    var data: String

    @Option(help: "HOST:PORT, port 0 picks a free one; or unix:PATH.")
    var listen: ListenAddress = ListenAddress(host: "127.0.0.1", port: 7_411)

    @Option(help: "Event loops; each runs cheap queries to completion. 0 = one per two cores.")
    var eventLoops = 0

    @Option(help: "Threads for costly queries. 0 = one per core.")
    var workers = 0

    @Option(
        help: "Threads that link rows; while queries come, less the event loops. 0 = one per core."
    )
    var buildThreads = 0

    @Option(
        help: ArgumentHelp(
            "The most a collection's file may grow to: bytes, or a number and MB, GB, MiB or GiB.",
            discussion: """
                Address space, not disk. Maps begin with 1 GiB and double while the server runs. \
                Above 85 % of this only deletes are taken.
                """
        ),
        transform: ByteSize.init(parsing:)
    )
    var mapMax = ByteSize(bytes: 256 << 30)

    @Option(help: "The directory that clients may have backups made in; none without it.")
    var backups: String?

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = "info"

    func validate() throws {
        guard (0...256).contains(eventLoops), (0...256).contains(workers),
            (0...256).contains(buildThreads)
        else { throw ValidationError("thread counts are 0 to 256") }
        guard Logger.Level(rawValue: logLevel) != nil else {
            let names = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--log-level is one of \(names)")
        }
        guard (1 << 20...16 << 40).contains(mapMax.bytes) else {
            throw ValidationError("--map-max is 1 MiB to 16384 GiB")
        }
    }

    func run() async throws {
        let level = Logger.Level(rawValue: logLevel) ?? .info
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        let logger = Logger(label: "palate")
        // A file size limit is a full disk to handle, not a reason to die; opening writes already.
        signal(SIGXFSZ, SIG_IGN)
        let kernels = try KernelTable.selected()
        let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        var storage = DataDirectoryOptions()
        storage.buildThreads = buildThreads == 0 ? cores : buildThreads
        storage.generationMapBytes = mapMax.bytes
        storage.whenHealthChanges = { change in
            logger.log(
                level: change.state == .healthy ? .notice : .error,
                "store \(change.state)",
                metadata: [
                    "collection": "\(change.collection)", "store": "\(change.store)",
                    "last_failure": "\(change.lastFailure)",
                ]
            )
        }
        let loops = eventLoops == 0 ? max(1, cores / 2) : eventLoops
        storage.reservedThreads = loops
        let started = ContinuousClock.now
        let directory = try openDirectory(storage)
        logger.info(
            "opened",
            metadata: [
                "data": "\(data)", "collections": "\(directory.collections.count)",
                "seconds": "\((ContinuousClock.now - started).seconds)",
                "kernels": "\(kernels.name)",
            ]
        )
        var options = ServerOptions()
        switch listen.kind {
        case .tcp(let host, let port): (options.host, options.port) = (host, port)
        case .unix(let path): options.unixSocketPath = path
        }
        options.eventLoops = loops
        options.workers = workers == 0 ? cores : workers
        options.backupsPath = backups
        let server = PalateServer(directory: directory, options: options, logger: logger) {
            print("palate: listening on \($0)")
            fflush(nil)
        }
        let group = ServiceGroup(
            services: [server],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        try await group.run()
    }

    private func openDirectory(_ options: DataDirectoryOptions) throws -> DataDirectory {
        do throws(IndexError) {
            return try DataDirectory(path: data, options: options)
        } catch {
            throw CommandFailure("cannot open \(data): \(error)")
        }
    }
}

/// A failure that is the user's to read: its text is all that is printed.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
