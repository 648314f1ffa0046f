/// Rungs as one picture: recall against rate, bytes against rate, bytes against recall.
package enum RecallPlot {
    /// Points that find less are not drawn, unless there are no others.
    private static let leastRecall = 0.5
    private static let legendWidth = 150.0
    private static let legendLine = 19.0
    private static let titleHeight = 34.0
    /// Told apart by people who see few colours, on white.
    private static let colours = [
        "#1f4e9e", "#c8501e", "#2a7f3f", "#8a3fa0", "#b8860b", "#0f8a8a", "#b3234b", "#555555",
    ]

    /// A rung and how it is drawn: a colour by its codes, a shape by its finer codes.
    private struct Series {
        let rung: RungFigures
        let points: [OperatingPoint]
        let colour: String
        let shape: MarkShape
        let isStack: Bool
        let isOnFront: Bool
    }

    /// Draws the picture.
    ///
    /// - Parameters:
    ///   - rungs: those that were not built are left out.
    ///   - recall: what the rates of the middle panel are taken at; above 0, at most 1.
    ///   - k: of recall@k.
    ///   - title: of the whole.
    /// - Returns: the text of an SVG file.
    package static func svg(
        of rungs: [RungFigures],
        atRecall recall: Double,
        k: Int,
        title: String
    ) -> String {
        let series = series(of: rungs, recall)
        let height = max(
            PlotPanel.height,
            40 + legendLine * Double(series.count + 1)
        )
        var svg = SVGText(
            width: 3 * PlotPanel.width + legendWidth,
            height: titleHeight + height + 8
        )
        svg.text(title, 14, 22, isBold: true)
        let all = series.flatMap(\.points)
        let rates = PlotScale.logarithmic(all.map(\.rate)) { Numbers.grouped($0) }
        let bytes = PlotScale.logarithmic(series.map(\.rung.bytesPerItem)) { Numbers.grouped($0) }
        let recalls = PlotScale.recall(from: min(all.map(\.recall).min() ?? 0, 0.9))
        let labels = (
            recall: "recall@\(k)", rate: "queries/s per core",
            bytes: "bytes per item, codes and links"
        )
        let asked = Numbers.plain(recall, digits: 4)
        func panel(
            _ place: Int,
            _ title: String,
            _ across: (label: String, scale: PlotScale),
            _ up: (label: String, scale: PlotScale)
        ) -> PlotPanel {
            PlotPanel(
                left: Double(place) * PlotPanel.width,
                top: titleHeight,
                title: title,
                across: across,
                up: up
            )
        }
        let first = panel(0, "Rate by recall", (labels.recall, recalls), (labels.rate, rates))
        let second = panel(
            1,
            "Rate at recall \(asked) by bytes",
            (labels.bytes, bytes),
            (labels.rate, rates)
        )
        let third = panel(2, "Recall by bytes", (labels.bytes, bytes), (labels.recall, recalls))
        drawCurves(series, in: first, &svg)
        drawRates(series, recall, in: second, &svg)
        drawRecalls(series, in: third, &svg)
        drawLegend(series, asked, &svg)
        return svg.document
    }

    private static func series(of rungs: [RungFigures], _ recall: Double) -> [Series] {
        var codes: [Substring] = []
        var finer: [Substring] = [""]
        let front = RungChoice.front(of: rungs, atRecall: recall)
        return zip(rungs, front).filter { !$0.0.points.isEmpty }
            .map { rung, isOnFront in
                let parts = rung.name.split(separator: "+", maxSplits: 1)
                let colour = place(of: parts.first ?? "", in: &codes) % colours.count
                let refined = parts.count > 1 ? parts[1] : ""
                let shape = place(of: refined, in: &finer) % MarkShape.allCases.count
                let enough = rung.points.filter { $0.recall >= leastRecall }
                return Series(
                    rung: rung,
                    points: enough.isEmpty ? rung.points : enough,
                    colour: colours[colour],
                    shape: MarkShape.allCases[shape],
                    isStack: parts.count > 1,
                    isOnFront: isOnFront
                )
            }
    }

    /// The index of a name among those met, which it joins.
    private static func place(of name: Substring, in names: inout [Substring]) -> Int {
        if let found = names.firstIndex(of: name) { return found }
        names.append(name)
        return names.count - 1
    }

    private static func drawCurves(_ series: [Series], in panel: PlotPanel, _ svg: inout SVGText) {
        panel.drawAxes(in: &svg)
        for one in series {
            let places = one.points.map { panel.position($0.recall, $0.rate) }
            svg.path(places, colour: one.colour, isDashed: one.isStack)
            for place in places { draw(one, at: place, radius: 2.6, isFilled: true, &svg) }
        }
    }

    /// A mark per rung that reaches the recall, filled and joined along the Pareto front.
    private static func drawRates(
        _ series: [Series],
        _ recall: Double,
        in panel: PlotPanel,
        _ svg: inout SVGText
    ) {
        panel.drawAxes(in: &svg)
        let marks = series.compactMap { one in
            one.points.rate(atRecall: recall)
                .map { (one, panel.position(one.rung.bytesPerItem, $0.rate)) }
        }
        let front = marks.filter { $0.0.isOnFront }.map { $0.1 }.sorted { $0.x < $1.x }
        svg.path(front, colour: "#999999", isDashed: true)
        for (one, place) in marks { draw(one, at: place, radius: 5, isFilled: one.isOnFront, &svg) }
    }

    /// A mark per beam, the highest recall filled.
    private static func drawRecalls(_ series: [Series], in panel: PlotPanel, _ svg: inout SVGText) {
        panel.drawAxes(in: &svg)
        for one in series {
            let highest = one.points.map(\.recall).max() ?? 0
            for point in one.points where point.recall < highest {
                let place = panel.position(one.rung.bytesPerItem, point.recall)
                draw(one, at: place, radius: 2, isFilled: false, &svg)
            }
            let place = panel.position(one.rung.bytesPerItem, highest)
            draw(one, at: place, radius: 5, isFilled: true, &svg)
        }
    }

    private static func drawLegend(_ series: [Series], _ asked: String, _ svg: inout SVGText) {
        let left = 3 * PlotPanel.width + 8
        var y = titleHeight + 40
        for one in series {
            svg.path([(left, y), (left + 26, y)], colour: one.colour, isDashed: one.isStack)
            draw(one, at: (left + 13, y), radius: 4, isFilled: true, &svg)
            svg.text(one.rung.name + (one.isOnFront ? " *" : ""), left + 32, y + 4)
            y += legendLine
        }
        svg.text("* Pareto front at \(asked)", left, y + 4)
    }

    private static func draw(
        _ one: Series,
        at place: (x: Double, y: Double),
        radius: Double,
        isFilled: Bool,
        _ svg: inout SVGText
    ) {
        svg.mark(
            one.shape,
            place.x,
            place.y,
            radius: radius,
            colour: one.colour,
            isFilled: isFilled
        )
    }
}
