// Filters as Swift expressions: `price < 40 && ships.isOne(of: ["br", "pt"]) && !(seller == 17)`,
// where `price`, `ships` and `seller` are declarations as the server listed them.

extension FieldDeclaration {
    /// Items with a value.
    public var exists: Filter { .field(id, .exists) }

    /// Items whose keyword, or one of whose keywords, is one of these.
    public func isOne(of texts: [String]) -> Filter { .field(id, .keywords(texts)) }

    /// Items whose number or time is one of these.
    public func isOne(of numbers: [Int64]) -> Filter { .field(id, .integers(numbers)) }

    /// Items whose number or time is within the bounds.
    public func isIn(_ range: ClosedRange<Int64>) -> Filter { .field(id, .integerRange(range)) }

    /// Items whose number is within the bounds.
    public func isIn(_ range: ClosedRange<Double>) -> Filter { .field(id, .floatRange(range)) }

    /// Items in the box.
    public func isIn(_ box: GeoBox) -> Filter { .field(id, .box(box)) }

    /// Items at most so far from a place.
    public func isWithin(meters: Double, of place: GeoPoint) -> Filter {
        .field(id, .within(meters: meters, of: place))
    }

    /// Items whose keyword, or one of whose keywords, is this.
    public static func == (field: FieldDeclaration, text: String) -> Filter {
        field.isOne(of: [text])
    }

    /// Items whose value is true, or is false.
    public static func == (field: FieldDeclaration, value: Bool) -> Filter {
        .field(field.id, .bool(value))
    }

    /// Items whose number is this: of an integer or time field where it is whole, else of a float.
    public static func == (field: FieldDeclaration, number: Double) -> Filter {
        field.compares(from: number, to: number)
    }

    /// Items whose number is below this.
    public static func < (field: FieldDeclaration, number: Double) -> Filter {
        field.isWhole
            ? field.compares(from: -.infinity, to: number.rounded(.up) - 1)
            : field.compares(from: -.infinity, to: number.nextDown)
    }

    /// Items whose number is at most this.
    public static func <= (field: FieldDeclaration, number: Double) -> Filter {
        field.compares(from: -.infinity, to: number)
    }

    /// Items whose number is above this.
    public static func > (field: FieldDeclaration, number: Double) -> Filter {
        field.isWhole
            ? field.compares(from: number.rounded(.down) + 1, to: .infinity)
            : field.compares(from: number.nextUp, to: .infinity)
    }

    /// Items whose number is at least this.
    public static func >= (field: FieldDeclaration, number: Double) -> Filter {
        field.compares(from: number, to: .infinity)
    }

    private var isWhole: Bool { type == .integer || type == .time }

    /// Items whose number is within bounds, of whichever type; whole numbers beyond 2^53 belong
    /// into `isIn`.
    private func compares(from lower: Double, to upper: Double) -> Filter {
        guard lower <= upper else { return .or([]) }
        guard isWhole else { return isIn(lower...upper) }
        let first = Int64(exactly: lower.rounded(.up)) ?? (lower < 0 ? .min : .max)
        let last = Int64(exactly: upper.rounded(.down)) ?? (upper < 0 ? .min : .max)
        return first <= last ? isIn(first...last) : .or([])
    }
}

extension Filter {
    /// Items for which both hold.
    public static func && (left: Filter, right: Filter) -> Filter {
        .and(left.conjuncts + right.conjuncts)
    }

    /// Items for which at least one holds.
    public static func || (left: Filter, right: Filter) -> Filter {
        .or(left.alternatives + right.alternatives)
    }

    /// Items for which it does not hold.
    public static prefix func ! (filter: Filter) -> Filter { .not(filter) }

    // Taken apart, since nesting is limited.

    private var conjuncts: [Filter] {
        if case .and(let parts) = self { parts } else { [self] }
    }

    private var alternatives: [Filter] {
        if case .or(let parts) = self { parts } else { [self] }
    }
}
