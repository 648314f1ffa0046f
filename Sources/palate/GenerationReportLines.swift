import PalateModel
import PalateOperations

extension GenerationLine {
    /// For people.
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
