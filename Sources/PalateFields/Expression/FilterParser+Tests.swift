import PalateModel

/// Tests of one field, and of ids.
extension FilterParser {
    mutating func test() throws(FilterExpressionError) -> Filter {
        if try takeWord("all") { return .all }
        if try takeWord("exists") { return .field(try field().id, .exists) }
        if try takeWord("near") { return try near() }
        if try takeWord("inside") { return try inside() }
        if try takeWord("id") { return try items() }
        let field = try field()
        guard field.type != .geo else {
            throw unexpected(
                "near(…), inside(…) or exists around \(field.name), which is \(field.type.name)"
            )
        }
        if try takeWord("in") { return FilterValues.among(try list(field), field) }
        if try takeWord("not") {
            guard try takeWord("in") else { throw unexpected("in") }
            return .not(FilterValues.among(try list(field), field))
        }
        guard case .symbol(let symbol) = token, let comparison = FilterComparison(rawValue: symbol)
        else {
            guard field.type == .bool else { throw unexpected("a comparison or in") }
            return .field(field.id, .bool(true))
        }
        guard comparison.suits(field.type) else {
            throw error("\(field.name) is \(field.type.name): values have no order", at: place)
        }
        try advance()
        return FilterValues.comparing(field, comparison, try value(field))
    }

    // MARK: Values

    private mutating func value(
        _ field: FieldDeclaration
    ) throws(FilterExpressionError) -> FieldValue {
        guard let value = FilterValues.value(of: token, for: field.type) else {
            let expected = FilterValues.expectation(field.type)
            throw unexpected("a value for \(field.name), which is \(field.type.name): \(expected)")
        }
        try advance()
        return value
    }

    private mutating func list(
        _ field: FieldDeclaration
    ) throws(FilterExpressionError) -> [FieldValue] {
        try expect("[")
        var values: [FieldValue] = []
        if try take("]") { return values }
        repeat { values.append(try value(field)) } while try take(",")
        guard try take("]") else { throw unexpected("\",\" or \"]\"") }
        return values
    }

    // MARK: Items

    private mutating func items() throws(FilterExpressionError) -> Filter {
        if try take("=") { return .items([try item()]) }
        if try take("!=") { return .not(.items([try item()])) }
        let isNegated = try takeWord("not")
        guard try takeWord("in") else { throw unexpected(isNegated ? "in" : "=, !=, in or not in") }
        try expect("[")
        var items: [ItemID] = []
        if try !take("]") {
            repeat { items.append(try item()) } while try take(",")
            guard try take("]") else { throw unexpected("\",\" or \"]\"") }
        }
        let filter = items.isEmpty ? .or([]) : Filter.items(items)
        return isNegated ? .not(filter) : filter
    }

    private mutating func item() throws(FilterExpressionError) -> ItemID {
        guard case .number(let text) = token,
            let item = DecimalLiteral(text)?.whole(as: ItemID.self)
        else { throw unexpected("an item's id") }
        try advance()
        return item
    }

    // MARK: Places

    private mutating func near() throws(FilterExpressionError) -> Filter {
        try expect("(")
        let field = try geoField()
        try expect(",")
        let place = place
        let latitude = try degrees()
        try expect(",")
        let longitude = try degrees()
        try expect(",")
        let meters = try meters()
        try expect(")")
        let centre = GeoPoint(latitude: latitude, longitude: longitude)
        guard centre.isValid else {
            throw error(
                "the place is not on the globe: expected a latitude of -90 to 90 and a longitude "
                    + "of -180 to 180",
                at: place
            )
        }
        return .field(field.id, .within(meters: meters, of: centre))
    }

    private mutating func inside() throws(FilterExpressionError) -> Filter {
        try expect("(")
        let field = try geoField()
        try expect(",")
        let place = place
        let south = try degrees()
        try expect(",")
        let west = try degrees()
        try expect(",")
        let north = try degrees()
        try expect(",")
        let east = try degrees()
        try expect(")")
        let box = GeoBox(south: south, north: north, west: west, east: east)
        guard box.isValid else {
            throw error(
                "the box is not on the globe: expected south, west, north and east, south not "
                    + "above north",
                at: place
            )
        }
        return .field(field.id, .box(box))
    }

    private mutating func geoField() throws(FilterExpressionError) -> FieldDeclaration {
        let place = place
        let field = try field()
        guard field.type == .geo else {
            throw error("\(field.name) is \(field.type.name), expected geo", at: place)
        }
        return field
    }

    private mutating func degrees() throws(FilterExpressionError) -> Double {
        guard case .number(let text) = token, let value = DecimalLiteral(text)?.float else {
            throw unexpected("degrees")
        }
        try advance()
        return value
    }

    private mutating func meters() throws(FilterExpressionError) -> Double {
        let expected = "a distance such as 500m or 3km"
        guard case .number(let text) = token else { throw unexpected(expected) }
        let (digits, unit): (Substring, Double) =
            text.hasSuffix("km")
            ? (text.dropLast(2), 1_000)
            : text.hasSuffix("m") ? (text.dropLast(), 1) : (text[...], 1)
        guard let value = DecimalLiteral(digits)?.float, value >= 0, (value * unit).isFinite else {
            throw unexpected(expected)
        }
        try advance()
        return value * unit
    }
}
