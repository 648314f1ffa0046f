import ArgumentParser
import PalateClient
import PalateFields
import PalateModel

/// `palate items`: what can be asked and done by fields alone.
struct ItemsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "items",
        abstract: "Count, list or delete items by a filter.",
        subcommands: [CountItems.self, ListItems.self, DeleteItems.self]
    )
}

/// A filter on a command line.
struct FilterOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Which items: an expression of the collection's fields.",
            discussion: """
                ships in ["br", "pt"] and price < 40 and not seller = 17; also exists F, \
                near(F, LAT, LON, 3km), inside(F, SOUTH, WEST, NORTH, EAST), id in [1, 2].
                """
        )
    )
    var filter: String?

    /// What it means for a collection.
    func parse(_ fields: [FieldFigures]) throws -> Filter? {
        guard let filter else { return nil }
        do throws(FilterExpressionError) {
            return try FilterExpression.parse(filter, fields: fields.map(\.declaration))
        } catch {
            throw CommandFailure("\(error)")
        }
    }
}

extension [FieldFigures] {
    /// The number of a field that a command line names.
    func id(of name: String) throws -> FieldID {
        guard let field = first(where: { $0.declaration.name == name }) else {
            let known = map(\.declaration.name).sorted().joined(separator: ", ")
            throw CommandFailure("there is no field \(name); there are \(known)")
        }
        return field.declaration.id
    }
}

/// `palate items count`.
struct CountItems: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "count",
        abstract: "Count the items that pass a filter, and how often each value is among them."
    )

    @OptionGroup var address: CollectionAddress
    @OptionGroup var filter: FilterOption

    @Option(parsing: .upToNextOption, help: "Fields whose values are counted.")
    var facet: [String] = []

    @Option(help: "Values listed per field.")
    var limit = 20

    func run() async throws {
        try await address.open { client, info in
            let fields = try await client.fields(of: info.handle)
            let counted = try await client.count(
                CountRequest(
                    handle: info.handle,
                    filter: try filter.parse(fields) ?? .all,
                    facets: try facet.map { try fields.id(of: $0) },
                    facetLimit: limit
                )
            )
            let line = CountLine(counted, facet)
            if address.json { try printJSON(line) } else { line.printTable() }
        }
    }
}

private struct CountLine: Encodable {
    struct Value: Encodable {
        var value: String
        var count: UInt64
    }

    var count: UInt64
    var facets: [String: [Value]]

    init(_ counted: CountResponse, _ names: [String]) {
        count = counted.count
        facets = Dictionary(
            zip(
                names,
                counted.facets.map { facet in
                    facet.map { Value(value: $0.value.text, count: $0.count) }
                }
            )
        ) { $1 }
    }

    func printTable() {
        print("\(count) items")
        for (name, values) in facets.sorted(by: { $0.key < $1.key }) {
            print(name)
            for entry in values { print("  \(entry.count)\t\(entry.value)") }
        }
    }
}

/// `palate items list`.
struct ListItems: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Print the items that pass a filter, one line of JSON each."
    )

    @OptionGroup var address: CollectionAddress
    @OptionGroup var filter: FilterOption

    @Option(help: "A field whose values order the items; ids where absent.")
    var order: String?

    @Flag(help: "The greatest first.")
    var descending = false

    @Option(parsing: .upToNextOption, help: "Fields to print.")
    var fields: [String] = []

    @Flag(help: "Print payloads.")
    var payload = false

    @Option(help: "Items, at most; all where absent.")
    var limit: Int?

    func run() async throws {
        try await address.open { client, info in
            let known = try await client.fields(of: info.handle)
            var request = ScrollRequest(
                handle: info.handle,
                filter: try filter.parse(known) ?? .all,
                order: try order.map { try known.id(of: $0) },
                isDescending: descending,
                fields: try fields.map { try known.id(of: $0) },
                wantsPayloads: payload
            )
            var left = limit ?? .max
            repeat {
                request.limit = min(1_000, left)
                let page = try await client.scroll(request)
                for index in page.ids.indices {
                    try printJSON(ItemLine(page, index, fields))
                }
                left -= page.ids.count
                request.after = left > 0 ? page.next : nil
            } while request.after != nil
        }
    }

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is at least 1") }
    }
}

private struct ItemLine: Encodable {
    var id: UInt64
    var fields: [String: String]?
    var payload: String?

    init(_ page: ScrollResponse, _ index: Int, _ names: [String]) {
        id = page.ids[index]
        let values = zip(names, page.fields).compactMap { name, column in
            column[index].map { (name, $0.text) }
        }
        if !names.isEmpty { fields = Dictionary(values) { $1 } }
        if !page.payloads.isEmpty {
            payload = String(decoding: page.payloads[index], as: UTF8.self)
        }
    }
}

/// `palate items delete`.
struct DeleteItems: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete the items that pass a filter."
    )

    @OptionGroup var address: CollectionAddress
    @OptionGroup var filter: FilterOption

    func validate() throws {
        guard filter.filter != nil else {
            throw ValidationError("--filter is needed; all deletes everything")
        }
    }

    func run() async throws {
        try await address.open { client, info in
            let fields = try await client.fields(of: info.handle)
            guard let filter = try filter.parse(fields) else { return }
            var deleted: UInt64 = 0
            var receipt: WriteReceipt
            repeat {
                receipt = try await client.delete(handle: info.handle, matching: filter)
                deleted += receipt.changed
            } while receipt.changed == UInt64(Limits.idsPerRequest.upperBound)
            print("\(deleted) items deleted, version \(receipt.version)")
        }
    }
}

extension FieldValue {
    /// As people read it.
    var text: String {
        switch self {
        case .keyword(let text): text
        case .keywords(let texts): texts.joined(separator: ", ")
        case .integer(let number): "\(number)"
        case .float(let number): "\(number)"
        case .bool(let value): "\(value)"
        case .geo(let point): "\(point.latitude), \(point.longitude)"
        }
    }
}
