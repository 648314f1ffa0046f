import ArgumentParser
import PalateBench

/// Options of `palate bench search` that choose a quantizer.
struct LadderOptions: ParsableArguments {
    /// What is asked for where nothing is.
    static let recallDefault = 0.95
    /// Rows of the sample where nothing is said.
    static let sampleDefault = 50_000

    @Flag(help: "Try all quantizers on a sample; print the Pareto table and name the best.")
    var auto = false

    @Option(help: "Rows of the sample, spread evenly over the file. (default: 50000)")
    var sample: Int?

    @Option(
        help: ArgumentHelp(
            "What codes and links of all rows may take: bytes, or a number and MB, GB, MiB or GiB.",
            discussion: "Without --auto the best quantizer that fits is built on all rows."
        ),
        transform: ByteSize.init(parsing:)
    )
    var memoryBudget: ByteSize?

    @Option(help: "The recall that quantizers are compared at, and plotted at. (default: 0.95)")
    var recall: Double?

    /// Whether the ladder is climbed.
    var isAsked: Bool { auto || memoryBudget != nil }

    func validate() throws {
        if let recall, !(recall > 0 && recall <= 1) {
            throw ValidationError("--recall is above 0 and at most 1")
        }
        guard let sample else { return }
        guard sample >= 2 else { throw ValidationError("--sample is at least 2") }
        guard isAsked else { throw ValidationError("--sample is for --auto and --memory-budget") }
    }
}

/// Options of `palate bench search` that search a collection instead of a file.
struct StoredOptions: ParsableArguments {
    @Option(help: "Search a collection of this data directory; no server may have it open.")
    var data: String?

    @Option(help: "The collection's name, with --data.")
    var collection: String?

    @Option(help: "With --data: the rows' item ids, as loaded; row numbers where there is none.")
    var ids: String?

    func validate() throws {
        guard (data == nil) == (collection == nil) else {
            throw ValidationError("--data and --collection go together")
        }
        guard ids == nil || data != nil else { throw ValidationError("--ids is for --data") }
    }
}
