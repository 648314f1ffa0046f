import ArgumentParser
import PalateIndex

/// `palate restore`.
struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a data directory of a backup.",
        discussion: """
            Everything is compared with the backup's manifest before the directory gets its name. \
            A directory with anything in it is never overwritten.
            """
    )

    @Argument(help: "The backup: a directory, a file, or - for standard input.")
    var backup: String

    @Option(help: "The data directory to make.")
    var to: String

    @Flag(help: "Print one line of JSON.")
    var json = false

    func run() async throws {
        let manifest: BackupManifest
        do throws(IndexError) {
            manifest = try PalateIndex.Restore.run(backup: backup, to: to)
        } catch {
            throw CommandFailure("cannot restore \(backup): \(error)")
        }
        let line = RestoreLine(
            files: manifest.files.count,
            bytes: manifest.bytes,
            entries: manifest.entries
        )
        if json { return try printJSON(line) }
        print("\(to): \(line.files) files, \(line.bytes) bytes, \(line.entries) entries")
    }
}

private struct RestoreLine: Encodable {
    var files: Int
    var bytes: Int
    var entries: Int
}
