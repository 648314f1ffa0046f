import ArgumentParser
import PalateClient
import PalateModel

/// `palate taste`: item-item edges, settings, weight profiles, and people.
struct Taste: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Refresh item-item edges, read and change settings, show and forget people.",
        subcommands: [
            RefreshTaste.self, TasteSettingsCommand.self, WeightProfileCommand.self,
            ExperimentCommand.self, GaugesCommand.self, PersonCommand.self, HistoryCommand.self,
            ForgetCommand.self,
        ]
    )
}

/// `palate taste refresh`.
struct RefreshTaste: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refresh",
        abstract: "Derive item-item edges from everybody's likes, while the server serves."
    )

    @OptionGroup var address: CollectionAddress

    @Option(help: "spectral, cooccurrence or ridge; the server chooses where absent.")
    var builder = ""

    func run() async throws {
        let numbers = try await address.open { client, info in
            try await client.refreshTaste(TasteRefresh(handle: info.handle, builder: builder))
        }
        try show(numbers, asJSON: address.json)
    }
}

/// `palate taste settings`.
struct TasteSettingsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings",
        abstract: "Show the settings of the taste graph, or change some: half_life.save=30 ..."
    )

    @OptionGroup var address: CollectionAddress

    @Argument(help: "NAME=NUMBER; inf for what never fades.")
    var changes: [String] = []

    @Flag(help: "Go back to the defaults.")
    var reset = false

    func run() async throws {
        let numbers = try changes.map(NamedNumber.init(argument:))
        let operation: TasteNumbersOperation = reset ? .delete : numbers.isEmpty ? .get : .put
        try await address.show(.settings, operation, numbers)
    }
}

/// `palate taste weights`.
struct WeightProfileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weights",
        abstract: "List weight profiles, show one, or change it: --profile discover graph=1 ..."
    )

    @OptionGroup var address: CollectionAddress

    @Option(help: "The profile; all are listed where absent.")
    var profile = ""

    @Argument(help: "TERM=WEIGHT.")
    var changes: [String] = []

    @Flag(help: "Drop the stored profile.")
    var delete = false

    func run() async throws {
        let numbers = try changes.map(NamedNumber.init(argument:))
        let operation = TasteNumbersOperation(name: profile, deletes: delete, numbers)
        try await address.show(.profile, operation, name: profile, numbers)
    }
}

/// `palate taste forget`.
struct ForgetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Remove all traces of a person; free pages keep bytes until palate compact."
    )

    @OptionGroup var address: CollectionAddress

    @Option(help: "Whom.")
    var user: UInt64

    func run() async throws {
        let receipt = try await address.open { client, info in
            try await client.forget(user, in: info.handle)
        }
        let numbers = [NamedNumber("events", Double(receipt.changed))]
        try show(TasteNumbers(numbers: numbers), asJSON: address.json)
    }
}

extension CollectionAddress {
    /// Asks for numbers of the collection's taste, or changes them, and shows what there is then.
    func show(
        _ scope: TasteScope,
        _ operation: TasteNumbersOperation,
        name: String = "",
        _ numbers: [NamedNumber] = []
    ) async throws {
        let answer = try await open { client, info in
            try await client.tasteNumbers(
                TasteNumbersRequest(
                    handle: info.handle,
                    scope: scope,
                    operation: operation,
                    name: name,
                    numbers: numbers
                )
            )
        }
        try palate.show(answer, asJSON: json)
    }
}

extension TasteNumbersOperation {
    /// What a command line means: all are listed without a name, one is read without numbers.
    init(name: String, deletes: Bool, _ numbers: [NamedNumber]) {
        self = name.isEmpty ? .list : deletes ? .delete : numbers.isEmpty ? .get : .put
    }
}

extension NamedNumber {
    /// From NAME=NUMBER.
    init(argument: String) throws {
        let parts = argument.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let value = Double(parts[1]), !value.isNaN else {
            throw ValidationError("\(argument) is not NAME=NUMBER")
        }
        self.init(String(parts[0]), value)
    }
}

/// One number a line, or one line of JSON; what JSON cannot say is text there.
func show(_ numbers: TasteNumbers, asJSON: Bool) throws {
    if asJSON {
        let pairs = numbers.numbers.map { ($0.name, $0.value.isFinite ? "\($0.value)" : "inf") }
        try printJSON(Dictionary(pairs) { _, last in last })
        return
    }
    for number in numbers.numbers { print("\(number.name)\t\(number.value)") }
}
