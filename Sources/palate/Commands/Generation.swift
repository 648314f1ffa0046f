import ArgumentParser
import PalateClient
import PalateModel
import PalateOperations

/// `palate generation`: a new embedding model, from its check to its swap and back.
struct Generation: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check, swap, roll back, list and drop generations of a collection.",
        discussion: "palate load --generation new makes and fills a candidate.",
        subcommands: [
            ListGenerations.self, CheckGeneration.self, SwapGeneration.self,
            RollBackGeneration.self, DropGeneration.self,
        ]
    )
}

/// Which collection of which server.
struct CollectionAddress: ParsableArguments {
    @Option(help: "HOST:PORT of the server.")
    var to: ListenAddress

    @Option(help: "The collection's name.")
    var collection: String

    @Flag(help: "Print one line of JSON.")
    var json = false

    /// Connects, opens, and closes behind `body`.
    func open<Value>(
        _ body: (PalateClient, CollectionInfo) async throws -> Value
    ) async throws -> Value {
        let client = try await connect(to)
        let value = try await body(client, try await client.open(collection))
        await client.close()
        return value
    }
}

/// `palate generation list`.
struct ListGenerations: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Say which generations there are."
    )

    @OptionGroup var address: CollectionAddress

    func run() async throws {
        let generations = try await address.open { client, info in
            try await client.generations(of: info.schema.name)
        }
        for line in generations.map(GenerationLine.init) {
            if address.json {
                try printJSON(line)
            } else {
                print(line.text)
            }
        }
    }
}

/// `palate generation check`.
struct CheckGeneration: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Compare the candidate with exact search and with the live generation.",
        discussion: "Changes nothing; exits with 1 where the candidate does not pass."
    )

    @OptionGroup var address: CollectionAddress
    @OptionGroup var gate: GateOptions

    func run() async throws {
        try await changeGeneration(address, .check, thresholds: gate.thresholds)
    }
}

/// `palate generation swap`.
struct SwapGeneration: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swap",
        abstract: "Check the candidate and make it live.",
        discussion: "Exits with 1 and changes nothing where the candidate does not pass."
    )

    @OptionGroup var address: CollectionAddress
    @OptionGroup var gate: GateOptions

    @Flag(help: "Swap even where the check fails; generation list says so ever after.")
    var force = false

    func run() async throws {
        try await changeGeneration(
            address,
            .swap,
            isForced: force,
            thresholds: gate.thresholds
        )
    }
}

/// `palate generation rollback`.
struct RollBackGeneration: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Make the previous generation live again.",
        discussion: "Rows written since the swap stay behind; what was deleted stays deleted."
    )

    @OptionGroup var address: CollectionAddress

    func run() async throws {
        try await changeGeneration(address, .rollback)
    }
}

/// `palate generation drop`.
struct DropGeneration: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop",
        abstract: "Remove the candidate and its files."
    )

    @OptionGroup var address: CollectionAddress

    @Flag(help: "Remove the previous generation instead: there is no way back then.")
    var previous = false

    func run() async throws {
        try await address.open { client, info in
            try await client.dropGeneration(previous ? .previous : .candidate, of: info.handle)
        }
        if !address.json { print("\(previous ? "previous" : "candidate") generation dropped") }
    }
}

/// What a candidate has to reach.
struct GateOptions: ParsableArguments {
    @Option(help: "Items sampled for recall and shift.")
    var samples = CanaryThresholds().samples

    @Option(help: "Rows, as a share of the live generation's, at least.")
    var rows = CanaryThresholds().rows

    @Option(help: "Share of the live generation's items that it may lack.")
    var lacking = CanaryThresholds().lacking

    @Option(help: "Recall@10 against exact search, at least.")
    var recall = CanaryThresholds().recall

    @Option(help: "Overlap of neighbours with the live ones beyond chance (0 to 1), at least.")
    var overlap = CanaryThresholds().overlap

    @Option(help: "How often a live neighbour is nearer than another item, at least.")
    var nearer = CanaryThresholds().nearer

    var thresholds: CanaryThresholds {
        CanaryThresholds(
            samples: samples,
            rows: rows,
            lacking: lacking,
            recall: recall,
            overlap: overlap,
            nearer: nearer
        )
    }

    func validate() throws {
        guard Limits.canarySamples.contains(samples) else {
            throw ValidationError("--samples is 1 to \(Limits.canarySamples.upperBound)")
        }
    }
}

/// Asks for a change, prints its report and fails where the check did.
private func changeGeneration(
    _ address: CollectionAddress,
    _ step: GenerationStep,
    isForced: Bool = false,
    thresholds: CanaryThresholds = CanaryThresholds()
) async throws {
    let report = try await address.open { client, info in
        try await client.changeGeneration(
            GenerationSwap(
                handle: info.handle,
                step: step,
                isForced: isForced,
                thresholds: thresholds
            )
        )
    }
    if address.json {
        try printJSON(ReportLine(report))
    } else {
        for line in reportLines(report) { print(line) }
    }
    if !report.isPassed, !report.isSwapped { throw ExitCode(1) }
}
