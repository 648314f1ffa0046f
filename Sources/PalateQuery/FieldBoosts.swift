import PalateFields
import PalateIndex
import PalateModel

/// What values of fields add to the scores of candidates.
enum FieldBoosts {
    /// Refuses boosts by fields that have no distances.
    static func check(
        _ boosts: [FieldBoost],
        in collection: Collection
    ) throws(RequestError) {
        guard !boosts.isEmpty else { return }
        try collection.fields.read { table throws(RequestError) in
            for boost in boosts {
                try boost.check()
                let type = Swift.type(of: try table.column(boost.field)).type
                let suits =
                    switch type {
                    case .integer, .float: boost.origin != nil || boost.curve == .value
                    case .time: boost.curve != .value
                    case .geo: boost.place != nil && boost.curve != .value
                    case .keyword, .keywordSet, .bool: false
                    }
                guard suits else {
                    let name = table.declarations.first { $0.id == boost.field }?.name ?? ""
                    throw .wrongFieldType(
                        name: name,
                        got: "\(boost.curve.name) boost",
                        expected: type.name
                    )
                }
            }
        }
    }

    /// The sum of all boosts for each row; 0 without a value.
    ///
    /// - Parameters:
    ///   - boosts: checked.
    ///   - rows: shape [n].
    ///   - collection: whose fields.
    ///   - now: milliseconds since 1970 UTC.
    /// - Returns: shape [n].
    static func values(
        _ boosts: [FieldBoost],
        of rows: some Swift.Collection<Ordinal>,
        in collection: Collection,
        now: Int64
    ) -> [Float] {
        var sums = [Float](repeating: 0, count: rows.count)
        collection.fields.read { table in
            for boost in boosts {
                guard let column = try? table.column(boost.field) else { continue }
                for (index, row) in rows.enumerated() {
                    guard let value = column.value(of: row) else { continue }
                    sums[index] += boost.value(of: value, now: now)
                }
            }
        }
        return sums
    }
}

extension FieldBoost {
    /// What one value gets.
    fileprivate func value(of value: FieldValue, now: Int64) -> Float {
        let number: Double
        switch value {
        case .integer(let whole): number = Double(whole)
        case .float(let fraction): number = fraction
        case .geo(let point):
            return place.map { self.value(atDistance: Globe.meters(from: $0, to: point)) } ?? 0
        case .keyword, .keywords, .bool: return 0
        }
        if curve == .value { return self.value(atDistance: number) }
        return self.value(atDistance: abs(number - (origin ?? Double(now))))
    }
}
