import ArgumentParser
import PalateClient
import PalateIndex
import PalateModel
import PalateOperations

/// `palate backup`.
struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy a data directory, running or stopped.",
        discussion: """
            With --connect a running server makes the backup while it serves, under the name --to \
            in the directory it was given with --backups. Without it, DATA is a directory that no \
            server has open, and --to a path; "-" writes one file to standard output.
            """
    )

    @Argument(help: "The data directory of a stopped server.")
    var data: String?

    @Option(name: .customLong("connect"), help: "HOST:PORT or unix:PATH of a running server.")
    var server: ListenAddress?

    @Option(help: "A path, or with --connect a name; nothing may be there yet.")
    var to: String

    @Option(help: "The collection; all of them without it.")
    var collection: String?

    @Flag(help: "Make one file instead of a directory.")
    var file = false

    @Option(help: "MB a second at most, from 1.")
    var rate = 200

    @Flag(help: "Print one line of JSON.")
    var json = false

    func validate() throws {
        guard (data == nil) != (server == nil) else {
            throw ValidationError("give a stopped directory, or --connect; not both")
        }
        guard (1...1_000_000).contains(rate) else {
            throw ValidationError("--rate is 1 to 1000000")
        }
        guard server == nil || to != "-" else {
            throw ValidationError("a server writes no backup to standard output")
        }
    }

    func run() async throws {
        let receipt = try await server == nil ? copy() : ask()
        let line = BackupLine(receipt)
        if to == "-" { return }
        if json { return try printJSON(line) }
        print(
            "\(to): \(line.files) files, \(line.bytes) bytes, \(line.entries) entries, "
                + "manifest \(line.manifest), \(line.seconds) s"
        )
    }

    private func copy() throws -> BackupReceipt {
        let order = BackupOrder(
            target: to,
            form: file ? .file : .directory,
            collection: collection,
            bytesPerSecond: rate * 1_000_000
        )
        let data = data ?? ""
        do throws(IndexError) {
            return try StoppedBackup.run(path: data, order)
        } catch {
            throw CommandFailure("cannot back up \(data): \(error)")
        }
    }

    private func ask() async throws -> BackupReceipt {
        guard let server else { throw CommandFailure("no server") }
        let client = try await connect(server)
        let request = BackupRequest(
            name: to,
            collection: collection ?? "",
            form: file ? .file : .directory,
            bytesPerSecond: UInt64(rate) * 1_000_000
        )
        do {
            let receipt = try await client.backup(request)
            await client.close()
            return receipt
        } catch {
            await client.close()
            throw error
        }
    }
}
