import ArgumentParser
import PalateIndex

/// `palate verify`.
struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read everything in a data directory and name what is damaged.",
        discussion: "Exits with 1 when anything is. No server may have the directory open."
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
            for collection in report.collections {
                print(
                    "\(collection.name): \(collection.rows) rows, \(collection.liveRows) live, "
                        + "\(collection.payloads) payloads, \(collection.linkedRows) linked, "
                        + "\(collection.events) events, \(collection.users) users"
                )
            }
            for finding in report.findings { print("damaged: \(finding)") }
            print(report.findings.isEmpty ? "clean" : "\(report.findings.count) findings")
        }
        guard report.findings.isEmpty else { throw ExitCode(1) }
    }
}

/// The report as JSON.
private struct VerifyLine: Encodable {
    struct Collection: Encodable {
        var name: String
        var rows: Int
        var liveRows: Int
        var payloads: Int
        var linkedRows: Int
        var events: Int
        var users: Int
    }

    var isClean: Bool
    var findings: [String]
    var collections: [Collection]

    init(_ report: VerificationReport) {
        isClean = report.findings.isEmpty
        findings = report.findings
        collections = report.collections.map {
            Collection(
                name: $0.name,
                rows: $0.rows,
                liveRows: $0.liveRows,
                payloads: $0.payloads,
                linkedRows: $0.linkedRows,
                events: $0.events,
                users: $0.users
            )
        }
    }
}
