/// One pair of axes with what is drawn between them.
struct PlotPanel {
    /// Where the panel begins; axes and labels included.
    let left: Double
    let top: Double
    let title: String
    let across: (label: String, scale: PlotScale)
    let up: (label: String, scale: PlotScale)

    static let width = 430.0
    static let height = 400.0
    private static let margins = (left: 66.0, top: 30.0, right: 14.0, bottom: 46.0)
    private static let grid = "#dddddd"
    private static let frame = "#555555"

    private var box: (left: Double, top: Double, right: Double, bottom: Double) {
        (
            left + Self.margins.left, top + Self.margins.top,
            left + Self.width - Self.margins.right, top + Self.height - Self.margins.bottom
        )
    }

    /// Where a pair of values is drawn.
    func position(_ x: Double, _ y: Double) -> (x: Double, y: Double) {
        let box = box
        return (
            box.left + across.scale.share(of: x) * (box.right - box.left),
            box.bottom - up.scale.share(of: y) * (box.bottom - box.top)
        )
    }

    /// Draws grid, ticks, frame, labels and title.
    func drawAxes(in svg: inout SVGText) {
        let box = box
        for tick in across.scale.ticks {
            let x = box.left + across.scale.share(of: tick.value) * (box.right - box.left)
            svg.line(x, box.top, x, box.bottom, colour: Self.grid)
            svg.line(x, box.bottom, x, box.bottom + 4, colour: Self.frame)
            svg.text(tick.label, x, box.bottom + 16, anchor: .middle)
        }
        for tick in up.scale.ticks {
            let y = box.bottom - up.scale.share(of: tick.value) * (box.bottom - box.top)
            svg.line(box.left, y, box.right, y, colour: Self.grid)
            svg.line(box.left - 4, y, box.left, y, colour: Self.frame)
            svg.text(tick.label, box.left - 7, y + 4, anchor: .end)
        }
        let corners = [
            (box.left, box.top), (box.right, box.top), (box.right, box.bottom),
            (box.left, box.bottom), (box.left, box.top),
        ]
        for (from, to) in zip(corners, corners.dropFirst()) {
            svg.line(from.0, from.1, to.0, to.1, colour: Self.frame)
        }
        let middle = (x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2)
        svg.text(across.label, middle.x, box.bottom + 36, anchor: .middle)
        svg.text(up.label, left + 14, middle.y, anchor: .middle, isTurned: true)
        svg.text(title, middle.x, box.top - 10, anchor: .middle, isBold: true)
    }
}
