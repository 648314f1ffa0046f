/// The rungs as a table for people, in columns of equal width.
package enum LadderTable {
    /// Recalls that have a column each, beside the one asked for.
    private static let usualRecalls = [0.90, 0.95, 0.99, 0.999]

    /// A head, a line per rung, and what the marks mean.
    ///
    /// - Parameters:
    ///   - rungs: rungs that were not built are listed as over the budget.
    ///   - recall: what the Pareto front is judged at.
    /// - Returns: lines that each end in a newline.
    package static func text(of rungs: [RungFigures], atRecall recall: Double) -> String {
        let front = RungChoice.front(of: rungs, atRecall: recall)
        let recalls = Set(usualRecalls + [recall]).sorted()
        let heads = recalls.map { Numbers.plain($0, digits: 4) }
        var rows = [["", "quantizer", "bytes/item", "build s"] + heads]
        for (rung, isOnFront) in zip(rungs, front) { rows.append(row(rung, isOnFront, recalls)) }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        var lines = rows.map { row in line(row, widths) }
        lines.append(
            "* on the Pareto front of bytes and rate at recall "
                + "\(Numbers.plain(recall, digits: 4)); > all beams find more"
        )
        return lines.joined(separator: "\n") + "\n"
    }

    private static func row(
        _ rung: RungFigures,
        _ isOnFront: Bool,
        _ recalls: [Double]
    ) -> [String] {
        let head = [
            isOnFront ? "*" : "", rung.name, Numbers.plain(rung.bytesPerItem, digits: 1),
        ]
        guard let seconds = rung.buildSeconds else {
            return head + ["over budget"] + recalls.map { _ in "" }
        }
        let rates = recalls.map { recall in
            guard let found = rung.points.rate(atRecall: recall) else { return "-" }
            return (found.isLowerBound ? ">" : "") + Numbers.grouped(found.rate)
        }
        return head + [Numbers.plain(seconds, digits: 1)] + rates
    }

    /// The mark and the name to the left, numbers to the right.
    private static func line(_ row: [String], _ widths: [Int]) -> String {
        let cells = row.indices.map { column in
            let padding = String(repeating: " ", count: widths[column] - row[column].count)
            return column < 2 ? row[column] + padding : padding + row[column]
        }
        var text = cells.joined(separator: "  ")
        while text.hasSuffix(" ") { text.removeLast() }
        return text
    }
}
