import ArgumentParser
import Glibc
import PalateIndex

/// `palate repair`.
struct Repair: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make what is damaged again from what is whole.",
        discussion: """
            Writes damaged environments anew beside the old ones, verifies them, and swaps them \
            in; the damaged files are kept in DATA/damaged. Rows that cannot be made whole are \
            named, and dropped only with --drop-damaged. Exits with 2 when something was left \
            damaged. No server may have the directory open.
            """
    )

    @Argument(help: "The data directory.")
    var data: String

    @Option(help: "The collection; all of them without it.")
    var collection: String?

    @Flag(help: "Say what would be done, and do nothing.")
    var dryRun = false

    @Flag(help: "Drop rows, events and people that cannot be made whole.")
    var dropDamaged = false

    @Option(help: "Threads that link rows. 0 = one per core.")
    var buildThreads = 0

    func validate() throws {
        guard (0...256).contains(buildThreads) else {
            throw ValidationError("thread counts are 0 to 256")
        }
    }

    func run() async throws {
        let repair = try attempt { () throws(IndexError) in
            try PalateIndex.Repair(path: data, collection: collection)
        }
        let plan = repair.plan
        plan.printLines()
        if plan.parts.isEmpty { return print("nothing to repair") }
        if dryRun { throw ExitCode(2) }
        if plan.hasLosses, !dropDamaged {
            print("nothing was changed: --drop-damaged drops what is lost")
            throw ExitCode(2)
        }
        let cores = availableCores()
        let kept = try attempt { () throws(IndexError) in
            try repair.run(
                dropsDamaged: dropDamaged,
                buildThreads: buildThreads == 0 ? cores : buildThreads
            )
        }
        for place in kept { print("kept: \(place)") }
        print("repaired")
    }

    private func attempt<Value>(_ body: () throws(IndexError) -> Value) throws -> Value {
        do throws(IndexError) {
            return try body()
        } catch {
            throw CommandFailure("cannot repair \(data): \(error)")
        }
    }
}

extension RepairPlan {
    /// For people: what is damaged, what will be done, what is lost.
    fileprivate func printLines() {
        for part in parts {
            for damage in part.damages { print("damaged: \(damage)") }
            for action in part.actions { print("\(part.directory): \(action)") }
            for loss in part.losses {
                let owner = loss.item.map { "item \($0)" } ?? "unknown"
                print("\(part.directory): lost: \(owner): \(loss.reason)")
            }
        }
    }
}
