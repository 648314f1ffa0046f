import ArgumentParser
import Glibc
import PalateConfiguration

/// The flags of `palate serve`: each is a setting, and any other setting goes by `--set`.
struct ServeFlags: ParsableArguments {
    @Option(help: "A file of settings in YAML.")
    var config: String?

    @Option(help: "The data directory; made when it is not there.")
    var data: String?

    @Option(help: "HOST:PORT, port 0 picks a free one; or unix:PATH. [127.0.0.1:7411]")
    var listen: String?

    @Option(help: "Event loops; each runs cheap queries to completion. 0 = one per two cores.")
    var eventLoops: String?

    @Option(help: "Threads for costly queries. 0 = one per core.")
    var workers: String?

    @Option(
        help: "Threads that link rows; while queries come, less the event loops. 0 = one per core."
    )
    var buildThreads: String?

    @Option(
        help: ArgumentHelp(
            "The most a collection's file may grow to: bytes, or a number and MB, GB, MiB or GiB.",
            discussion: """
                Address space, not disk. Maps begin with 1 GiB and double while the server runs. \
                Above 85 % of this only deletes are taken.
                """
        )
    )
    var mapMax: String?

    @Option(help: "The directory that clients may have backups made in; none without it.")
    var backups: String?

    @Option(help: "trace, debug, info, notice, warning, error or critical. [info]")
    var logLevel: String?

    @Option(help: "PEM: the server's certificate and those above it.")
    var tlsCertificate: String?

    @Option(help: "PEM: the key of the certificate.")
    var tlsKey: String?

    @Option(help: "PEM: who signs clients' certificates; with it clients need one.")
    var tlsClientCA: String?

    @Option(help: "The file of API keys. [DATA/keys]")
    var accessKeys: String?

    @Option(help: "Who may come while there are no keys: loopback, refuse or everywhere.")
    var anonymous: String?

    @Option(help: "HOST:PORT of the operator's endpoint; none without it.")
    var httpListen: String?

    @Option(help: "Queries that take longer are logged: 50ms, 2s; 0s = none. [0s]")
    var slowQuery: String?

    @Option(help: "How long shutting down waits for answers in flight. [5s]")
    var drain: String?

    @Option(name: .customLong("set"), help: "NAME=VALUE: any setting; may be given again.")
    var settings: [String] = []

    func validate() throws {
        for setting in settings where !setting.contains("=") {
            throw ValidationError("--set wants NAME=VALUE, got \"\(setting)\"")
        }
    }

    /// Texts by the settings' names.
    private var texts: [String: String] {
        let named: [String: String?] = [
            "data": data, "listen": listen, "threads.event-loops": eventLoops,
            "threads.workers": workers, "threads.build": buildThreads, "storage.map-max": mapMax,
            "backups": backups, "log.level": logLevel, "tls.certificate": tlsCertificate,
            "tls.key": tlsKey, "tls.client-ca": tlsClientCA, "access.keys": accessKeys,
            "access.anonymous": anonymous, "http.listen": httpListen,
            "slow-query.threshold": slowQuery, "drain": drain,
        ]
        var texts = named.compactMapValues { $0 }
        for setting in settings {
            let parts = setting.split(
                separator: "=",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            texts[String(parts[0])] = String(parts[1])
        }
        return texts
    }

    /// What holds for every setting.
    ///
    /// - Throws: a `CommandFailure` with a line per problem.
    func load() throws -> Configuration {
        do throws(ConfigurationError) {
            return try Configuration(file: config, environment: Environment.all, flags: texts)
        } catch {
            throw CommandFailure("\(error)")
        }
    }
}

/// The process's variables.
enum Environment {
    static var all: [String: String] {
        var found: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let parts = String(cString: entry).split(
                separator: "=",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            if parts.count == 2 { found[String(parts[0])] = String(parts[1]) }
            next += 1
        }
        return found
    }
}
