import PalateModel
import PalateStorage

/// What verifying found.
package struct VerificationReport: Sendable {
    /// Counts of one collection.
    package struct Collection: Sendable {
        /// Its name.
        package var name: String
        /// Rows whose records were read.
        package var rows = 0
        /// Of these, live.
        package var liveRows = 0
        /// Vectors whose checksums hold.
        package var vectors = 0
        /// Payloads decompressed.
        package var payloads = 0
        /// Values of fields read.
        package var fields = 0
        /// Rows whose codes were made again from their vectors and are the stored ones.
        package var comparedCodes = 0
        /// Rows whose codes and links were read.
        package var linkedRows = 0
        /// Events read.
        package var events = 0
        /// People's records read.
        package var users = 0
    }

    /// Findings that are listed, at most; the rest is counted.
    package static let listedMax = 1_000

    /// By name.
    package var collections: [Collection] = []
    /// Damaged objects, each once, up to `listedMax`.
    package private(set) var findings: [Finding] = []
    /// All damaged objects; those beyond the list may be counted more than once.
    package private(set) var damageCount = 0
    private var places: Set<String> = []

    /// Whether nothing is damaged.
    package var isClean: Bool { damageCount == 0 }

    /// Adds a finding unless its object has one already.
    mutating func add(_ finding: Finding) {
        let place = "\(finding.collection)/\(finding.table)/\(finding.key)"
        guard findings.count < Self.listedMax else {
            damageCount += places.contains(place) ? 0 : 1
            return
        }
        guard places.insert(place).inserted else { return }
        damageCount += 1
        findings.append(finding)
    }

    /// Runs one check; what it throws becomes a finding.
    mutating func note(_ collection: String, _ check: () throws(IndexError) -> Void) {
        do throws(IndexError) {
            try check()
        } catch {
            add(Finding(collection, error))
        }
    }
}

/// Reads every value of a data directory and checks it: checksums, formats, and that tables agree.
///
/// Goes on after each damage, as far as what is damaged lets it.
package enum Verification {
    /// Verifies the directory at `path`, which no server has open.
    ///
    /// - Throws: only where nothing can be read at all; damage is in the report.
    package static func run(path: String) throws(IndexError) -> VerificationReport {
        var report = VerificationReport()
        let directory = try ClosedDirectory(path: path) { report.add(Finding("", $0)) }
        for entry in directory.entries {
            var collection = VerificationReport.Collection(name: entry.schema.name)
            verifyStore(of: entry, in: directory, &report, &collection)
            verifyTaste(of: entry, in: directory, &report, &collection)
            report.collections.append(collection)
            for other in entry.generations.dropFirst() {
                let name = "\(entry.schema.name) generation \(other.generation)"
                var part = VerificationReport.Collection(name: name)
                verifyStore(of: other, in: directory, &report, &part)
                report.collections.append(part)
            }
        }
        return report
    }

    private static func verifyStore(
        of entry: CatalogEntry,
        in directory: ClosedDirectory,
        _ report: inout VerificationReport,
        _ collection: inout VerificationReport.Collection
    ) {
        let name = collection.name
        let store: GenerationStore
        do throws(IndexError) {
            store = try directory.store(of: entry)
        } catch {
            return addPages(error, directory.generationPath(of: entry), name, &report)
        }
        if store.schema != entry.schema || store.generation != entry.generation {
            report.add(
                Finding(
                    name,
                    "meta",
                    "generation",
                    got: "\(store.schema) of \(store.generation)",
                    expected: "\(entry.schema) of \(entry.generation), as the catalog says"
                )
            )
        }
        var pass = StoreVerification(store: store, report: report, collection: collection)
        pass.run()
        (report, collection) = (pass.report, pass.collection)
    }

    private static func verifyTaste(
        of entry: CatalogEntry,
        in directory: ClosedDirectory,
        _ report: inout VerificationReport,
        _ collection: inout VerificationReport.Collection
    ) {
        do throws(IndexError) {
            let tables = try directory.taste(of: entry)
            var pass = TasteVerification(tables: tables, report: report, collection: collection)
            pass.run()
            (report, collection) = (pass.report, pass.collection)
        } catch {
            addPages(error, directory.tastePath(of: entry), entry.schema.name, &report)
        }
    }

    /// Names every damaged page of a file that does not open, or else why it does not.
    private static func addPages(
        _ error: IndexError,
        _ path: String,
        _ collection: String,
        _ report: inout VerificationReport
    ) {
        let salvage = try? PageSalvage.read(directory: path, failingWith: IndexError.self) {
            _ throws(IndexError) in
        }
        for damage in salvage?.damages ?? [] {
            report.add(
                Finding(collection, damage.table, damage.what, got: "a damaged page", expected: "")
            )
        }
        if salvage?.damages.isEmpty ?? true { report.add(Finding(collection, error)) }
    }
}
