/// The table of all settings: the file, the environment and the flags have no others.
package enum Schema {
    /// What variables of the environment begin with.
    package static let variablePrefix = "PALATE_"

    /// Variables with that beginning that are no settings of a server.
    static let otherVariables: Set<String> = [
        // Which instruction set the kernels use; read where they are chosen.
        "PALATE_KERNELS",
        // The executable that tools start.
        "PALATE_BINARY",
        // Tests: golden frames to write, and a seed to repeat.
        "PALATE_RECORD_FIXTURES", "PALATE_WRITE_FIXTURE", "PALATE_TEST_SEED",
        // The libraries that the proofs put under a server (tools/proofs).
        "PALATE_FAIL_CALL", "PALATE_FAIL_ERRNO", "PALATE_FAIL_LOG", "PALATE_RECORD",
        "PALATE_RECORD_SKIP_SYNC", "PALATE_TRACK_ROOT", "PALATE_DISK_FULL_NAMESPACE",
    ]

    /// What the variables of clients begin with: of the other commands, not of a server.
    static let clientPrefix = "PALATE_CLIENT_"

    /// Every setting, in the order of the documentation.
    package static let settings: [Setting] = process + edge + access + limits + operations

    private static let mostBytes = 1 << 50

    private static let process = [
        Setting("data", .text, nil, "The data directory; made when it is not there."),
        Setting(
            "listen",
            .address(takesUnix: true),
            "127.0.0.1:7411",
            "HOST:PORT, port 0 picks a free one; or unix:PATH."
        ),
        Setting(
            "threads.event-loops",
            .integer(0...256),
            "0",
            "Event loops; each runs cheap queries to completion; 0 = one per two cores."
        ),
        Setting(
            "threads.workers",
            .integer(0...256),
            "0",
            "Threads for costly queries; 0 = one per core."
        ),
        Setting(
            "threads.build",
            .integer(0...256),
            "0",
            "Threads that link rows; 0 = one per core."
        ),
        Setting(
            "threads.spin",
            .shortTime(0...1_000_000),
            "0s",
            "How long an event loop looks for the next request before it sleeps: sooner answers "
                + "for a core that is awake."
        ),
        Setting(
            "storage.map-max",
            .bytes(1 << 20...16 << 40),
            "256GiB",
            "The most a collection's file may grow to: address space, not disk."
        ),
        Setting(
            "search.sketches",
            .list,
            nil,
            "Collections that keep sketches of their links, * = all: 384 bytes a row, fewer rows "
                + "scored."
        ),
        Setting("backups", .text, nil, "The directory that clients may have backups made in."),
        Setting(
            "log.level",
            .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]),
            "info",
            reloads: true,
            "The least severe lines that are logged."
        ),
        Setting("log.format", .choice(["text", "json"]), "text", "Lines for people or machines."),
    ]

    private static let edge = [
        Setting("tls.certificate", .text, nil, "PEM: the certificate and those above it."),
        Setting("tls.key", .text, nil, "PEM: the key of the certificate."),
        Setting(
            "tls.client-ca",
            .text,
            nil,
            "PEM: who signs clients' certificates; with it clients need one."
        ),
    ]

    private static let access = [
        Setting("access.keys", .text, nil, "The file of API keys; DATA/keys unless given."),
        Setting(
            "access.anonymous",
            .choice(["loopback", "refuse", "everywhere"]),
            nil,
            "Who may come while there are neither keys nor tokens; has to be chosen then."
        ),
        Setting(
            "access.tokens.algorithms",
            .choices(["HS256", "RS256", "ES256", "EdDSA"]),
            nil,
            "Signatures of JSON Web Tokens that are taken; none unless given."
        ),
        Setting("access.tokens.hmac-secret", .text, nil, "The file of the secret of HS256."),
        Setting("access.tokens.public-keys", .list, nil, "PEM files of public keys."),
        Setting("access.tokens.jwks", .text, nil, "A file with a JSON Web Key Set."),
        Setting("access.tokens.issuer", .text, nil, "The only `iss` that is taken."),
        Setting("access.tokens.audience", .text, nil, "What `aud` must hold."),
        Setting(
            "access.tokens.leeway",
            .time(0...600_000),
            "10s",
            "How far the clocks may be apart."
        ),
        Setting(
            "access.failures",
            .integer(0...1_000_000),
            "4",
            "Failures to authenticate in ten minutes until an address waits: 1 s, then doubling."
        ),
    ]

    private static let limits = [
        Setting(
            "limits.connections",
            .integer(1...1_000_000),
            "4096",
            reloads: true,
            "Connections that may be open."
        ),
        Setting(
            "limits.connections-per-address",
            .integer(1...1_000_000),
            "1024",
            reloads: true,
            "Connections that may be open from one address."
        ),
        Setting(
            "limits.requests-in-flight",
            .integer(1...1_000_000),
            "1024",
            reloads: true,
            "Requests of one connection that may be unanswered."
        ),
        Setting(
            "limits.requests-per-second",
            .integer(0...1_000_000_000),
            "0",
            reloads: true,
            "Requests a second of one connection; 0 = as many as come."
        ),
        Setting(
            "limits.requests-per-second-per-key",
            .integer(0...1_000_000_000),
            "0",
            reloads: true,
            "Requests a second of one key or subject; 0 = as many as come."
        ),
        Setting(
            "limits.memory",
            .bytes(0...mostBytes),
            "0",
            reloads: true,
            "Resident bytes above which writes that add are refused; 0 = no limit."
        ),
        Setting(
            "limits.waiting",
            .integer(1...1_000_000),
            "4096",
            "Costly requests that may wait for a worker."
        ),
        Setting(
            "limits.write-backlog",
            .bytes(64 << 20...mostBytes),
            "512MiB",
            "Loads of a collection that may wait, and other writes; a larger one waits alone."
        ),
        Setting(
            "limits.event-backlog",
            .integer(1...1_000_000_000),
            "1048576",
            "Events of a collection that may wait; a larger request waits alone."
        ),
        Setting(
            "limits.unread",
            .bytes(64 << 10...1 << 30),
            "4MiB",
            "Answers that may wait for a slow reader before no more of its requests are read."
        ),
        Setting(
            "limits.body",
            .bytes(4_096...64 << 20),
            "64MiB",
            "The largest body a client may ask for."
        ),
        Setting(
            "limits.time-budget",
            .time(1...3_600_000),
            "60s",
            "The time budget of requests that come without one."
        ),
        Setting(
            "limits.query-wait",
            .shortTime(0...3_600_000_000),
            "0s",
            reloads: true,
            "How long a query may wait for its turn, at most half of its time budget; 0 = that."
        ),
        Setting(
            "limits.stall-timeout",
            .time(100...3_600_000),
            "10s",
            "How long a frame may take to arrive, beside its bytes by `limits.stall-rate`."
        ),
        Setting(
            "limits.stall-rate",
            .bytes(1_024...1 << 30),
            "256KiB",
            "Bytes a second below which a client counts as stalled."
        ),
        Setting(
            "limits.hello-timeout",
            .time(100...3_600_000),
            "5s",
            "How long a connection may take to shake hands."
        ),
    ]

    private static let operations = [
        Setting(
            "http.listen",
            .address(takesUnix: false),
            nil,
            "HOST:PORT of the operator's endpoint; none unless given."
        ),
        Setting(
            "http.tls",
            .choice(["on", "off"]),
            "off",
            "HTTPS, by the certificate of `tls`; clients need none of their own."
        ),
        Setting(
            "http.connections",
            .integer(1...65_536),
            "128",
            "Connections to it that may be open."
        ),
        Setting(
            "http.idle-timeout",
            .time(1_000...3_600_000),
            "60s",
            "How long a connection to it may take for its next request."
        ),
        Setting(
            "slow-query.threshold",
            .time(0...3_600_000),
            "0s",
            reloads: true,
            "Queries that take longer are logged; 0 = none."
        ),
        Setting(
            "drain",
            .time(0...3_600_000),
            "5s",
            "How long shutting down waits for answers in flight."
        ),
    ]

    /// The setting of a name.
    static func setting(_ name: String) -> Setting? { byName[name] }

    private static let byName = Dictionary(
        settings.map { ($0.name, $0) },
        uniquingKeysWith: { first, _ in first }
    )

    /// Whether a dotted name is the beginning of settings' names.
    static func isSection(_ name: String) -> Bool {
        settings.contains { $0.name.hasPrefix(name + ".") }
    }

    /// The known name that a wrong one is nearest to.
    static func nearest(_ name: String) -> String? { nearest(name, settings.map(\.name)) }

    /// The known variable that a wrong one is nearest to.
    static func nearestVariable(_ variable: String) -> String? {
        nearest(variable, settings.map(\.variable))
    }

    /// Bytes of the longest name worth a guess; the distance takes time by its length.
    private static let guessedBytesMax = 100

    private static func nearest(_ name: String, _ known: [String]) -> String? {
        guard name.utf8.count <= guessedBytesMax else { return nil }
        return known.map { ($0, distance(name, $0)) }.min { $0.1 < $1.1 }
            .flatMap { $0.1 <= max(2, name.count / 3) ? $0.0 : nil }
    }

    /// Letters to change, add or drop (Levenshtein).
    private static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right.utf8)
        var row = Array(0...right.count)
        for (i, letter) in left.utf8.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for j in right.indices {
                let replaced = diagonal + (letter == right[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[right.count]
    }
}
