import PalateModel

/// Writes filters as expressions, each part between parentheses only where it would not hold
/// together without.
struct FilterPrinter {
    let fields: [FieldDeclaration]

    /// What binds a part to its neighbours, from the loosest on.
    private enum Level: Int {
        case or
        case and
        case not
    }

    func text(_ filter: Filter) -> String { text(filter, .or) }

    private func text(_ filter: Filter, _ level: Level) -> String {
        switch filter {
        case .all, .and([]): return "all"
        case .or([]): return "id in []"
        case .items(let items): return "id" + among(items.map { "\($0)" })
        case .field(let id, let test): return self.test(test, id, level)
        case .not(let part): return negated(part)
        case .and(let parts):
            if parts.count == 1 { return text(parts[0], level) }
            return grouped(parts.map { text($0, holdsTogether($0) ? .and : .not) }, .and, level)
        case .or(let parts):
            if parts.count == 1 { return text(parts[0], level) }
            return grouped(parts.map { text($0, .and) }, .or, level)
        }
    }

    /// Whether bounds that it is written as are joined again where they stand within an `and`.
    private func holdsTogether(_ part: Filter) -> Bool {
        if case .field = part { true } else { false }
    }

    private func grouped(_ parts: [String], _ operation: Level, _ level: Level) -> String {
        let joined = parts.joined(separator: operation == .and ? " and " : " or ")
        return level.rawValue > operation.rawValue ? "(\(joined))" : joined
    }

    private func negated(_ part: Filter) -> String {
        switch part {
        case .items(let items): return "id" + among(items.map { "\($0)" }, isNegated: true)
        case .field(let id, .keywords(let texts)):
            return name(id) + among(texts.map(Self.quoted), isNegated: true)
        case .field(let id, .integers(let numbers)):
            return name(id) + among(numbers.map { whole($0, id) }, isNegated: true)
        case .field(let id, .floatRange(let range)) where range.lowerBound == range.upperBound:
            return "\(name(id)) != \(Self.float(range.lowerBound))"
        default: return "not " + text(part, .not)
        }
    }

    // MARK: Tests

    private func test(_ test: FieldTest, _ id: FieldID, _ level: Level) -> String {
        let name = name(id)
        switch test {
        case .exists: return "exists \(name)"
        case .keywords(let texts): return name + among(texts.map(Self.quoted))
        case .integers(let numbers): return name + among(numbers.map { whole($0, id) })
        case .integerRange(let range):
            var bounds: [String] = []
            if range.lowerBound > .min || range.upperBound == .max {
                bounds.append("\(name) >= \(whole(range.lowerBound, id))")
            }
            if range.upperBound < .max {
                bounds.append("\(name) <= \(whole(range.upperBound, id))")
            }
            return grouped(bounds, bounds.count > 1 ? .and : .not, level)
        case .floatRange(let range) where range.lowerBound == range.upperBound:
            return "\(name) = \(Self.float(range.lowerBound))"
        case .floatRange(let range):
            let bounds = floatBounds(range).map { "\(name) \($0)" }
            return grouped(bounds, bounds.count > 1 ? .and : .not, level)
        case .bool(true): return name
        case .bool(false): return "\(name) = false"
        case .box(let box):
            let sides = [box.south, box.west, box.north, box.east].map(Self.float)
            return "inside(\(name), \(sides.joined(separator: ", ")))"
        case .within(let meters, let centre):
            let degrees = [centre.latitude, centre.longitude].map(Self.float)
            return "near(\(name), \(degrees.joined(separator: ", ")), \(Self.float(meters))m)"
        }
    }

    private func among(_ values: [String], isNegated: Bool = false) -> String {
        guard values.count == 1 else {
            return "\(isNegated ? " not" : "") in [\(values.joined(separator: ", "))]"
        }
        return " \(isNegated ? "!=" : "=") \(values[0])"
    }

    /// The bounds of more than one number; `< 40` where `<= 39.99999999999999` would be said.
    private func floatBounds(_ range: ClosedRange<Double>) -> [String] {
        var bounds: [String] = []
        if range.lowerBound > -.infinity || range.upperBound == .infinity {
            let (at, above) = (range.lowerBound, range.lowerBound.nextDown)
            let isStrict = Self.float(above).utf8.count < Self.float(at).utf8.count
            bounds.append(isStrict ? "> \(Self.float(above))" : ">= \(Self.float(at))")
        }
        if range.upperBound < .infinity {
            let (at, below) = (range.upperBound, range.upperBound.nextUp)
            let isStrict = Self.float(below).utf8.count < Self.float(at).utf8.count
            bounds.append(isStrict ? "< \(Self.float(below))" : "<= \(Self.float(at))")
        }
        return bounds
    }

    // MARK: Words

    private func name(_ id: FieldID) -> String {
        guard let field = fields.first(where: { $0.id == id }) else { return "`#\(id)`" }
        let isWord =
            field.name.unicodeScalars.first.map { $0.properties.isAlphabetic || $0 == "_" } ?? false
        let isPlain = field.name.unicodeScalars.allSatisfy {
            $0.properties.isIDContinue || $0 == "." || $0 == "-"
        }
        guard isWord, isPlain, !FilterExpression.operators.contains(field.name.lowercased()) else {
            return Self.quoted(field.name, by: "`")
        }
        return field.name
    }

    private func whole(_ number: Int64, _ id: FieldID) -> String {
        let isTime = fields.contains { $0.id == id && $0.type == .time }
        let time = isTime ? Timestamp.text(number) : nil
        return time.map { "\"\($0)\"" } ?? "\(number)"
    }

    private static func float(_ number: Double) -> String {
        let text = "\(number)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    private static func quoted(_ text: String) -> String { quoted(text, by: "\"") }

    private static func quoted(_ text: String, by quote: Unicode.Scalar) -> String {
        var quoted = String(quote)
        for scalar in text.unicodeScalars {
            switch (scalar, scalar.properties.generalCategory) {
            case ("\\", _), (quote, _): quoted += "\\\(scalar)"
            case (_, .control), (_, .lineSeparator), (_, .paragraphSeparator):
                quoted += "\\u{\(String(scalar.value, radix: 16))}"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + String(quote)
    }
}
