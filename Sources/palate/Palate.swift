import ArgumentParser

/// The command line: `palate <command> --help` tells the rest.
@main
struct Palate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "palate",
        abstract: "A vector index server with taste.",
        version: "0.1.0",
        subcommands: [
            Serve.self, Load.self, Query.self, ItemsCommand.self, Fields.self, Stats.self,
            Taste.self, Generation.self, Keys.self, Config.self, Bench.self, Verify.self,
            Inspect.self, DumpDirectory.self, Backup.self, Restore.self, Repair.self, Compact.self,
        ]
    )
}

/// Measurements.
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure the search core or a running server.",
        subcommands: [BenchSearch.self, BenchServe.self, BenchFilters.self]
    )
}
