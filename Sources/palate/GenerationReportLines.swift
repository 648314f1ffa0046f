import PalateModel

/// A generation as `palate generation list` says it.
struct GenerationLine: Encodable {
    var role: String
    var generation: UInt64
    var handle: UInt32
    var model: String
    var dimensions: Int
    var metric: String
    var quantizer: String
    var liveItems: UInt64
    var liveSinceMilliseconds: Int64
    var isForced: Bool
    var isDamaged: Bool

    init(_ generation: GenerationInfo) {
        role = "\(generation.role)"
        self.generation = generation.info.generation
        handle = generation.info.handle
        model = generation.model
        dimensions = generation.info.schema.dimensions
        metric = generation.info.schema.metric
        quantizer = generation.info.schema.quantizer
        liveItems = generation.liveItems
        liveSinceMilliseconds = generation.liveSinceMilliseconds
        isForced = generation.isForced
        isDamaged = generation.isDamaged
    }

    var text: String {
        var text =
            "\(role): generation \(generation), \(liveItems) items, \(dimensions) dimensions, "
            + "\(metric), \(quantizer)"
        if !model.isEmpty { text += ", model \(model)" }
        if isForced { text += ", forced" }
        if isDamaged { text += ", damaged: drop it" }
        return text
    }
}

/// A report as JSON.
struct ReportLine: Encodable {
    struct Check: Encodable {
        var name: String
        /// Missing where nothing could be measured.
        var got: Double?
        var threshold: Double
        var isCeiling: Bool
        var isPassed: Bool
    }

    var generation: UInt64
    var isSwapped: Bool
    var isPassed: Bool
    var checks: [Check]

    init(_ report: GenerationReport) {
        generation = report.generation
        isSwapped = report.isSwapped
        isPassed = report.isPassed
        checks = report.checks.map { check in
            Check(
                name: check.name,
                got: check.got.isNaN ? nil : check.got,
                threshold: check.threshold,
                isCeiling: check.isCeiling,
                isPassed: check.isPassed
            )
        }
    }
}

/// A report as a table, and what became of it.
func reportLines(_ report: GenerationReport) -> [String] {
    var lines: [String] = []
    if !report.checks.isEmpty { lines.append(row(["check", "got", "threshold", "ok"])) }
    for check in report.checks {
        let got = check.got.isNaN ? "none" : "\(check.got.rounded(to: 4))"
        let threshold =
            (check.isCeiling ? "at most " : "at least ") + "\(check.threshold.rounded(to: 4))"
        lines.append(row([check.name, got, threshold, check.isPassed ? "yes" : "NO"]))
    }
    let verdict =
        report.isSwapped
        ? "generation \(report.generation) is live\(report.isPassed ? "" : ", by force")"
        : report.isPassed
            ? "passed; generation \(report.generation) is live still"
            : "REFUSED; generation \(report.generation) stays live"
    return lines + [verdict]
}

private func row(_ cells: [String]) -> String {
    var line = ""
    for (cell, width) in zip(cells, [10, 10, 18, 3]) {
        line += cell + String(repeating: " ", count: max(1, width - cell.count))
    }
    while line.last == " " { line.removeLast() }
    return line
}
