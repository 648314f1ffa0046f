import ArgumentParser
import PalateModel

/// `palate taste experiment`.
struct ExperimentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "experiment",
        abstract: "Split people between weight profiles: --name feed default=0.9 discover=0.1",
        discussion: """
            Queries that name the experiment as their profile get the arm of their user; an
            experiment named default splits those that name none.
            """
    )

    @OptionGroup var address: CollectionAddress

    @Option(help: "The experiment; all are listed where absent.")
    var name = ""

    @Argument(help: "PROFILE=SHARE.")
    var arms: [String] = []

    @Flag(help: "End the experiment.")
    var delete = false

    func run() async throws {
        let numbers = try arms.map(NamedNumber.init(argument:))
        let operation = TasteNumbersOperation(name: name, deletes: delete, numbers)
        try await address.show(.experiment, operation, name: name, numbers)
    }
}

/// `palate taste gauges`.
struct GaugesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gauges",
        abstract: "Diversity, share of popular items and drift; or what came of a profile's lists."
    )

    @OptionGroup var address: CollectionAddress

    @Option(help: "A weight profile whose lists are meant.")
    var profile = ""

    @Flag(help: "List the profiles that made lists, and their impressions.")
    var profiles = false

    func run() async throws {
        try await address.show(.gauges, profiles ? .list : .get, name: profile)
    }
}
