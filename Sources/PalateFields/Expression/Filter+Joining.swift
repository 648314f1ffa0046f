import PalateModel

extension Filter {
    /// Items for which all hold: without an `and` within the `and`, and with two bounds of a field
    /// that stand side by side as one range.
    ///
    /// A field that has bounds has one value, so that both bounds are of the same.
    static func joined(allOf parts: [Filter]) -> Filter {
        var flat: [Filter] = []
        for part in parts {
            let inner = if case .and(let inner) = part { inner } else { [part] }
            for part in inner {
                if let range = flat.last.flatMap({ $0.bounded(by: part) }) {
                    flat[flat.count - 1] = range
                } else {
                    flat.append(part)
                }
            }
        }
        return flat.count == 1 ? flat[0] : .and(flat)
    }

    /// Items for which at least one holds: without an `or` within the `or`.
    static func joined(anyOf parts: [Filter]) -> Filter {
        let flat = parts.flatMap { if case .or(let inner) = $0 { inner } else { [$0] } }
        return flat.count == 1 ? flat[0] : .or(flat)
    }

    /// The range between this, a bound from below alone, and `upper`, one from above alone.
    private func bounded(by upper: Filter) -> Filter? {
        switch (self, upper) {
        case (.field(let one, .integerRange(let low)), .field(let other, .integerRange(let high))):
            guard one == other, low.lowerBound > .min, low.upperBound == .max,
                high.lowerBound == .min, high.upperBound < .max, low.lowerBound <= high.upperBound
            else { return nil }
            return .field(one, .integerRange(low.lowerBound...high.upperBound))
        case (.field(let one, .floatRange(let low)), .field(let other, .floatRange(let high))):
            guard one == other, low.lowerBound > -.infinity, low.upperBound == .infinity,
                high.lowerBound == -.infinity, high.upperBound < .infinity,
                low.lowerBound <= high.upperBound
            else { return nil }
            return .field(one, .floatRange(low.lowerBound...high.upperBound))
        default: return nil
        }
    }
}
