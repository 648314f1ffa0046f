import PalateModel
import PalateStorage

/// Repairs a data directory that no server has open: what is damaged and can be made again from
/// what is whole is written anew.
///
/// A damaged environment is never changed: a new one is written beside it, verified, and then
/// takes its place in one step, while the damaged file is kept under `DATA/damaged`. That takes
/// room on the disk for both. Rows are the truth for ids, codes and links; ids for lost rows;
/// events for people's records.
package struct Repair {
    /// What is to be done with one environment.
    private enum Step {
        case generation(RepairPlan.Part, GenerationPlan)
        case taste(RepairPlan.Part, TasteSurvey)

        var part: RepairPlan.Part {
            switch self {
            case .generation(let part, _), .taste(let part, _): part
            }
        }
    }

    private let path: String
    private let directory: ClosedDirectory
    private var steps: [Step] = []

    /// Takes the lock of the directory at `path` and decides what is to be done; changes nothing.
    ///
    /// - Parameters:
    ///   - path: of the data directory.
    ///   - collection: the only one to look at; nil = all of them.
    /// - Throws: where nothing of an environment can be read, and `.request(.unknownCollection)`.
    package init(path: String, collection: String? = nil) throws(IndexError) {
        self.path = path
        directory = try ClosedDirectory(path: path)
        let entries = directory.entries.filter { $0.schema.name == collection ?? $0.schema.name }
        if let collection, entries.isEmpty {
            throw .request(.unknownCollection(name: collection))
        }
        for entry in entries {
            try addGeneration(of: entry)
            try addTaste(of: entry)
        }
    }

    /// What will be done.
    package var plan: RepairPlan { RepairPlan(parts: steps.map(\.part)) }

    private mutating func addGeneration(of entry: CatalogEntry) throws(IndexError) {
        let place = directory.generationPath(of: entry)
        let (findings, opens) = verify(entry)
        guard !findings.isEmpty else { return }
        let survey = try GenerationSurvey(path: place, entry: entry)
        let plan = GenerationPlan(survey, findings: opens ? findings : [], opens: opens)
        let part = RepairPlan.Part(
            collection: entry.schema.name,
            directory: relative(place),
            damages: opens ? findings : findings + survey.damages,
            actions: plan.actions,
            losses: plan.losses
        )
        if part.isNeeded { steps.append(.generation(part, plan)) }
    }

    /// What is wrong with a generation, and whether LMDB can open it at all.
    private func verify(_ entry: CatalogEntry) -> (findings: [Finding], opens: Bool) {
        let name = entry.schema.name
        do throws(IndexError) {
            let store = try directory.store(of: entry)
            var pass = StoreVerification(store: store, collection: .init(name: name))
            pass.run()
            return (pass.report.findings, true)
        } catch {
            return ([Finding(name, error)], false)
        }
    }

    private mutating func addTaste(of entry: CatalogEntry) throws(IndexError) {
        let place = directory.tastePath(of: entry)
        var survey = try TasteSurvey(path: place, collection: entry.schema.name)
        do throws(IndexError) {
            _ = try directory.taste(of: entry)
        } catch {
            // A damaged list of free pages loses nothing, but LMDB must not see it.
            survey.note(Finding(entry.schema.name, error))
        }
        let part = RepairPlan.Part(
            collection: entry.schema.name,
            directory: relative(place),
            damages: survey.damages,
            actions: survey.actions,
            losses: survey.losses
        )
        if part.isNeeded { steps.append(.taste(part, survey)) }
    }

    private func relative(_ place: String) -> String {
        String(place.dropFirst(path.utf8.count + 1))
    }

    /// Does what the plan says.
    ///
    /// - Parameters:
    ///   - dropsDamaged: whether what cannot be repaired may be dropped.
    ///   - buildThreads: threads that link rows.
    /// - Returns: where the damaged files are now.
    /// - Throws: before anything is changed where there is something to drop and it may not be;
    ///   else where a repaired environment would not be clean: then its original stands.
    package func run(dropsDamaged: Bool, buildThreads: Int) throws(IndexError) -> [String] {
        guard dropsDamaged || !plan.hasLosses else {
            throw .corrupt(
                place: path,
                reason: "\(plan.parts.reduce(0) { $0 + $1.losses.count }) losses, expected none"
            )
        }
        var kept: [String] = []
        for step in steps { kept.append(try run(step, buildThreads)) }
        return kept
    }

    private func run(_ step: Step, _ buildThreads: Int) throws(IndexError) -> String {
        let target = path + "/repairing"
        let source = path + "/" + step.part.directory
        do throws(IndexError) {
            try stored { () throws(StorageError) in try FileTree.remove(target) }
            switch step {
            case .generation(_, let plan):
                let repair = GenerationRepair(
                    plan: plan,
                    source: source,
                    target: target,
                    buildThreads: buildThreads
                )
                try repair.run()
            case .taste(_, let survey):
                try TasteRepair(survey: survey, source: source, target: target).run()
            }
            let kept = try EnvironmentSwap.keepingPlace(for: step.part.directory, in: path)
            try EnvironmentSwap.replace(source, by: target, keeping: kept)
            return kept
        } catch {
            try? FileTree.remove(target)
            throw error
        }
    }
}
