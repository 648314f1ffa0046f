import ArgumentParser
import Glibc
import PalateIndex
import PalateModel

/// `palate dump`.
struct DumpDirectory: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dump",
        abstract: "List every item and event of a data directory.",
        discussion: """
            One line each, columns parted by tabs: `collection NAME DIMENSIONS METRIC QUANTIZER`, \
            then its live items by id, `item ID VERSION PAYLOAD VECTOR` (CRC32C in hexadecimal of \
            the payload and of the float32 components), then its events, `event SEQUENCE USER ITEM \
            MILLISECONDS TYPE`. No server may have the directory open.
            """
    )

    @Option(help: "The data directory.")
    var data: String

    func run() async throws {
        do throws(IndexError) {
            try Dump.run(path: data) { print(Self.line($0)) }
        } catch {
            fflush(nil)
            throw CommandFailure("cannot dump \(data): \(error)")
        }
    }

    private static func line(_ record: DumpRecord) -> String {
        switch record {
        case .collection(let schema):
            "collection\t\(schema.name)\t\(schema.dimensions)\t\(schema.metric)\t"
                + schema.quantizer
        case .item(let item, let version, let payload, let vector, let fields):
            "item\t\(item)\t\(version)\t\(hexadecimal(payload))\t\(hexadecimal(vector))"
                + (fields.map { "\t" + hexadecimal($0) } ?? "")
        case .event(let sequence, let event):
            "event\t\(sequence)\t\(event.user)\t\(event.item)\t\(event.timeMilliseconds)\t"
                + event.type.name
        }
    }

    private static func hexadecimal(_ value: UInt32) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}
