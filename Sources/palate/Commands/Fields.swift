import ArgumentParser
import PalateClient
import PalateModel
import PalateOperations

/// `palate fields`.
struct Fields: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show a collection's fields, and add some.",
        discussion: """
            Types are keyword, keywords, int, float, bool, time and geo. A field's values are in \
            payloads under its name, at the JSON pointer behind @, or, with a bare @, in columns \
            that writes bring: price:float ships:keywords@/to/ships stock:int@
            """
    )

    @OptionGroup var address: CollectionAddress

    @Option(parsing: .upToNextOption, help: "Fields to add: NAME:TYPE or NAME:TYPE@POINTER.")
    var add: [FieldArgument] = []

    func run() async throws {
        try await address.open { client, info in
            let fields =
                add.isEmpty
                ? try await client.fields(of: info.handle)
                : try await client.declareFields(add.map(\.declaration), in: info.handle)
            for field in fields {
                let line = FieldLine(field)
                if address.json { try printJSON(line) } else { print(line.text) }
            }
        }
    }
}

/// `NAME:TYPE` or `NAME:TYPE@POINTER` on a command line.
struct FieldArgument: ExpressibleByArgument {
    let declaration: FieldDeclaration

    init?(argument: String) {
        let halves = argument.split(separator: ":", maxSplits: 1).map(String.init)
        guard halves.count == 2 else { return nil }
        let parts = halves[1].split(
            separator: "@",
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        guard let type = FieldType.named(String(parts[0])) else { return nil }
        declaration = FieldDeclaration(
            halves[0],
            type,
            path: parts.count == 2 ? String(parts[1]) : nil
        )
    }
}

extension FieldLine {
    /// For people.
    fileprivate var text: String {
        "\(name)\t\(type)\t\(path.isEmpty ? "(column)" : path)\t\(ready ? "ready" : "being read")\t"
            + "\(valued) with a value, \(missing) without, \(mistyped) of another type"
            + (distinct > 0 ? ", \(distinct) different" : "") + "; \(bytes) bytes"
    }
}
