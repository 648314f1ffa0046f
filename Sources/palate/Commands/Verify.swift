import ArgumentParser
import PalateIndex

/// `palate verify`.
struct Verify: AsyncParsableCommand {
    /// What the process ends with when something is damaged; 1 means that it could not verify.
    private static let damagedExitCode: Int32 = 2

    static let configuration = CommandConfiguration(
        abstract: "Read everything in a data directory and name what is damaged.",
        discussion: """
            Exits with 0 when nothing is damaged, with 2 when something is, with 1 when it could \
            not verify. No server may have the directory open.
            """
    )

    @Option(help: "The data directory.")
    var data: String

    @Flag(help: "Print one line of JSON.")
    var json = false

    func run() async throws {
        let report: VerificationReport
        do throws(IndexError) {
            report = try Verification.run(path: data)
        } catch {
            throw CommandFailure("cannot verify \(data): \(error)")
        }
        if json {
            try printJSON(VerifyLine(report))
        } else {
            report.printLines()
        }
        guard report.isClean else { throw ExitCode(Self.damagedExitCode) }
    }
}

extension VerificationReport {
    /// For people: counts by collection, what is damaged, the verdict.
    func printLines() {
        for collection in collections {
            print(
                "\(collection.name): \(collection.rows) rows, \(collection.liveRows) live, "
                    + "\(collection.vectors) vectors, \(collection.payloads) payloads, "
                    + "\(collection.comparedCodes) codes compared, "
                    + "\(collection.linkedRows) linked, "
                    + "\(collection.events) events, \(collection.users) users"
            )
        }
        for finding in findings { print("damaged: \(finding)") }
        let unlisted = damageCount - findings.count
        if unlisted > 0 { print("damaged: \(unlisted) more") }
        print(isClean ? "clean" : "\(damageCount) findings")
    }
}

/// The report as JSON.
private struct VerifyLine: Encodable {
    struct Object: Encodable {
        var collection: String
        var table: String
        var key: String
        var got: String
        var expected: String
    }

    struct Collection: Encodable {
        var name: String
        var rows: Int
        var liveRows: Int
        var vectors: Int
        var payloads: Int
        var comparedCodes: Int
        var linkedRows: Int
        var events: Int
        var users: Int
    }

    var isClean: Bool
    var damaged: Int
    var findings: [Object]
    var collections: [Collection]

    init(_ report: VerificationReport) {
        isClean = report.isClean
        damaged = report.damageCount
        findings = report.findings.map {
            Object(
                collection: $0.collection,
                table: $0.table,
                key: $0.key,
                got: $0.got,
                expected: $0.expected
            )
        }
        collections = report.collections.map {
            Collection(
                name: $0.name,
                rows: $0.rows,
                liveRows: $0.liveRows,
                vectors: $0.vectors,
                payloads: $0.payloads,
                comparedCodes: $0.comparedCodes,
                linkedRows: $0.linkedRows,
                events: $0.events,
                users: $0.users
            )
        }
    }
}
