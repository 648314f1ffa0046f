import ArgumentParser
import PalateIndex

/// `palate compact`.
struct Compact: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy a stopped directory's files without their free pages, in place.",
        discussion: """
            Needs room on the disk for the largest file twice. A running server uses free pages \
            again by itself; a backup of it is compact.
            """
    )

    @Argument(help: "The data directory.")
    var data: String

    @Option(help: "The collection; all of them, and the catalog, without it.")
    var collection: String?

    @Flag(help: "Print one line of JSON per file.")
    var json = false

    func run() async throws {
        let results: [CompactionResult]
        do throws(IndexError) {
            results = try Compaction.run(path: data, collection: collection)
        } catch {
            throw CommandFailure("cannot compact \(data): \(error)")
        }
        for result in results {
            let line = CompactLine(
                directory: result.directory,
                bytesBefore: result.bytesBefore,
                bytesAfter: result.bytesAfter
            )
            if json {
                try printJSON(line)
            } else {
                print("\(line.directory): \(line.bytesBefore) -> \(line.bytesAfter) bytes")
            }
        }
    }
}

private struct CompactLine: Encodable {
    var directory: String
    var bytesBefore: Int
    var bytesAfter: Int
}
