/// A picture as the text of an SVG file: no scripts, no style sheets, nothing fetched.
struct SVGText {
    private var body = ""
    let width: Double
    let height: Double

    /// An empty picture on white.
    init(width: Double, height: Double) {
        self.width = width
        self.height = height
    }

    /// Where a text stands relative to its position.
    enum Anchor: String {
        case start
        case middle
        case end
    }

    /// The whole file.
    var document: String {
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <svg xmlns="http://www.w3.org/2000/svg" \
        width="\(number(width))" height="\(number(height))" \
        viewBox="0 0 \(number(width)) \(number(height))" \
        font-family="Helvetica, Arial, sans-serif" font-size="11">
        <rect width="100%" height="100%" fill="#ffffff"/>
        \(body)</svg>

        """
    }

    /// A straight line.
    mutating func line(
        _ x1: Double,
        _ y1: Double,
        _ x2: Double,
        _ y2: Double,
        colour: String
    ) {
        body += "<line x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" "
        body += "y2=\"\(number(y2))\" stroke=\"\(colour)\"/>\n"
    }

    /// Straight lines from point to point; nothing for fewer than two.
    mutating func path(_ points: [(x: Double, y: Double)], colour: String, isDashed: Bool = false) {
        guard points.count > 1 else { return }
        let places = points.map { "\(number($0.x)),\(number($0.y))" }.joined(separator: " ")
        body += "<polyline points=\"\(places)\" fill=\"none\" stroke=\"\(colour)\" "
        body += "stroke-width=\"1.5\"\(isDashed ? " stroke-dasharray=\"5 3\"" : "")/>\n"
    }

    /// A closed shape around a position.
    mutating func mark(
        _ shape: MarkShape,
        _ x: Double,
        _ y: Double,
        radius: Double,
        colour: String,
        isFilled: Bool
    ) {
        let paint = "fill=\"\(isFilled ? colour : "#ffffff")\" stroke=\"\(colour)\"/>\n"
        guard !shape.corners.isEmpty else {
            body += "<circle cx=\"\(number(x))\" cy=\"\(number(y))\" r=\"\(number(radius))\" "
            body += paint
            return
        }
        let places = shape.corners.map { corner in
            "\(number(x + radius * corner.x)),\(number(y + radius * corner.y))"
        }
        body += "<polygon points=\"\(places.joined(separator: " "))\" " + paint
    }

    /// A line of text, its base line at `y`; turned by a quarter to the left where asked.
    mutating func text(
        _ text: String,
        _ x: Double,
        _ y: Double,
        anchor: Anchor = .start,
        isBold: Bool = false,
        isTurned: Bool = false
    ) {
        let turn = isTurned ? " transform=\"rotate(-90 \(number(x)) \(number(y)))\"" : ""
        let weight = isBold ? " font-weight=\"bold\"" : ""
        body += "<text x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor.rawValue)\""
        body += "\(weight)\(turn) fill=\"#222222\">\(Self.escaped(text))</text>\n"
    }

    /// Text that XML takes as it was meant; characters that XML 1.0 has no place for are left out.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\t", "\n", "\r": result.unicodeScalars.append(scalar)
            case "\u{fffe}", "\u{ffff}": break
            default: if scalar.value >= 0x20 { result.unicodeScalars.append(scalar) }
            }
        }
        return result
    }

    private func number(_ value: Double) -> String { Numbers.plain(value, digits: 2) }
}

/// Shapes of marks, so that lines can be told apart without their colours.
enum MarkShape: CaseIterable {
    case circle
    case square
    case diamond
    case triangle
    case cross

    /// Corners around the middle, within 1.2 of it; none for the circle.
    var corners: [(x: Double, y: Double)] {
        switch self {
        case .circle: []
        case .square: [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]
        case .diamond: [(0, -1.2), (1.2, 0), (0, 1.2), (-1.2, 0)]
        case .triangle: [(0, -1.1), (1.1, 0.9), (-1.1, 0.9)]
        case .cross:
            [
                (-0.4, -1.1), (0.4, -1.1), (0.4, -0.4), (1.1, -0.4), (1.1, 0.4), (0.4, 0.4),
                (0.4, 1.1), (-0.4, 1.1), (-0.4, 0.4), (-1.1, 0.4), (-1.1, -0.4), (-0.4, -0.4),
            ]
        }
    }
}
