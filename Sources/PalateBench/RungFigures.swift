// What is made of a benchmark's points: rates at a recall, choices, tables and plots. Pure.
//
// | file                 | what it holds                                                    |
// |----------------------|------------------------------------------------------------------|
// | RungFigures.swift    | what was measured of one configuration: start here               |
// | OperatingPoint.swift | one beam's recall and rate; the rate at a recall between beams   |
// | BeamSeries.swift     | growing beams, and when to stop                                  |
// | StackSelection.swift | which codes are worth stacking on which                          |
// | RungChoice.swift     | the Pareto front, and the one to take                            |
// | LadderTable.swift    | a table for people                                               |
// | ByteSize.swift       | `256MB` as bytes, and back                                       |
// | RecallPlot.swift     | rungs as three panels of one picture                             |
// | PlotScale.swift      | numbers to positions, and the ticks                              |
// | PlotPanel.swift      | axes, grid, lines and marks of one panel                         |
// | SVGText.swift        | the elements as text                                             |
// | Numbers.swift        | numbers as people read them                                      |

/// What was measured of one configuration.
package struct RungFigures: Equatable, Sendable {
    /// The quantizer as schemas spell it.
    package let name: String
    /// Codes and links of all rows that will be indexed, not of the sample alone.
    package let indexBytes: Int
    /// The same by row.
    package let bytesPerItem: Double
    /// Seconds that training, encoding and linking took; nil where nothing was built.
    package let buildSeconds: Double?
    /// By rising beam width; empty where nothing was built.
    package let points: [OperatingPoint]

    /// A rung with what was measured of it; without points it counts as not built.
    ///
    /// - Parameters:
    ///   - name: the quantizer.
    ///   - indexBytes: codes and links of all rows.
    ///   - rowCount: rows these bytes are for; at least 1.
    ///   - buildSeconds: nil where nothing was built.
    ///   - points: by rising beam width.
    package init(
        name: String,
        indexBytes: Int,
        rowCount: Int,
        buildSeconds: Double?,
        points: [OperatingPoint]
    ) {
        precondition(rowCount > 0, "bytes of no rows")
        self.name = name
        self.indexBytes = indexBytes
        bytesPerItem = Double(indexBytes) / Double(rowCount)
        self.buildSeconds = buildSeconds
        self.points = points
    }

    /// The highest recall of any beam; 0 without points.
    package var highestRecall: Double { points.map(\.recall).max() ?? 0 }
}
