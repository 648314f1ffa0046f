import PalateFields
import PalateModel
import TestKit

/// Filters over the fields of `FilteredTable`, in every form that a caller may send, and their
/// naive meaning.
struct RandomFilters {
    /// Texts that a quoting may get wrong, beside those that rows have.
    static let oddTexts = [
        "", "\\", "\"", "'", "`", "\r\n", "\n", "\u{0}", "\u{301}x", "x\u{301}", "\u{600}", "🦊",
        "\u{2028}", "in", "1_000", "a\\\"b",
    ]

    private(set) var generator: SeededGenerator
    private let hasOddTexts: Bool

    init(seed: UInt64, hasOddTexts: Bool = false) {
        generator = SeededGenerator(seed: seed)
        self.hasOddTexts = hasOddTexts
    }

    mutating func filter(depth: Int = 3) -> Filter {
        switch depth == 0 ? 9 : draw(10) {
        case 0, 1: .and(filters(depth: depth))
        case 2, 3: .or(filters(depth: depth))
        case 4: .not(filter(depth: depth - 1))
        case 5: .not(.not(filter(depth: depth - 1)))
        default: test()
        }
    }

    private mutating func filters(depth: Int) -> [Filter] {
        (0..<draw(4)).map { _ in filter(depth: depth - 1) }
    }

    mutating func draw(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }

    // MARK: Tests

    private mutating func test() -> Filter {
        switch draw(20) {
        case 0: return .all
        case 1: return .items((0..<draw(4)).map { _ in ItemID(draw(100)) })
        default: break
        }
        let field = FilteredTable.fields[draw(FilteredTable.fields.count)]
        if draw(10) == 0 { return .field(field.id, .exists) }
        return .field(field.id, test(of: field.type))
    }

    private mutating func test(of type: FieldType) -> FieldTest {
        switch type {
        case .keyword, .keywordSet: return .keywords((0..<draw(4)).map { _ in text() })
        case .integer, .time:
            if draw(2) == 0 { return .integers((0..<draw(4)).map { _ in whole() }) }
            let (one, other) = (whole(), whole())
            return .integerRange(min(one, other)...max(one, other))
        case .float:
            let (one, other) = (number(), number())
            return .floatRange(min(one, other)...max(one, other))
        case .bool: return .bool(draw(2) == 0)
        case .geo:
            let (one, other) = (place(), place())
            if draw(2) == 0 {
                let meters = Double.random(in: 0...6_000_000, using: &generator)
                return .within(meters: draw(2) == 0 ? meters : meters.rounded(), of: one)
            }
            return .box(
                GeoBox(
                    south: min(one.latitude, other.latitude),
                    north: max(one.latitude, other.latitude),
                    west: one.longitude,
                    east: other.longitude
                )
            )
        }
    }

    private mutating func text() -> String {
        hasOddTexts && draw(2) == 0
            ? Self.oddTexts[draw(Self.oddTexts.count)]
            : FilteredTable.words[draw(FilteredTable.words.count)]
    }

    private mutating func whole() -> Int64 {
        switch draw(8) {
        case 0: .min
        case 1: .max
        case 2: Int64(truncatingIfNeeded: generator.next())
        case 3: Int64.random(in: -1_000...1_000, using: &generator)
        default: Int64.random(in: -2...2, using: &generator)
        }
    }

    private mutating func number() -> Double {
        switch draw(10) {
        case 0: -.infinity
        case 1: .infinity
        case 2: Double.greatestFiniteMagnitude * (draw(2) == 0 ? 1 : -1)
        case 3: Double.leastNonzeroMagnitude * (draw(2) == 0 ? 1 : -1)
        case 4: Double.random(in: -1e20...1e20, using: &generator)
        case 5: (Double(draw(20)) / 4).nextDown
        default: Double(draw(20)) / 4 - 2
        }
    }

    private mutating func place() -> GeoPoint {
        let latitude = Double.random(in: -90...90, using: &generator)
        let longitude = Double.random(in: -180...180, using: &generator)
        return draw(2) == 0
            ? GeoPoint(latitude: latitude, longitude: longitude)
            : GeoPoint(latitude: latitude.rounded(), longitude: longitude.rounded())
    }

    // MARK: Meaning

    /// Whether a filter holds for a row, whose item has the row's number.
    static func holds(_ filter: Filter, _ row: Ordinal, _ values: [FieldID: FieldValue]) -> Bool {
        switch filter {
        case .all: true
        case .items(let items): items.contains(ItemID(row))
        case .and(let parts): parts.allSatisfy { holds($0, row, values) }
        case .or(let parts): parts.contains { holds($0, row, values) }
        case .not(let part): !holds(part, row, values)
        case .field(let id, let test): values[id].map { passes($0, test) } ?? false
        }
    }

    private static func passes(_ value: FieldValue, _ test: FieldTest) -> Bool {
        switch (test, value) {
        case (.exists, _): true
        case (.keywords(let wanted), .keyword(let text)): wanted.contains(text)
        case (.keywords(let wanted), .keywords(let texts)): texts.contains { wanted.contains($0) }
        case (.integers(let wanted), .integer(let number)): wanted.contains(number)
        case (.integerRange(let range), .integer(let number)): range.contains(number)
        case (.floatRange(let range), .float(let number)): range.contains(number)
        case (.bool(let wanted), .bool(let isTrue)): wanted == isTrue
        case (.within(let meters, let centre), .geo(let point)):
            Globe.meters(from: centre, to: point) <= meters
        case (.box(let box), .geo(let point)):
            (box.south...box.north).contains(point.latitude)
                && (box.west <= box.east
                    ? box.west <= point.longitude && point.longitude <= box.east
                    : box.west <= point.longitude || point.longitude <= box.east)
        default: false
        }
    }
}
