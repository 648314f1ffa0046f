import ArgumentParser
import PalateBench
import PalateClient
import PalateModel

/// `palate stats`.
struct Stats: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a running server for the figures of its collections."
    )

    @Option(help: "HOST:PORT of the server.")
    var to: ListenAddress

    @Option(help: "The collection's name; all of them where absent.")
    var collection: String?

    @Flag(help: "Print one line of JSON per collection.")
    var json = false

    func run() async throws {
        let client = try await connect(to)
        var names = collection.map { [$0] } ?? []
        if collection == nil { names = try await client.collections().map(\.schema.name) }
        for name in names {
            var line = StatsLine(name, try await client.stats(of: name))
            let handle = try await client.open(name).handle
            let gauges = try await client.tasteNumbers(
                TasteNumbersRequest(handle: handle, scope: .gauges, operation: .get)
            )
            for gauge in gauges.numbers { line.taste[gauge.name] = gauge.value }
            if json { try printJSON(line) } else { print(line.text) }
        }
        await client.close()
    }
}

/// One collection's figures, named as on the wire.
private struct StatsLine: Encodable {
    var name: String
    var liveItems: UInt64
    var deletedItems: UInt64
    var repairDebt: UInt64
    var reusableSlots: UInt64
    var unreachableItems: UInt64
    var checkedRows: UInt64
    var appliedVersion: UInt64
    var tailRows: UInt64
    var tailMilliseconds: UInt64
    var indexBytes: UInt64
    var storedBytes: UInt64
    var freeBytes: UInt64
    var mapBytes: UInt64
    var mapBytesMax: UInt64
    var oldestReaderCommits: UInt64
    var oldestReaderMilliseconds: UInt64
    var events: UInt64
    var users: UInt64
    var edges: UInt64
    var writeState: String
    var tasteWriteState: String
    var lastFailure: String
    var taste: [String: Double] = [:]

    init(_ name: String, _ stats: CollectionStats) {
        self.name = name
        liveItems = stats.liveItems
        deletedItems = stats.deletedItems
        repairDebt = stats.repairDebt
        reusableSlots = stats.reusableSlots
        unreachableItems = stats.unreachableItems
        checkedRows = stats.checkedRows
        appliedVersion = stats.appliedVersion
        tailRows = stats.tailRows
        tailMilliseconds = stats.tailMilliseconds
        indexBytes = stats.indexBytes
        storedBytes = stats.storedBytes
        freeBytes = stats.freeBytes
        mapBytes = stats.mapBytes
        mapBytesMax = stats.mapBytesMax
        oldestReaderCommits = stats.oldestReaderCommits
        oldestReaderMilliseconds = stats.oldestReaderMilliseconds
        events = stats.events
        users = stats.users
        edges = stats.edges
        writeState = "\(stats.writeState)"
        tasteWriteState = "\(stats.tasteWriteState)"
        lastFailure = stats.lastFailure
    }

    var text: String {
        let reached =
            checkedRows == 0
            ? "not checked yet" : "\(unreachableItems) unreachable of \(checkedRows) rows checked"
        return """
            \(name): writes \(writeState), events \(tasteWriteState)\
            \(lastFailure.isEmpty ? "" : "; last failure: \(lastFailure)")
              items \(liveItems), deleted \(deletedItems), to repair \(repairDebt), slots to \
            reuse \(reusableSlots), \(reached)
              version \(appliedVersion), tail \(tailRows) rows linked in \(tailMilliseconds) ms
              index \(Self.size(indexBytes)); store \(Self.size(storedBytes)) and \
            \(Self.size(freeBytes)) free, map \(Self.size(mapBytes)) of at most \
            \(Self.size(mapBytesMax))
              oldest read \(oldestReaderCommits) commits behind, \(oldestReaderMilliseconds) ms old
              taste: events \(events), people \(users), edges \(edges); of lists: diversity \
            \(gauge("diversity")), popular share \(gauge("head_share")), drift \(gauge("drift"))
            """
    }

    private func gauge(_ name: String) -> Double { taste[name, default: 0].rounded(to: 4) }

    private static func size(_ bytes: UInt64) -> ByteSize { ByteSize(bytes: Int(clamping: bytes)) }
}
