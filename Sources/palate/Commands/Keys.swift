import ArgumentParser
import Glibc
import PalateAccess

/// `palate keys`.
struct Keys: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make, list, revoke and rotate API keys.",
        discussion: """
            Keys are in the file `keys` of the data directory, hashed; a running server notices \
            changes within seconds. The first key ends what was open without one.
            """,
        subcommands: [Create.self, List.self, Revoke.self, Rotate.self]
    )
}

/// Where the keys are.
struct KeysFile: ParsableArguments {
    @Option(help: "The data directory.")
    var data: String?

    @Option(help: "The file of keys; DATA/keys without it.")
    var file: String?

    func validate() throws {
        guard (data == nil) != (file == nil) else {
            throw ValidationError("give either --data or --file")
        }
    }

    var keyFile: KeyFile { KeyFile(path: file ?? "\(data ?? ".")/keys") }
}

extension Keys {
    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a key and print it: it is not to be had again."
        )

        @OptionGroup var keys: KeysFile

        @Option(help: "For people: what or who the key is for.")
        var name: String

        @Option(help: "Of query, write, events and admin, with commas; or all.")
        var scopes: String

        @Option(help: "Collections it is good for, with commas.")
        var collections: String?

        @Flag(help: "It is good for every collection, and those to come.")
        var allCollections = false

        @Option(
            help: "How long it holds: a number and s, m, h or d. Left out, until it is revoked.",
            transform: TimeSpan.init(parsing:)
        )
        var expiresIn: TimeSpan?

        func validate() throws {
            guard (collections == nil) == allCollections else {
                throw ValidationError("give either --collections or --all-collections")
            }
        }

        func run() throws {
            let now = milliseconds()
            // Keys come before the first start of a server; what is wrong with it, locking says.
            if let data = keys.data { _ = mkdir(data, 0o755) }
            let key = try reported {
                () throws(KeyRingError) in
                let scopes = try Scopes(scopes)
                return try keys.keyFile.update { ring throws(KeyRingError) in
                    var generator = SystemRandomNumberGenerator()
                    return try ring.create(
                        name: name,
                        scopes: scopes,
                        collections: collections?.split(separator: ",").map(String.init),
                        expiry: expiresIn.map { now + $0.milliseconds },
                        now: now,
                        using: &generator
                    )
                }
            }
            print(key.text)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the keys; never their secrets."
        )

        @OptionGroup var keys: KeysFile

        @Flag(help: "A line of JSON per key.")
        var json = false

        func run() throws {
            let now = milliseconds()
            for key in try reported(keys.keyFile.read).keys {
                let line = KeyLine(key, now: now)
                if json { try printJSON(line) } else { print(line.text) }
            }
        }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End a key at once.")

        @OptionGroup var keys: KeysFile

        @Argument(help: "The key's id: the eight letters behind plt_.")
        var id: String

        func run() throws {
            try reported { () throws(KeyRingError) in
                try keys.keyFile.update { ring throws(KeyRingError) in
                    try ring.revoke(id, now: milliseconds())
                }
            }
        }
    }

    struct Rotate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a key another secret and print it; the one before holds for a while."
        )

        @OptionGroup var keys: KeysFile

        @Argument(help: "The key's id: the eight letters behind plt_.")
        var id: String

        @Option(
            help: "How long the secret before holds: a number and s, m, h or d.",
            transform: TimeSpan.init(parsing:)
        )
        var grace = TimeSpan(milliseconds: 86_400_000)

        func run() throws {
            let key = try reported { () throws(KeyRingError) in
                try keys.keyFile.update { ring throws(KeyRingError) in
                    var generator = SystemRandomNumberGenerator()
                    return try ring.rotate(
                        id,
                        graceEnd: milliseconds() + grace.milliseconds,
                        using: &generator
                    )
                }
            }
            print(key.text)
        }
    }
}

/// What a list says of a key.
private struct KeyLine: Encodable {
    var id: String
    var name: String
    var scopes: String
    var collections: [String]?
    var state: String
    var created: Int64
    var expiry: Int64?

    init(_ key: KeyRecord, now: Int64) {
        id = key.id
        name = key.name
        scopes = key.scopes
        collections = key.collections
        created = key.created
        expiry = key.expiry
        let isExpired = key.expiry.map { $0 <= now } ?? false
        state = key.revoked != nil ? "revoked" : isExpired ? "expired" : "holds"
    }

    var text: String {
        "\(id)\t\(name)\t\(scopes)\t\(collections?.joined(separator: ",") ?? "*")\t\(state)"
    }
}

/// A number and a unit on a command line or in a file: `30d`, `500ms`.
struct TimeSpan: Equatable, Sendable {
    var milliseconds: Int64

    init(milliseconds: Int64) { self.milliseconds = milliseconds }

    init(parsing text: String) throws {
        let units: [(String, Int64)] = [
            ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
        ]
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits),
            let unit = units.first(where: { $0.0 == text.dropFirst(digits.count) }),
            case let (product, overflow) = number.multipliedReportingOverflow(by: unit.1),
            !overflow
        else { throw ValidationError("\"\(text)\" is no time: a number and ms, s, m, h or d") }
        milliseconds = product
    }
}

/// Milliseconds since 1970.
private func milliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
}

/// Runs `body`; what it throws is what the user reads.
private func reported<Result>(_ body: () throws(KeyRingError) -> Result) throws -> Result {
    do throws(KeyRingError) {
        return try body()
    } catch {
        throw CommandFailure("\(error)")
    }
}
